import type { Labels } from '@clymene/model'
import type { FileJob, FileView, LogTargetView, ScrapeJob, ScrapeSource, ScrapeTarget, ScrapeTargets } from '@clymene/sources'

/** What one scrape configuration makes of itself. */
export type ScrapedConfig = {
  readonly source: Pick<ScrapeSource, 'targets' | 'metadata' | 'cardinality' | 'seriesOf'>
  readonly jobs: readonly ScrapeJob[]
  /** As series get them, `cluster` among them. */
  readonly externalLabels: Labels
  /** The files as they were read, the main one first. */
  readonly texts: readonly { readonly path: string; readonly text: string }[]
}

/** A file as the reader of one storage stands in it. */
export type ReadFile = FileView & { readonly storage: string }

/** What the log configurations make of themselves. */
export type ReadLogs = {
  readonly jobs: readonly FileJob[]
  /** Jobs that read no files, and what they read. */
  readonly otherJobs: readonly { readonly name: string; readonly reads: string }[]
  readonly texts: readonly { readonly path: string; readonly text: string }[]
  readonly targets: () => readonly LogTargetView[]
  /** With several storages each has a reader, and a file is there as often. */
  readonly files: () => readonly ReadFile[]
}

/** What the pages look at; asked anew for each page. */
export type AgentView = {
  readonly scraped: () => readonly ScrapedConfig[]
  /** Absent: this agent has no log configuration. */
  readonly logs?: () => ReadLogs | undefined
  readonly streams: number
  /** Absent: this agent scrapes all. */
  readonly shard?: { readonly index: number; readonly count: number }
  readonly version: string
}

export type ActiveRow = ScrapeTarget & { readonly state: 'active' }
export type DroppedRow = ScrapeTargets['dropped'][number] & { readonly state: 'dropped'; readonly of: ScrapeJob | undefined }

/** The active targets of all configurations, by job and then by URL. */
export const activeRows = (view: AgentView): readonly ActiveRow[] =>
  view
    .scraped()
    .flatMap(({ source }) => source.targets().active.map((target) => ({ ...target, state: 'active' as const })))
    .toSorted((a, b) => compare(a.job, b.job) || compare(a.url, b.url))

/** The dropped ones that are kept, by job, each with the job whose rules it met. */
export const droppedRows = (view: AgentView): readonly DroppedRow[] =>
  view
    .scraped()
    .flatMap(({ source, jobs }) => {
      const byName = new Map(jobs.map((job) => [job.name, job]))
      return source.targets().dropped.map((target) => ({ ...target, state: 'dropped' as const, of: byName.get(target.job) }))
    })
    .toSorted((a, b) => compare(a.job, b.job))

/** Names of all jobs that scrape, also of those without a target, sorted. */
export const jobNames = (view: AgentView): readonly string[] =>
  [...new Set(view.scraped().flatMap(({ jobs }) => jobs.map(({ name }) => name)))].toSorted(compare)

/** The same with those that read logs. */
export function allJobNames(view: AgentView): readonly string[] {
  const { jobs = [], otherJobs = [] } = view.logs?.() ?? {}
  return [...new Set([...jobNames(view), ...[...jobs, ...otherJobs].map(({ name }) => name)])].toSorted(compare)
}

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
