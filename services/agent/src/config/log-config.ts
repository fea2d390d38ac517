import type { DiscoveryContext } from '@clymene/discovery'
import type { FileJob, JournalJob, StdinJob } from '@clymene/sources'

import type { ConfigText } from '../config-text.ts'
import { expandEnvironment } from './expand-environment.ts'
import { inLineOrder } from './in-line-order.ts'
import { readJobNames } from './job-names.ts'
import { jobSummary } from './job-summary.ts'
import { readJournalJob } from './journal-job.ts'
import { literalVariables } from './literal-variables.ts'
import { clientNotes } from './log-clients.ts'
import { readLogJob } from './log-job.ts'
import { readLogSettings, type ReadingSettings } from './log-settings.ts'
import { openYaml, type Section } from './section.ts'
import { defaultStdinJob, readStdinJob } from './stdin-job.ts'

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
  /** Standard input is read, whatever the text says. */
  readonly stdin?: boolean
}

export type LogConfig = {
  readonly positionsPath: string
  /** How often targets are looked at anew. */
  readonly refreshMs: number
  readonly jobs: readonly FileJob[]
  readonly journalJobs: readonly JournalJob[]
  /** Standard input is read: then there are no other jobs. */
  readonly stdinJob: StdinJob | undefined
  /** What the file says about the way files are read: it goes before the flags. */
  readonly reading: ReadingSettings
  readonly warnings: readonly string[]
  readonly jobsWithoutCluster: readonly string[]
  /** A line a job. */
  readonly summary: readonly string[]
  /** As it was read. */
  readonly texts: readonly ConfigText[]
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
  if (expandFrom === undefined) warnings.push(...literalVariables(root, text))
  warnings.push(...clientNotes(root, path), ...sectionNotes(root))
  const { stdin, ...settings } = readLogSettings(root, warnings)
  const sections = root.sections('scrape_configs')
  const names = readJobNames(sections, path)
  const read = sections.map((section, index) => readJob(section, names[index] ?? '', path, context))
  root.finish()
  const config = stdin || context.stdin === true ? ofStdin(sections, read, path) : ofJobs(read)
  return { ...settings, ...config, warnings: inLineOrder([...warnings, ...config.warnings]), texts: [{ path, text }] }
}

type ReadJob = { readonly name: string; readonly setsCluster: boolean; readonly summary: string; readonly warnings: readonly string[] } & (
  | { readonly file: FileJob }
  | { readonly journal: JournalJob }
)

function readJob(section: Section, name: string, path: string, context: LogContext): ReadJob {
  if (section.has('journal')) {
    const { job: journal, ...more } = readJournalJob(section, name)
    return { name, warnings: [], journal, ...more }
  }
  const { job: file, ...more } = readLogJob(section, name, path, context)
  return { name, file, ...more }
}

type OfJobs = Pick<LogConfig, 'jobs' | 'journalJobs' | 'stdinJob' | 'warnings' | 'jobsWithoutCluster' | 'summary'>

const ofJobs = (read: readonly ReadJob[]): OfJobs => ({
  jobs: read.flatMap((one) => ('file' in one ? [one.file] : [])),
  journalJobs: read.flatMap((one) => ('journal' in one ? [one.journal] : [])),
  stdinJob: undefined,
  warnings: read.flatMap((one) => one.warnings),
  jobsWithoutCluster: read.filter((one) => !one.setsCluster).map(({ name }) => name),
  summary: read.map(({ summary }) => summary),
})

/** As Promtail: standard input goes the way of the first job, and nothing else is read. */
function ofStdin(sections: readonly Section[], read: readonly ReadJob[], path: string): OfJobs {
  const [section] = sections
  const [first] = read
  const pipeline = first === undefined ? [] : 'file' in first ? first.file.pipeline : first.journal.pipeline
  const stdinJob = section === undefined || first === undefined ? defaultStdinJob() : readStdinJob(section, first.name, pipeline)
  const left = read.slice(1).map(({ name }) => JSON.stringify(name))
  return {
    jobs: [],
    journalJobs: [],
    stdinJob,
    warnings: left.length === 0 ? [] : [`${path}: standard input is read, by the first job; not read: ${left.join(', ')}`],
    jobsWithoutCluster: stdinJob.labels.some(([label]) => label === 'cluster') ? [] : [stdinJob.name],
    summary: [
      section === undefined
        ? `log job ${JSON.stringify(stdinJob.name)}: standard input, no stages (${path})`
        : jobSummary(section, stdinJob, 'standard input'),
    ],
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
