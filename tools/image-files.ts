/**
 * `node tools/image-files.ts <service> <directory>`: what the image of a service has beside Node, in `directory`. The Dockerfiles run it, and
 * so do the tests, which start the services from there.
 *
 *     main.cjs         the service, one file
 *     <package>.cjs    packages that it loads only when it uses them
 *     health.cjs       what HEALTHCHECK runs
 *     bin/<name>       an executable for each name, on the PATH of the image; the first is its ENTRYPOINT
 *     page/            of the all-in-one
 */
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { bundle, bundleFile, bundlePage } from './bundle.ts'

const root = join(import.meta.dirname, '..')

/** The executables of each service's image; the first is its ENTRYPOINT, the others are what the log manifests' `command:` names. */
export const IMAGE_EXECUTABLES = {
  agent: ['clymene-agent', 'promtail'],
  gateway: ['clymene-gateway', 'promtail-gateway'],
  ingester: ['clymene-ingester', 'promtail-ingester'],
  'all-in-one': ['clymene-all-in-one'],
  clymene: ['clymene'],
} as const satisfies Readonly<Record<string, readonly [string, ...(readonly string[])]>>

export type ImageService = keyof typeof IMAGE_EXECUTABLES

export const IMAGE_SERVICES: readonly ImageService[] = ['agent', 'gateway', 'ingester', 'all-in-one', 'clymene']

/** `bourbonkk/clymene-agent`, and `bourbonkk/clymene` for the command line: without registry and tag. */
export const imageName = (service: ImageService): string => `bourbonkk/${IMAGE_EXECUTABLES[service][0]}`

/** Bundles the service as it stands in this checkout and lays the files of its image out in `directory`, which may be missing or empty. */
export async function layOutImage(service: ImageService, directory: string): Promise<void> {
  const project = join(root, 'services', service)
  await mkdir(join(directory, 'bin'), { recursive: true })
  await bundle(project, join(directory, 'main.cjs'))
  if (hasPage(service)) await bundlePage(join(root, 'services/all-in-one/page'), join(directory, 'page'))
  const launcher = launcherOf(service)
  for (const name of IMAGE_EXECUTABLES[service]) await writeFile(join(directory, 'bin', name), launcher, { mode: 0o755 })
  if (service === 'clymene') return
  await bundleFile(join(import.meta.dirname, 'image-health.ts'), join(directory, 'health.cjs'))
  await writeFile(join(directory, 'bin/clymene-health'), healthLauncherOf(service), { mode: 0o755 })
}

/** The command line has all services in it. */
const hasPage = (service: ImageService): boolean => service === 'all-in-one' || service === 'clymene'

const healthLauncherOf = (service: ImageService): string =>
  [
    '#!/usr/bin/env node',
    `require('../health.cjs').checkHealth(${JSON.stringify(IMAGE_EXECUTABLES[service][0])}).then((status) => process.exit(status))`,
    '',
  ].join('\n')

const SMALL_YOUNG_SPACE = `require('node:v8').setFlagsFromString('--semi-space-growth-factor=1')`

/** The name under which it is called reaches the bundle as the program's name, and decides there. */
function launcherOf(service: ImageService): string {
  return [
    '#!/usr/bin/env node',
    `process.env.CLYMENE_VERSION ??= ${JSON.stringify(version())}`,
    // What is young stays small in V8: 50 to 80 MB less (docs/performance.md). It has to be said before anything is loaded.
    ...(['gateway', 'ingester', 'agent'].includes(service) ? [SMALL_YOUNG_SPACE] : []),
    // As bin/clymene.mjs does in a checkout.
    ...(service === 'clymene'
      ? [`if (/^(?:promtail-)?(?:gateway|ingester|agent)$/.test(process.argv[2] ?? '')) ${SMALL_YOUNG_SPACE}`]
      : []),
    ...(hasPage(service) ? [`process.env.CLYMENE_PAGE_DIR ??= require('node:path').join(__dirname, '../page')`] : []),
    `require('../main.cjs')`,
    '',
  ].join('\n')
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  if (typeof manifest !== 'object' || manifest === null || !('version' in manifest)) throw new Error('package.json has no version')
  return String(manifest.version)
}

if (import.meta.main) {
  const [name, directory] = process.argv.slice(2)
  const service = IMAGE_SERVICES.find((one) => one === name)
  if (service === undefined || directory === undefined)
    throw new Error(`expected one of ${IMAGE_SERVICES.join(', ')} and the folder to write, found ${JSON.stringify(process.argv.slice(2))}`)
  await layOutImage(service, directory)
}
