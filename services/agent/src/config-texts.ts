import { existsSync } from 'node:fs'

import { ConfigError, type FlagValues, type Kind } from '@clymene/model'
import type { eventFlags } from '@clymene/sources'
import type { StorageSelection } from '@clymene/storages'

import { builtInLogs, builtInStdin } from './built-in-logs.ts'
import { collectsEvents } from './event-collection.ts'
import type { agentFlags, bufferFlags, promtailFlags } from './flags.ts'
import { readConfigFile, type ConfigText } from './read-configs.ts'

type Values = FlagValues<
  Pick<typeof agentFlags, 'config.file' | 'promtail.config.file'> &
    Pick<typeof bufferFlags, 'buffer.dir'> &
    Pick<typeof promtailFlags, 'logs.pods' | 'logs.stdin'> &
    Pick<typeof eventFlags, 'events.kubernetes' | 'events.terminations'>
>

export type ConfigTextsOptions = {
  readonly values: Values
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
  /** Whether events are collected, which needs no file. */
  readonly events?: boolean
  /** What was asked for and is not read, a line each. */
  readonly warnings: readonly string[]
}

const BUILT_IN_NOTE =
  'no --config.file: the pods of this node are collected by the built-in log configuration; --logs.pods says that this is meant'

type Choice = { readonly flagName: string; readonly isAsked: boolean; readonly read: () => ConfigText }

/**
 * What is read for which kind: a file that is named, or is where it is expected; for logs also the built-in configuration.
 *
 * @throws ConfigError when nothing is left to collect.
 */
export function chooseConfigTexts(options: ConfigTextsOptions): ConfigTexts {
  const { values, given, selection, isPromtail } = options
  const warnings: string[] = []
  const choose = (kind: Kind, choice: Choice | undefined): (() => ConfigText) | undefined => {
    const reason = choice && whyNot(kind, selection)
    if (choice?.isAsked === true && reason !== undefined) warnings.push(`--${choice.flagName} has no effect: ${reason}`)
    return reason === undefined ? choice?.read : undefined
  }
  const scrape = isPromtail ? undefined : choose('metrics', choiceOfFile('config.file', options))
  const logsFlag = isPromtail ? 'config.file' : 'promtail.config.file'
  const logsFile = choiceOfFile(logsFlag, options)
  if (logsFile !== undefined && values['logs.pods'])
    warnings.push(`--logs.pods has no effect: --${logsFlag}=${JSON.stringify(values[logsFlag])} says what is collected`)
  const logs = choose('logs', logsFile ?? choiceOfBuiltIn(options))
  // A file that was forgotten looks the same.
  if (logs !== undefined && logsFile === undefined && !values['logs.pods'] && !values['logs.stdin']) warnings.push(BUILT_IN_NOTE)
  const eventsRefused = collectsEvents(values) ? whyNot('logs', selection) : undefined
  if (eventsRefused !== undefined) warnings.push(`--events.kubernetes and --events.terminations have no effect: ${eventsRefused}`)
  const events = collectsEvents(values) && eventsRefused === undefined
  if (scrape !== undefined || logs !== undefined || events) return { scrape, logs, warnings, ...(events ? { events } : {}) }
  const scrapeFlag = `--config.file (${JSON.stringify(values['config.file'])} is not there)`
  const ways = isPromtail ? ['--config.file'] : [given.has('config.file') ? '--config.file' : scrapeFlag, '--promtail.config.file']
  throw new ConfigError([
    ...warnings,
    `nothing to collect: expected ${ways.join(' or ')} with a file of a kind that is served, --logs.pods or --events.kubernetes`,
  ])
}

/** A file that is named has to be there. */
function choiceOfFile(flagName: 'config.file' | 'promtail.config.file', { values, given }: ConfigTextsOptions): Choice | undefined {
  const path = values[flagName]
  const isAsked = given.has(flagName)
  if (path === '' || !(isAsked || existsSync(path))) return undefined
  return { flagName, isAsked, read: () => readConfigFile(flagName, path) }
}

function choiceOfBuiltIn({ values, isPromtail }: ConfigTextsOptions): Choice | undefined {
  if (values['logs.stdin']) return { flagName: 'logs.stdin', isAsked: true, read: builtInStdin }
  const isAsked = values['logs.pods']
  return isAsked || (isPromtail && !collectsEvents(values))
    ? { flagName: 'logs.pods', isAsked, read: () => builtInLogs(values) }
    : undefined
}

/** Why a kind is not served; undefined when it is. */
function whyNot(kind: Kind, { selected, byKind }: StorageSelection): string | undefined {
  if (byKind.has(kind)) return undefined
  if (selected.some(({ kinds }) => kinds.includes(kind))) return `--signals leaves ${kind} out`
  return `no storage of STORAGE_TYPE=${selected.map(({ name }) => name).join(',')} takes ${kind}`
}
