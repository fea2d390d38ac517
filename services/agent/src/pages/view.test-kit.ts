import { sortedLabels } from '@clymene/model'
import { compileRelabel, parseRelabelConfigs } from '@clymene/relabel'
import { NO_ACCESS, type AdminServer, type PageAnswer, type PageReply } from '@clymene/runtime'
import { type FileJob, type LogTargetView, NO_LIMITS, type ScrapeJob, type ScrapeTarget } from '@clymene/sources'

import type { AgentView, ReadFile, ReadLogs, ScrapedConfig } from './agent-view.ts'
import { servePages } from './serve-pages.ts'

type Fields = Readonly<Record<string, string>>

export function makeJob(name: string, rules: readonly object[] = [], overrides: Partial<ScrapeJob> = {}): ScrapeJob {
  const relabelRules = parseRelabelConfigs(rules, 'relabel_configs')
  return {
    name,
    fingerprint: '',
    intervalMs: 15_000,
    timeoutMs: 10_000,
    metricsPath: '/metrics',
    scheme: 'http',
    params: new Map(),
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    scrapeProtocols: ['PrometheusText0.0.4'],
    enableCompression: true,
    extraScrapeMetrics: false,
    keepDroppedTargets: 0,
    limits: NO_LIMITS,
    relabel: compileRelabel(relabelRules),
    metricRelabel: () => true,
    relabelRules,
    metricRelabelRules: [],
    http: { followRedirects: true, access: NO_ACCESS },
    discoverers: [],
    ...overrides,
  }
}

export const makeTarget = (job: string, labels: Fields, overrides: Partial<ScrapeTarget> = {}): ScrapeTarget => ({
  job,
  url: `http://${labels['instance'] ?? 'host'}/metrics`,
  globalUrl: `http://${labels['instance'] ?? 'host'}/metrics`,
  labels: sortedLabels([...Object.entries(labels), ['job', job]]),
  discovered: new Map([
    ['__address__', labels['instance'] ?? 'host'],
    ['job', job],
  ]),
  intervalMs: 15_000,
  timeoutMs: 10_000,
  health: 'up',
  lastError: '',
  lastScrapeMs: 1_700_000_000_000,
  lastDurationSeconds: 0.025,
  ...overrides,
})

export type FakeConfig = {
  readonly jobs: readonly ScrapeJob[]
  readonly active?: readonly ScrapeTarget[]
  readonly dropped?: readonly { readonly job: string; readonly discovered: Fields; readonly reason?: string }[]
  readonly counts?: ReadonlyMap<string, { readonly dropped: number; readonly otherShards: number }>
  readonly metadata?: ReturnType<ScrapedConfig['source']['metadata']>
  readonly cardinality?: ReturnType<ScrapedConfig['source']['cardinality']>
  readonly seriesOf?: ScrapedConfig['source']['seriesOf']
  readonly texts?: ScrapedConfig['texts']
}

/** A view of an agent that is not there. */
export const makeView = (...configs: readonly FakeConfig[]): AgentView => ({
  streams: 4,
  version: '1.2.3',
  scraped: () =>
    configs.map(({ jobs, active = [], dropped = [], metadata = [], texts = [], ...more }): ScrapedConfig => {
      const kept = dropped.map(({ job, discovered, reason = 'relabel_configs' }) => ({
        job,
        reason,
        discovered: new Map(Object.entries(discovered)),
      }))
      const counted = new Map(jobs.map(({ name }) => [name, { dropped: kept.filter(({ job }) => job === name).length, otherShards: 0 }]))
      return {
        jobs,
        texts,
        externalLabels: [['cluster', 'c']],
        source: {
          targets: () => ({ active, dropped: kept, counts: more.counts ?? counted }),
          metadata: () => metadata,
          seriesOf: more.seriesOf ?? (() => undefined),
          cardinality: () => more.cardinality ?? { jobs: [], targets: [] },
        },
      }
    }),
})

/** An agent that reads logs, and scrapes when there are configurations. */
export const makeLogView = (logs: Partial<ReadLogs>, ...configs: readonly FakeConfig[]): AgentView => ({
  ...makeView(...configs),
  logs: () => ({ jobs: [], otherJobs: [], texts: [], targets: () => [], files: () => [], ...logs }),
})

export const makeLogJob = (name: string, rules: readonly object[] = []): FileJob => ({
  name,
  discoverers: [],
  relabel: parseRelabelConfigs(rules, 'relabel_configs'),
  pipeline: [],
})

export const makeFile = (job: string, path: string, labels: Fields = {}, more: Partial<ReadFile> = {}): ReadFile => ({
  job,
  path,
  labels: sortedLabels([...Object.entries(labels), ['filename', path]]),
  position: 100,
  size: 100,
  lagSeconds: 0,
  inode: '7',
  storage: 'loki',
  ...more,
})

export const makeLogTarget = (job: string, discovered: Fields, labels: Fields, more: Partial<LogTargetView> = {}): LogTargetView => ({
  job,
  discoveredLabels: sortedLabels(Object.entries(discovered)),
  labels: sortedLabels(Object.entries(labels)),
  glob: discovered['__path__'] ?? '',
  ...more,
})

/** Asks for pages as a browser does. */
export function browse(view: AgentView) {
  const answers = new Map<string, PageAnswer>()
  const admin: Pick<AdminServer, 'serve'> = { serve: (path, answer) => void answers.set(path, answer) }
  servePages(admin, view)
  const get = async (url: string): Promise<Omit<PageReply, 'body'> & { readonly body: string }> => {
    const { pathname, searchParams } = new URL(url, 'http://agent')
    const answer = answers.get(pathname)
    if (answer === undefined) throw new Error(`nothing is served at ${pathname}`)
    const reply = await answer({ query: searchParams, host: 'agent' }, new AbortController().signal)
    const chunks: Buffer[] = []
    if (typeof reply.body !== 'string') for await (const chunk of reply.body) chunks.push(Buffer.from(chunk))
    return { ...reply, body: typeof reply.body === 'string' ? reply.body : Buffer.concat(chunks).toString() }
  }
  return { get, getJson: async (url: string): Promise<unknown> => JSON.parse((await get(url)).body) }
}
