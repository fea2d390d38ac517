import type { Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'
import type { Batch } from 'kafkajs'

import type { Assignment } from './assignment.ts'
import type { SessionLimits } from './consumer-session.ts'
import { createExpiryWatch } from './expiry-watch.ts'
import type { Cluster, PartitionOffset } from './internals.ts'
import type { KafkaMetrics } from './kafka-metrics.ts'
import type { PartitionReader } from './partition-reader.ts'

export type SessionWatchOptions = {
  readonly topic: string
  readonly group: string
  readonly limits: SessionLimits
  readonly assignment: Assignment
  readonly cluster: () => Cluster | undefined
  readonly fail: (error: Error) => void
  readonly metrics: KafkaMetrics
  readonly logger: Logger
}

export type SessionWatch = {
  /** The coordinator of the group has answered. */
  readonly contact: () => void
  /** The loop of fetches goes on. */
  readonly alive: () => void
  readonly fetched: (batch: Batch, reader: PartitionReader) => void
  /** A batch is behind us, handed over or left out. */
  readonly passed: (partition: number, lastOffset: string) => void
  readonly committed: (partition: number, next: bigint) => void
  /** Where the group stands in partitions that are about to be fetched for the first time. */
  readonly standing: (offsets: readonly PartitionOffset[]) => Promise<void>
  /** Offset that the next message had when the partition came here; undefined when the brokers did not say. */
  readonly endAtTakeover: (partition: number) => bigint | undefined
  /** Partitions were dealt out; `kept` are those that were here before. */
  readonly assigned: (kept: readonly PartitionReader[]) => void
  readonly stop: () => void
}

/** The membership is over as far as can be known here: no answer of the coordinator for a session's time. */
export class LostContactError extends Error {
  override readonly name = 'LostContactError'
}

const CHECK_MS = 1000
const LAG_MS = 15_000
const LONG_MS = 60_000

/**
 * Sees what kafkajs hides: a membership that has run out (then others may write the same partitions), a consumer that
 * stopped fetching without a word (kafkajs #659), calls that take very long, and the lag also while nothing is fetched.
 */
export function createSessionWatch(options: SessionWatchOptions): SessionWatch {
  const { topic, group, limits, assignment, metrics, logger } = options
  const onceAMinute = createOnceIn(LONG_MS)
  const committed = new Map<number, bigint>()
  const endsAtTakeover = new Map<number, bigint>()
  const expiry = createExpiryWatch({ topic, group, metrics, logger })
  let lastContact = Date.now()
  let lastAlive = Date.now()
  let lastLag = 0
  const stallMs = limits.rebalanceTimeoutMs + limits.sessionTimeoutMs + LONG_MS

  const check = (): void => {
    const now = Date.now()
    if (assignment.joining()) lastContact = now
    if (now - lastContact > limits.sessionTimeoutMs) {
      options.fail(new LostContactError(`group ${group}: its coordinator has not answered for ${now - lastContact} ms`))
    }
    if (now - lastAlive > stallMs) options.fail(new Error(`group ${group}: nothing was fetched for ${now - lastAlive} ms`))
    observeReaders(now)
    if (now - lastLag > LAG_MS) {
      lastLag = now
      // Its failures show elsewhere; a figure that is not renewed for once does no harm.
      refreshLag().catch(() => undefined)
    }
  }

  const observeReaders = (now: number): void => {
    let bytes = 0
    let longest = 0
    for (const reader of assignment.readers()) {
      bytes += reader.queuedBytes()
      const pending = now - (reader.pendingSince() ?? now)
      longest = Math.max(longest, pending)
      if (pending < LONG_MS) continue
      onceAMinute(String(reader.partition), () =>
        logger.warn('a batch is being handled for a long time', {
          topic,
          group,
          partition: reader.partition,
          seconds: Math.round(pending / 1000),
        }),
      )
    }
    metrics.consumerQueueBytes.set({ topic, group }, bytes)
    metrics.pendingSeconds.set({ topic, group }, longest / 1000)
  }

  const refreshLag = async (): Promise<void> => {
    const partitions = [...assignment.readers()].map(({ partition }) => ({ partition }))
    const ends = partitions.length === 0 ? [] : await options.cluster()?.fetchTopicsOffset([{ topic, partitions, fromBeginning: false }])
    for (const { partition, offset } of ends?.[0]?.partitions ?? []) setLag(partition, BigInt(offset))
  }

  const setLag = (partition: number, end: bigint): void => {
    const from = committed.get(partition)
    if (from !== undefined) metrics.lagMessages.set({ topic, group, partition: String(partition) }, Number(end - from))
  }

  const timer = setInterval(check, CHECK_MS)
  const alive = (): void => {
    lastAlive = Date.now()
  }
  const contact = (): void => {
    lastContact = Date.now()
  }
  return {
    contact,
    alive,
    fetched: (batch, reader) => {
      const position = reader.position()
      const first = BigInt(batch.firstOffset() ?? '0')
      if (position === undefined) committed.set(batch.partition, first)
      if (position !== undefined && first < position) {
        logger.warn('offsets start over: the topic was made anew', { topic, group, partition: batch.partition, position, offset: first })
      } else if ('fetchedOffset' in batch) {
        // Later than the one after what it had: the broker no longer had that one.
        expiry.asked(batch.partition, BigInt(String(batch.fetchedOffset)))
      }
      setLag(batch.partition, BigInt(batch.highWatermark))
    },
    passed: (partition, lastOffset) => {
      expiry.passed(partition, BigInt(lastOffset) + 1n)
    },
    committed: (partition, next) => {
      committed.set(partition, next)
    },
    standing: async (offsets) => {
      const partitions = offsets.map(({ partition }) => ({ partition }))
      const ask = async (fromBeginning: boolean): Promise<readonly PartitionOffset[]> => {
        const found = await options
          .cluster()
          ?.fetchTopicsOffset([{ topic, partitions, fromBeginning }])
          .catch(() => undefined)
        return found?.[0]?.partitions ?? []
      }
      // Without the oldest the first fetch tells, when there is one.
      const [oldest, ends] = await Promise.all([ask(true), ask(false)])
      expiry.standing(offsets, oldest)
      for (const { partition, offset } of ends) endsAtTakeover.set(partition, BigInt(offset))
    },
    endAtTakeover: (partition) => endsAtTakeover.get(partition),
    assigned: (kept) => {
      alive()
      contact()
      expiry.keepOnly(kept.map(({ partition }) => partition))
      // Of new partitions it is asked before they are fetched; an answer from an earlier time is not theirs.
      endsAtTakeover.clear()
      const held = new Set([...assignment.readers()].map(({ partition }) => partition))
      for (const partition of committed.keys()) {
        if (held.has(partition)) continue
        committed.delete(partition)
        metrics.lagMessages.remove({ topic, group, partition: String(partition) })
      }
    },
    stop: () => {
      clearInterval(timer)
      for (const partition of committed.keys()) metrics.lagMessages.remove({ topic, group, partition: String(partition) })
      metrics.consumerQueueBytes.remove({ topic, group })
      metrics.pendingSeconds.remove({ topic, group })
    },
  }
}
