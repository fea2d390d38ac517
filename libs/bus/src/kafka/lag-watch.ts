import type { PartitionOffset } from './internals.ts'
import type { KafkaMetrics } from './kafka-metrics.ts'
import type { PartitionReader } from './partition-reader.ts'

export type LagWatchOptions = {
  readonly topic: string
  readonly group: string
  /** Whom the group feeds. */
  readonly storage: string
  readonly metrics: Pick<KafkaMetrics, 'lagMessages' | 'lagBytes' | 'lagSeconds' | 'untilExpirySeconds'>
}

export type FetchedBatch = {
  readonly partition: number
  readonly first: bigint
  readonly last: bigint
  /** Of the values, as they are handed over. */
  readonly bytes: number
  readonly end: bigint
  /** Offsets went back: the topic was made anew. */
  readonly startsOver: boolean
}

/** How far a member is behind in each of its partitions: in messages, bytes and seconds, and how long until that is a loss. */
export type LagWatch = {
  /** Where the group stands in partitions that came just now, and the oldest messages that there are. */
  readonly standing: (committed: readonly PartitionOffset[], oldest: readonly PartitionOffset[]) => void
  readonly fetched: (batch: FetchedBatch) => void
  /** Everything before this offset was fetched, or is nothing that is handed over. */
  readonly passed: (partition: number, next: bigint) => void
  readonly committed: (partition: number, next: bigint) => void
  readonly ends: (offsets: readonly PartitionOffset[]) => void
  /** `retention.ms` of the topic; Infinity when messages are kept for ever. */
  readonly retention: (milliseconds: number) => void
  /** Sets the metrics, as of `now` (Unix time, ms). */
  readonly observe: (readers: Iterable<PartitionReader>, now: number) => void
  /** @returns messages that are not done with; undefined before anything is known. */
  readonly lagOf: (reader: PartitionReader) => { readonly next: bigint; readonly messages: number } | undefined
  /** All other partitions were given away. */
  readonly keepOnly: (partitions: ReadonlySet<number>) => void
}

type Place = { committed?: bigint; passed?: bigint; end?: bigint; offsets: number; bytes: number }

/** The mean size goes by this many messages, those before count half. */
const MEAN_OF = 10_000

export function createLagWatch({ topic, group, storage, metrics }: LagWatchOptions): LagWatch {
  const places = new Map<number, Place>()
  let retentionMs: number | undefined

  const placeOf = (partition: number): Place => {
    let place = places.get(partition)
    if (place === undefined) {
      place = { offsets: 0, bytes: 0 }
      places.set(partition, place)
    }
    return place
  }

  const lagOf: LagWatch['lagOf'] = (reader) => {
    const place = places.get(reader.partition)
    if (place?.committed === undefined || place.end === undefined) return undefined
    // What is not handed over (marks of transactions, compacted messages) is not committed either.
    const next = reader.isIdle() && place.passed !== undefined && place.passed > place.committed ? place.passed : place.committed
    return { next, messages: Math.max(0, Number(place.end - next)) }
  }

  const observeOne = (reader: PartitionReader, now: number): void => {
    const lag = lagOf(reader)
    if (lag === undefined) return
    const labels = { topic, group, storage, partition: String(reader.partition) }
    const { offsets, bytes } = placeOf(reader.partition)
    metrics.lagMessages.set(labels, lag.messages)
    if (lag.messages === 0) metrics.lagBytes.set(labels, 0)
    else if (offsets > 0) metrics.lagBytes.set(labels, Math.round((lag.messages * bytes) / offsets))
    const oldest = lag.messages === 0 ? now : reader.oldest()
    // Messages that are on their way here have not told their time yet.
    if (oldest === undefined) return
    const seconds = Math.max(0, now - oldest) / 1000
    metrics.lagSeconds.set(labels, seconds)
    if (retentionMs !== undefined) metrics.untilExpirySeconds.set(labels, Math.max(0, retentionMs / 1000 - seconds))
  }

  const forget = (partition: number): void => {
    places.delete(partition)
    const labels = { topic, group, storage, partition: String(partition) }
    for (const gauge of [metrics.lagMessages, metrics.lagBytes, metrics.lagSeconds, metrics.untilExpirySeconds]) gauge.remove(labels)
  }

  return {
    standing: (committed, oldest) => {
      const first = new Map(oldest.map(({ partition, offset }) => [partition, BigInt(offset)]))
      for (const { partition, offset } of committed) {
        const start = first.get(partition)
        const place = placeOf(partition)
        if (start !== undefined) place.committed ??= BigInt(offset) > start ? BigInt(offset) : start
      }
    },
    fetched: ({ partition, first, last, bytes, end, startsOver }) => {
      const place = placeOf(partition)
      if (startsOver) {
        place.committed = first
        delete place.passed
      }
      place.committed ??= first
      place.end = end
      if (place.offsets > MEAN_OF) {
        place.offsets /= 2
        place.bytes /= 2
      }
      place.offsets += Number(last - first) + 1
      place.bytes += bytes
    },
    passed: (partition, next) => {
      placeOf(partition).passed = next
    },
    committed: (partition, next) => {
      placeOf(partition).committed = next
    },
    ends: (offsets) => {
      for (const { partition, offset } of offsets) placeOf(partition).end = BigInt(offset)
    },
    retention: (milliseconds) => {
      retentionMs = milliseconds
    },
    observe: (readers, now) => {
      for (const reader of readers) observeOne(reader, now)
    },
    lagOf,
    keepOnly: (partitions) => {
      for (const partition of places.keys()) if (!partitions.has(partition)) forget(partition)
    },
  }
}
