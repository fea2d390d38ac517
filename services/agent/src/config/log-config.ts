import type { DiscoveryContext } from '@clymene/discovery'
import type { FileJob } from '@clymene/sources'

import { expandEnvironment } from './expand-environment.ts'
import { readJobNames } from './job-names.ts'
import { clientNotes } from './log-clients.ts'
import { readLogJob } from './log-job.ts'
import { readLogSettings, type ReadingSettings } from './log-settings.ts'
import { openYaml, type Section } from './section.ts'

/** What a log configuration is read with. */
export type LogContext = DiscoveryContext & {
  /** Pods of a `kubernetes_sd_configs` are asked for of this node only; absent: of all nodes. */
  readonly ownNode?: string
  /** Where that node is said, for when it has no pod. */
  readonly ownNodeHint?: string
  /** Targets with one of these as their `__meta_kubernetes_namespace` are left out, whatever found them. */
  readonly excludedNamespaces?: readonly string[]
  /** Variables that are put into the text before it is read; absent: it is read as it is. */
  readonly expandFrom?: NodeJS.ProcessEnv
}

export type LogConfig = {
  readonly positionsPath: string
  /** How often targets are looked at anew. */
  readonly refreshMs: number
  readonly jobs: readonly FileJob[]
  /** What the file says about the way files are read: it goes before the flags. */
  readonly reading: ReadingSettings
  readonly warnings: readonly string[]
  readonly jobsWithoutCluster: readonly string[]
  /** A line a job. */
  readonly summary: readonly string[]
}

/** Sections of Promtail that an agent has no use for, and why. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  tracing: 'has no effect: the agent sends no traces',
  wal: 'has no effect: the files are the buffer, and a position moves only when a storage has the lines',
  options: 'has no effect: clymene_agent_file_stream_lag_seconds has the labels job and filename',
}

/**
 * Reads a configuration of Promtail. Where lines go is said by STORAGE_TYPE, not by `clients`.
 *
 * @param mistakes gets every mistake with file and line; what is returned is usable only when none was added.
 * @throws ConfigError when the text is no YAML map.
 */
export function readLogConfig(text: string, path: string, context: LogContext, mistakes: string[]): LogConfig {
  const warnings: string[] = []
  const { expandFrom } = context
  const expanded = expandFrom === undefined ? text : expandEnvironment({ text, path }, expandFrom, { mistakes, warnings })
  const root = openYaml(expanded, path, mistakes)
  warnings.push(...clientNotes(root, path), ...sectionNotes(root))
  const { stdin, ...settings } = readLogSettings(root, warnings)
  if (stdin) root.section('target_config')?.mistake('stdin', 'is not supported yet')
  const sections = root.sections('scrape_configs')
  const names = readJobNames(sections, path)
  const jobs = sections.map((section, index) => readLogJob(section, names[index] ?? '', path, context))
  root.finish()
  return {
    ...settings,
    jobs: jobs.map(({ job }) => job),
    warnings: [...warnings, ...jobs.flatMap((one) => one.warnings)],
    jobsWithoutCluster: jobs.filter((one) => !one.setsCluster).map(({ job }) => job.name),
    summary: jobs.map(({ summary }) => summary),
  }
}

function sectionNotes(root: Section): readonly string[] {
  const server = root.section('server')
  const port = server?.scalar('http_listen_port', '', 'a port', (found) => found) ?? ''
  const address = server?.scalar('http_listen_address', '', 'an address', (found) => found) ?? ''
  const flag = `--admin.http.host-ports${port === '' ? '' : `=${address}:${port}`}`
  const notes = Object.entries(WITHOUT_EFFECT).filter(([key]) => root.has(key))
  root.accept(...Object.keys(WITHOUT_EFFECT))
  return [
    ...(server === undefined ? [] : [`${root.where('server')}: has no effect: ${flag} serves health, metrics and pages`]),
    ...notes.map(([key, why]) => `${root.where(key)}: ${why}`),
  ]
}
