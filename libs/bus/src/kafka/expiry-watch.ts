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
  /** All others were given away, or are new here. */
  readonly keepOnly: (partitions: readonly number[]) => void
}

export function createExpiryWatch({ topic, group, metrics, logger }: ExpiryWatchOptions): ExpiryWatch {
  /** The offset that should come next; none for a partition of which nothing is known. */
  const expected = new Map<number, bigint>()

  const found = (partition: number, first: bigint): void => {
    const next = expected.get(partition)
    if (next === undefined || first <= next) return
    expected.set(partition, first)
    const messages = Number(first - next)
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
    keepOnly: (partitions) => {
      for (const partition of expected.keys()) if (!partitions.includes(partition)) expected.delete(partition)
    },
  }
}
