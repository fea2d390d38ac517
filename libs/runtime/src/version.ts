import { readFileSync } from 'node:fs'

import type { Metrics } from './metrics.ts'

export type Version = { readonly version: string; readonly buildTime: string }

/**
 * What `version` prints and `/version` answers. An image sets CLYMENE_VERSION and CLYMENE_BUILD_TIME when it is built; a
 * checkout gives the version of its package.json.
 */
export function readVersion(env: NodeJS.ProcessEnv = process.env): Version {
  return { version: env['CLYMENE_VERSION'] ?? packageVersion(), buildTime: env['CLYMENE_BUILD_TIME'] ?? '' }
}

/** Says which service of which version serves these metrics. */
export function tellBuild(metrics: Metrics, service: string, { version }: Version): void {
  const build = metrics.gauge('clymene_build_info', 'Always 1; the labels say which service this is, and of which version', [
    'service',
    'version',
  ])
  build.set({ service, version }, 1)
}

function packageVersion(): string {
  try {
    const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown'
  } catch {
    // A bundle has no package.json beside it; whoever built it without CLYMENE_VERSION gets an honest word.
    return 'unknown'
  }
}
