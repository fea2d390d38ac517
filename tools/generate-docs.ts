/**
 * Writes docs/flags.md from the flags that the services declare, and docs/metrics.md from the calls that make own metrics. A test
 * fails when what is committed differs: `npm run docs`.
 */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { flagsPage } from './flags-page.ts'
import { metricsPage, readMetrics } from './metrics-page.ts'

export const root = join(import.meta.dirname, '..')

/** Text of each page by its path, formatted as the repository is. */
export function generate(): ReadonlyMap<string, string> {
  const sources = globSync('{libs,services}/*/src/**/*.ts', { cwd: root })
    .filter((file) => !/\.test\.ts$|test-kit|\/testing\/|\/contract(\/|\.ts$)/.test(file))
    .toSorted()
  const metrics = readMetrics(sources.map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') })))
  return new Map([
    ['docs/flags.md', formatted('docs/flags.md', flagsPage())],
    ['docs/metrics.md', formatted('docs/metrics.md', metricsPage(metrics))],
  ])
}

/** @throws Error when the formatter refuses the text. */
function formatted(path: string, text: string): string {
  const oxfmt = join(root, 'node_modules/oxfmt/bin/oxfmt')
  const { status, stdout, stderr } = spawnSync(process.execPath, [oxfmt, `--stdin-filepath=${path}`], {
    cwd: root,
    input: text,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`oxfmt ${path}: ${stderr}`)
  return stdout
}

if (import.meta.main) for (const [path, text] of generate()) writeFileSync(join(root, path), text)
