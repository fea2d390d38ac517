import type { Emit, Labels, Logger } from '@clymene/model'
import type { Dispatcher } from 'undici'

import type { Departures } from './departures.ts'
import type { GrowingLabels } from './growing-labels.ts'
import type { JobConnections } from './job-connections.ts'
import type { LostReport } from './lost-report.ts'
import type { MetadataTable } from './metadata-table.ts'
import type { ScrapeMetrics } from './scrape-metrics.ts'
import type { SeriesBudget } from './series-budget.ts'
import type { Shard } from './shard.ts'
import type { WriterPool } from './writer-pool.ts'

/** What the targets of one source share. */
export type ScrapeContext = {
  readonly emit: Emit
  /** Why nothing would be accepted now; undefined when it would. */
  readonly unavailable: () => string | undefined
  readonly lost: LostReport
  /** Aborts when what is left has to be given up: some time after the source was told to stop. */
  readonly deadline: AbortSignal
  readonly streams: number
  /** Differs between agents: two that scrape the same targets do it at different times. */
  readonly seed: bigint
  readonly external: () => Labels
  /** Connections of the jobs that need none of their own, kept alive between scrapes. */
  readonly dispatcher: Dispatcher
  readonly maxBodyBytes: number
  readonly syncIntervalMs: number
  readonly userAgent: string
  readonly writers: WriterPool
  readonly seriesLimits: { readonly perTarget: number; readonly perJob: number }
  readonly shard: Shard
  readonly metadata: MetadataTable
  readonly departures: Departures
  readonly metrics: ScrapeMetrics
  readonly logger: Logger
}

/** What the targets of one job share. */
export type JobContext = ScrapeContext & {
  readonly connections: Pick<JobConnections, 'lend'>
  readonly budget: SeriesBudget
  readonly growing: GrowingLabels
}
