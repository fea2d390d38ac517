import { parseArgs } from 'node:util'

import { IMAGE_SERVICES, type ImageService } from '../image-files.ts'
import { ENGINE_NAMES, type EngineName } from './engine-names.ts'

export type ImageOptions = {
  /** What stands before `/clymene-agent:…`: a registry, an organisation or both. */
  readonly registry: string
  readonly tag: string
  readonly push: boolean
  /** Empty is the platform of the engine. */
  readonly platforms: readonly string[]
  /** Undefined is the first that is there. */
  readonly engine: EngineName | undefined
  readonly only: readonly ImageService[]
  readonly dryRun: boolean
  readonly writeKustomization: boolean
}

/** What is wrong with how it was called, a line each. */
export class UsageError extends Error {}

export const PLATFORMS = ['linux/amd64', 'linux/arm64']

const FLAGS = {
  registry: { type: 'string', default: 'bourbonkk' },
  tag: { type: 'string' },
  push: { type: 'boolean', default: false },
  platform: { type: 'string', default: '' },
  engine: { type: 'string' },
  only: { type: 'string', default: '' },
  'dry-run': { type: 'boolean', default: false },
  'write-kustomization': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

export const USAGE = `npm run images -- [flags]: builds the images of this checkout and tags them
  --registry=bourbonkk        what stands before /clymene-agent:…, such as registry.example.com/team
  --tag=VERSION               default: the version of package.json
  --push                      also pushes them; log in with the engine before
  --platform=linux/amd64      one or both of ${PLATFORMS.join(',')}; default: the engine's own
  --engine=docker             one of ${ENGINE_NAMES.join(', ')}; default: the first that works
  --only=agent,gateway        some of ${IMAGE_SERVICES.join(', ')}; default: all
  --dry-run                   prints the commands and the lines of the kustomization, runs and writes nothing
  --write-kustomization       writes registry and tag into k8s/components/images/kustomization.yaml
`

/**
 * The words after `npm run images --`; undefined when help is asked for.
 *
 * @throws UsageError with every mistake
 */
export function readOptions(argv: readonly string[], version: string): ImageOptions | undefined {
  const values = parsed(argv)
  if (values.help) return undefined
  const mistakes: string[] = []
  const registry = values.registry.replace(/\/+$/, '')
  if (!/^[a-z0-9]([\w.-]*)(:\d+)?(\/[a-z0-9][a-z0-9._-]*)*$/.test(registry))
    mistakes.push(
      `--registry=${JSON.stringify(registry)}: expected host[:port][/path] in lower case, without a scheme, such as registry.example.com/team`,
    )
  const tag = values.tag ?? version
  if (!/^\w[\w.-]{0,127}$/.test(tag))
    mistakes.push(`--tag=${JSON.stringify(tag)}: expected letters, digits, _, . and -, at most 128, such as 0.1.0`)
  const platforms = listOf(values.platform)
  for (const one of platforms)
    if (!PLATFORMS.includes(one)) mistakes.push(`--platform=${JSON.stringify(one)}: expected one or both of ${PLATFORMS.join(', ')}`)
  const engine = ENGINE_NAMES.find((name) => name === values.engine)
  if (values.engine !== undefined && engine === undefined)
    mistakes.push(`--engine=${JSON.stringify(values.engine)}: expected one of ${ENGINE_NAMES.join(', ')}`)
  const named = listOf(values.only)
  for (const one of named)
    if (!IMAGE_SERVICES.some((service) => service === one))
      mistakes.push(`--only=${JSON.stringify(one)}: expected some of ${IMAGE_SERVICES.join(', ')}`)
  if (mistakes.length > 0) throw new UsageError(mistakes.join('\n'))
  return {
    registry,
    tag,
    push: values.push,
    platforms,
    engine,
    only: named.length === 0 ? IMAGE_SERVICES : IMAGE_SERVICES.filter((service) => named.includes(service)),
    dryRun: values['dry-run'],
    writeKustomization: values['write-kustomization'],
  }
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: FLAGS }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** Without blanks, repeats and empty ones. */
const listOf = (text: string): readonly string[] => [
  ...new Set(
    text
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  ),
]
