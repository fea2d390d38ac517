import { existsSync } from 'node:fs'

import { ConfigError, type FlagValues, type Kind } from '@clymene/model'
import type { StorageSelection } from '@clymene/storages'

import type { agentFlags } from './flags.ts'
import { readConfigFile, type ConfigText } from './read-configs.ts'

export type ConfigTextsOptions = {
  readonly values: FlagValues<Pick<typeof agentFlags, 'config.file' | 'promtail.config.file'>>
  /** Names of the flags that were given. */
  readonly given: ReadonlySet<string>
  readonly selection: StorageSelection
  /** `--config.file` is the log configuration, and there is no other. */
  readonly isPromtail: boolean
}

/** The configurations to read; asked again on a reload. */
export type ConfigTexts = {
  readonly scrape: (() => ConfigText) | undefined
  readonly logs: (() => ConfigText) | undefined
  /** Files that were named and are not read, a line each. */
  readonly warnings: readonly string[]
}

/**
 * Which file is read for which kind: a file that is named, and the scrape configuration also when it is where it is expected.
 *
 * @throws ConfigError when nothing is left to collect.
 */
export function chooseConfigTexts({ values, given, selection, isPromtail }: ConfigTextsOptions): ConfigTexts {
  const warnings: string[] = []
  const choose = (kind: Kind, flagName: 'config.file' | 'promtail.config.file'): (() => ConfigText) | undefined => {
    const path = values[flagName]
    const isNamed = isPromtail || given.has(flagName)
    if (path === '' || !(isNamed || existsSync(path))) return undefined
    const reason = whyNot(kind, selection)
    if (reason === undefined) return () => readConfigFile(flagName, path)
    if (isNamed) warnings.push(`--${flagName} has no effect: ${reason}`)
    return undefined
  }
  const scrape = isPromtail ? undefined : choose('metrics', 'config.file')
  const logs = choose('logs', isPromtail ? 'config.file' : 'promtail.config.file')
  if (scrape !== undefined || logs !== undefined) return { scrape, logs, warnings }
  const scrapeFlag = `--config.file (${JSON.stringify(values['config.file'])} is not there)`
  const expected = isPromtail ? '--config.file' : `${given.has('config.file') ? '--config.file' : scrapeFlag} or --promtail.config.file`
  throw new ConfigError([...warnings, `nothing to collect: expected ${expected} with a file of a kind that is served`])
}

/** Why a kind is not served; undefined when it is. */
function whyNot(kind: Kind, { selected, byKind }: StorageSelection): string | undefined {
  if (byKind.has(kind)) return undefined
  if (selected.some(({ kinds }) => kinds.includes(kind))) return `--signals leaves ${kind} out`
  return `no storage of STORAGE_TYPE=${selected.map(({ name }) => name).join(',')} takes ${kind}`
}
