import type { Kind, Logger, Sink } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'

import { createCheckpoint } from './checkpoint.ts'
import { createChunkRows } from './chunk-rows.ts'
import { openDatabase } from './database.ts'
import { createJournalRows } from './journal-rows.ts'
import { createLineWriter } from './line-writer.ts'
import { loadSeries } from './load-series.ts'
import { createLogSearch, type FoundLine, type LogQuery } from './log-search.ts'
import type { LabelMatcher } from './matchers.ts'
import { createMemory } from './memory.ts'
import { observeStore } from './observe.ts'
import { queryRange, RANGE_LIMITS, type RangeQuery, type RangeSeries } from './range.ts'
import { createRetention } from './retention.ts'
import { createSampleWriter } from './sample-writer.ts'
import { listSeries, type ListedSeries } from './series-list.ts'
import { createSeriesTable } from './series-table.ts'
import { createStreamTable } from './stream-table.ts'
import { createTotals, type Totals } from './totals.ts'
import { createUpkeep } from './upkeep.ts'
import { createWriteQueue } from './write-queue.ts'

export type EmbeddedStoreOptions = {
  readonly directory: string
  /** Bytes on disk, write-ahead log included. Oldest go first. At least {@link MIN_BYTES}. */
  readonly maxBytes?: number
  readonly maxAgeMs?: number
  /** Series and streams beyond are refused by name. A series takes about 4 KiB of memory, a stream 1 KiB. */
  readonly maxSeries?: number
  readonly maxStreams?: number
  readonly logger: Logger
  readonly metrics?: Metrics | undefined
  readonly now?: () => number
}

export type EmbeddedStore = {
  /** A write resolves with the transaction that holds it: kill -9 loses nothing of it. */
  readonly sinks: { readonly [K in Kind]: Sink }
  readonly series: (matchers?: readonly LabelMatcher[], limit?: number) => Promise<readonly ListedSeries[]>
  readonly range: (query: RangeQuery, signal?: AbortSignal) => Promise<readonly RangeSeries[]>
  readonly logs: (query: LogQuery, signal?: AbortSignal) => Promise<readonly FoundLine[]>
  readonly stats: () => StoreStats
  /** Writes what is queued, packs the open chunks and lets go of the file. */
  readonly close: () => Promise<void>
}

export type StoreStats = Totals & {
  readonly series: number
  readonly streams: number
  /** Held now; what was deleted by age or size is in `expiredSamples` and `expiredLines`. */
  readonly samples: number
  readonly lines: number
  readonly bytes: number
  readonly maxBytes: number
  /** Milliseconds since the epoch; undefined when there is none. */
  readonly oldestSampleMs: number | undefined
  readonly oldestLineMs: number | undefined
}

export const MIN_BYTES = 16 * 1024 * 1024
const MEBIBYTE = 1024 * 1024
const DAY_MS = 86_400_000
/** A message that takes more when unpacked is refused; a gateway's own limit comes long before. */
const MAX_MESSAGE_BYTES = 64 * MEBIBYTE
const UPKEEP_MS = 5_000

/**
 * Opens the store of the all-in-one: samples and log lines of one machine in one SQLite file, bounded by size and age.
 *
 * @throws Error naming the path when another process holds it, it is damaged or `maxBytes` is too small.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const {
    directory,
    maxBytes = 384 * MEBIBYTE,
    maxAgeMs = DAY_MS,
    maxSeries = 50_000,
    maxStreams = 10_000,
    logger,
    now = Date.now,
  } = options
  if (maxBytes < MIN_BYTES) throw new Error(`embedded store ${directory}: expected maxBytes of at least ${MIN_BYTES}, found ${maxBytes}`)
  const database = openDatabase(directory, maxBytes)
  const table = createSeriesTable()
  const streams = createStreamTable(database, maxStreams)
  const chunks = createChunkRows(database)
  const journal = createJournalRows(database)
  const totals = createTotals(database)
  const samples = createSampleWriter({ database, table, chunks, journal, maxSeries })
  const lines = createLineWriter(database, streams, { maxStreams, maxLineBytes: Math.floor(database.pageLimitBytes / 16) })
  const checkpoint = createCheckpoint(table, chunks, journal)
  const retention = createRetention(database, table, streams, chunks, maxAgeMs)
  const search = createLogSearch(database, streams)
  const observed = observeStore(options.metrics, () => stats())

  const memory = createMemory(() => {
    checkpoint.forget()
    streams.load()
    loadSeries(database, table, chunks, journal)
  })
  const upkeep = createUpkeep({ database, retention, checkpoint, journal, totals, logger, now, memory, expired: observed.expired })
  const queue = createWriteQueue({
    database,
    samples,
    lines,
    maxMessageBytes: MAX_MESSAGE_BYTES,
    upkeep,
    storing: totals.stored,
    stored: observed.stored,
    memory,
  })
  const stats = (): StoreStats => ({
    ...totals.now(),
    series: table.size(),
    streams: streams.size(),
    bytes: database.diskBytes(),
    maxBytes,
    ...totals.oldest(table),
  })

  memory.refresh()
  const timer = setInterval(queue.wake, UPKEEP_MS).unref()
  const sink = (kind: Kind): Sink => ({ write: (deliveries, signal) => queue.write(kind, deliveries, signal) })
  return {
    sinks: { metrics: sink('metrics'), logs: sink('logs') },
    series: async (matchers = [], limit) => listSeries(table, matchers, limit),
    range: (query, signal) => queryRange(table, chunks, query, RANGE_LIMITS, signal),
    logs: search,
    stats,
    close: async () => {
      clearInterval(timer)
      await queue.close()
      upkeep.packAll()
      database.close()
    },
  }
}
