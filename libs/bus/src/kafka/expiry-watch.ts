import type { Logger } from '@clymene/model'

import type { PartitionOffset } from './internals.ts'
import type { KafkaMetrics } from './kafka-metrics.ts'

export type ExpiryWatchOptions = {
  readonly topic: string
  readonly group: string
  readonly metrics: Pick<KafkaMetrics, 'expiredMessages'>
  readonly logger: Logger
}

/** Tells what retention deleted before it was read: the broker says only that an offset is out of its range. */
export type ExpiryWatch = {
  /**
   * Where the group stands, and the oldest messages that there are, of partitions that nothing was fetched of yet. Of others
   * nothing is taken: they are further already.
   */
  readonly standing: (committed: readonly PartitionOffset[], oldest: readonly PartitionOffset[]) => void
  /** Messages from this offset on were asked for. */
  readonly asked: (partition: number, offset: bigint) => void
  /** Everything before this offset was fetched, messages that are not handed over (marks of transactions) included. */
  readonly passed: (partition: number, next: bigint) => void
  /** Messages that were found since this was asked last: of those that are handed over next, they stand right before. */
  readonly take: (partition: number) => number
  /** All others were given away, or are new here. */
  readonly keepOnly: (partitions: readonly number[]) => void
}

export function createExpiryWatch({ topic, group, metrics, logger }: ExpiryWatchOptions): ExpiryWatch {
  /** The offset that should come next; none for a partition of which nothing is known. */
  const expected = new Map<number, bigint>()
  /** Found, not taken yet. */
  const untold = new Map<number, number>()

  const found = (partition: number, first: bigint): void => {
    const next = expected.get(partition)
    if (next === undefined || first <= next) return
    expected.set(partition, first)
    const messages = Number(first - next)
    untold.set(partition, (untold.get(partition) ?? 0) + messages)
    metrics.expiredMessages.inc({ topic, group }, messages)
    logger.error('messages were deleted by retention before they were read', { topic, group, partition, messages })
  }

  return {
    standing: (committed, oldest) => {
      const added = new Set<number>()
      for (const { partition, offset } of committed) {
        // Negative: the group has committed nothing, so there was nothing that it could miss.
        if (Number(offset) < 0 || expected.has(partition)) continue
        expected.set(partition, BigInt(offset))
        added.add(partition)
      }
      for (const { partition, offset } of oldest) if (added.has(partition)) found(partition, BigInt(offset))
    },
    asked: found,
    passed: (partition, next) => void expected.set(partition, next),
    take: (partition) => {
      const messages = untold.get(partition) ?? 0
      untold.delete(partition)
      return messages
    },
    keepOnly: (partitions) => {
      for (const map of [expected, untold]) for (const partition of map.keys()) if (!partitions.includes(partition)) map.delete(partition)
    },
  }
}
