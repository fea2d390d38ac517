import { hostname } from 'node:os'

import type { Labels, Logger, Source } from '@clymene/model'
import { aborted, type Metrics } from '@clymene/runtime'

import { createDepartures } from './departures.ts'
import { hash64 } from './hash.ts'
import { createConnections } from './job-connections.ts'
import type { ScrapeJob } from './job.ts'
import { createLostReport } from './lost-report.ts'
import { createMetadataTable } from './metadata-table.ts'
import type { ScrapeContext } from './scrape-context.ts'
import { scrapeMetrics } from './scrape-metrics.ts'
import type { ScrapeCardinality, ScrapeTargets, TargetMetadata, SeriesStanding } from './scrape-view.ts'
import { showCardinality, showMetadata, showSeries, showTargets } from './show-scrapes.ts'
import type { StopReason } from './target-loop.ts'
import { startTargetPool, type TargetPool } from './target-pool.ts'
import { createWriterPool } from './writer-pool.ts'

export type ScrapeSourceOptions = {
  /** Names are unique. */
  readonly jobs: readonly ScrapeJob[]
  /** Added to every series, also to `up`, where the name is free; `cluster` is one of them. */
  readonly externalLabels: Labels
  /** Number of streams that the targets are divided over. */
  readonly streams: number
  readonly metrics: Metrics
  readonly logger: Logger
  readonly version: string
  /** Ceiling of a page where the job has no body_size_limit. */
  readonly maxBodyBytes?: number
  /** Changes of discovered targets take effect at most this often. */
  readonly syncIntervalMs?: number
  /** How long the last samples may take to be accepted once the source is told to stop. */
  readonly drainTimeoutMs?: number
  /** Most series of one target and of one job; the newest beyond it are left out. 0 is no limit; default none. */
  readonly seriesLimits?: { readonly perTarget: number; readonly perJob: number }
  /** Only targets whose hash falls on `index` of `count` are scraped. Default: all. */
  readonly shard?: { readonly index: number; readonly count: number }
  /** Why nothing would be accepted now; while there is a reason nothing is scraped, since it could only be lost. */
  readonly unavailable?: () => string | undefined
  /** How often type, help and unit of the families are sent; 0 never. */
  readonly metadataIntervalMs?: number
}

export type ScrapeSource = Source & {
  /** Takes effect at once: unchanged jobs go on untouched, changed ones keep their targets, the others start and end. */
  readonly reload: (jobs: readonly ScrapeJob[], externalLabels?: Labels) => void
  readonly targets: () => ScrapeTargets
  readonly metadata: () => readonly TargetMetadata[]
  /** Reads the labels of some series: for a page that somebody looks at, not for every scrape. */
  readonly cardinality: () => ScrapeCardinality
  /** Of the target of a job with this URL and these labels; undefined: there is none. */
  readonly seriesOf: (job: string, url: string, labels: Labels) => SeriesStanding | undefined
}

const MAX_BODY_BYTES = 256 * 1024 * 1024
const SYNC_INTERVAL_MS = 5000
const DRAIN_TIMEOUT_MS = 5000
const METADATA_INTERVAL_MS = 60_000
const NO_SERIES_LIMITS = { perTarget: 0, perJob: 0 }
const ONLY_SHARD = { index: 0, count: 1 }

/**
 * Discovers targets and scrapes them as Prometheus 3 does; `run` may be called once. Series end with a staleness marker when
 * they, their target or their job go, not when the source is told to stop.
 */
export function createScrapeSource(options: ScrapeSourceOptions): ScrapeSource {
  let { jobs, externalLabels } = options
  const pools = new Map<string, TargetPool>()
  const ending = new Set<Promise<void>>()
  let context: ScrapeContext | undefined

  function apply(running: ScrapeContext): void {
    const wanted = new Map(jobs.map((job) => [job.name, job]))
    for (const [name, pool] of pools) if (!wanted.has(name)) end(name, pool, 'gone')
    for (const [name, job] of wanted) {
      const pool = pools.get(name)
      if (pool === undefined) pools.set(name, startTargetPool(running, job))
      else if (pool.job().fingerprint !== job.fingerprint) pool.use(job)
    }
  }

  function end(name: string, pool: TargetPool, why: StopReason): void {
    pools.delete(name)
    const stopped = pool.stop(why)
    ending.add(stopped)
    void stopped.finally(() => ending.delete(stopped))
  }

  return {
    run: async (emit, signal) => {
      const deadline = new AbortController()
      const dispatcher = createConnections()
      const departures = createDepartures()
      const metrics = scrapeMetrics(options.metrics)
      context = {
        emit,
        unavailable: options.unavailable ?? (() => undefined),
        lost: createLostReport(metrics, options.logger),
        deadline: deadline.signal,
        streams: options.streams,
        seed: hash64(JSON.stringify([hostname(), externalLabels])),
        external: () => externalLabels,
        dispatcher,
        maxBodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES,
        syncIntervalMs: options.syncIntervalMs ?? SYNC_INTERVAL_MS,
        userAgent: `Clymene/${options.version}`,
        writers: createWriterPool(),
        seriesLimits: options.seriesLimits ?? NO_SERIES_LIMITS,
        shard: options.shard ?? ONLY_SHARD,
        metadata: createMetadataTable({
          intervalMs: options.metadataIntervalMs ?? METADATA_INTERVAL_MS,
          leaveOut: () => metrics.metadataLeftOut.inc(),
        }),
        departures,
        metrics,
        logger: options.logger,
      }
      apply(context)
      await aborted(signal)
      const patience = setTimeout(() => deadline.abort(signal.reason), options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS)
      for (const [name, pool] of pools) end(name, pool, 'shutdown')
      context = undefined
      await Promise.all(ending)
      await departures.finish()
      clearTimeout(patience)
      await dispatcher.destroy()
    },
    reload: (nextJobs, nextLabels = externalLabels) => {
      const sameLabels = JSON.stringify(nextLabels) === JSON.stringify(externalLabels)
      jobs = nextJobs
      if (!sameLabels) externalLabels = nextLabels
      if (context === undefined) return
      apply(context)
      if (!sameLabels) for (const pool of pools.values()) pool.refresh()
    },
    targets: () => showTargets([...pools.values()]),
    metadata: () => showMetadata([...pools.values()]),
    cardinality: () => showCardinality([...pools.values()]),
    seriesOf: (job, url, labels) => showSeries(pools.get(job), url, labels),
  }
}
