import type { BusRecord, Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'
import type { Batch } from 'kafkajs'

import type { Assignment } from './assignment.ts'
import type { SessionLimits } from './consumer-session.ts'
import { createExpiryWatch } from './expiry-watch.ts'
import type { Cluster, PartitionOffset } from './internals.ts'
import { type KafkaMetrics, recordsIn } from './kafka-metrics.ts'
import { createLagWatch } from './lag-watch.ts'
import { createMemberCheck } from './member-check.ts'
import type { PartitionReader } from './partition-reader.ts'
import { createStallWatch } from './stall-watch.ts'
import { readTopicConfig } from './topic-state.ts'

export type SessionWatchOptions = {
  readonly topic: string
  readonly group: string
  readonly storage: string
  /** Whether members that read something else end the membership, whenever they come. */
  readonly isShared?: boolean
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
  /**
   * @param bytes of its values.
   * @returns how many messages right before it were deleted unread.
   */
  readonly fetched: (batch: Batch, bytes: number, reader: PartitionReader) => number
  /** A batch is behind us, handed over or left out. */
  readonly passed: (partition: number, lastOffset: string) => void
  readonly committed: (partition: number, messages: readonly BusRecord[], next: bigint) => void
  /** Where the group stands in partitions that are about to be fetched for the first time. */
  readonly standing: (offsets: readonly PartitionOffset[]) => Promise<void>
  readonly takeover: (partition: number) => PartitionTakeover
  /** Partitions were dealt out; `kept` are those that were here before. */
  readonly assigned: (kept: readonly PartitionReader[]) => void
  readonly stop: () => void
}

/** A partition when it came here. */
export type PartitionTakeover = {
  /** Where the group stood; undefined when it stood nowhere. */
  readonly committed: bigint | undefined
  /** Offset that the next message would have got; undefined when the brokers did not say. */
  readonly end: bigint | undefined
}

/** The membership is over as far as can be known here: no answer of the coordinator for a session's time. */
export class LostContactError extends Error {
  override readonly name = 'LostContactError'
}

/** What brokers answer for a group that has committed nothing. */
const NOWHERE = -1n
const CHECK_MS = 1000
const LAG_MS = 5000
const RETENTION_MS = 300_000
const LONG_MS = 60_000

/**
 * Sees what kafkajs hides: a membership that has run out (then others may write the same partitions), a consumer that
 * stopped fetching without a word (kafkajs #659), wholly or a partition of it, calls that take very long, and the lag also while
 * nothing is fetched.
 */
export function createSessionWatch(options: SessionWatchOptions): SessionWatch {
  const { topic, group, storage, limits, assignment, metrics, logger } = options
  const onceAMinute = createOnceIn(LONG_MS)
  const endsAtTakeover = new Map<number, bigint>()
  const committedAtTakeover = new Map<number, bigint>()
  const expiry = createExpiryWatch({ topic, group, metrics, logger })
  const lag = createLagWatch({ topic, group, storage, metrics })
  const stall = createStallWatch({ topic, group })
  const members = createMemberCheck({ topic, group, cluster: options.cluster, onForeign: options.fail })
  // By the clock that nobody sets: a membership runs out whatever the wall clock says.
  let lastContact = performance.now()
  let lastAlive = performance.now()
  let lastLag = -Infinity
  let lastRetention = -Infinity
  const stallMs = limits.rebalanceTimeoutMs + limits.sessionTimeoutMs + LONG_MS

  const check = (): void => {
    const now = performance.now()
    if (assignment.joining()) lastContact = now
    if (now - lastContact > limits.sessionTimeoutMs) {
      options.fail(new LostContactError(`group ${group}: its coordinator has not answered for ${Math.round(now - lastContact)} ms`))
    }
    if (now - lastAlive > stallMs) options.fail(new Error(`group ${group}: nothing was fetched for ${Math.round(now - lastAlive)} ms`))
    observeReaders(now)
    if (now - lastLag > LAG_MS) {
      lastLag = now
      // Its failures show elsewhere; a figure that is not renewed for once does no harm.
      refreshLag().catch(() => undefined)
    }
    if (now - lastRetention > RETENTION_MS) {
      lastRetention = now
      readRetention().catch((error: unknown) => logger.debug('the retention of a topic cannot be read', { topic, error }))
    }
    lag.observe(assignment.readers(), Date.now())
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
    if (ends?.[0] === undefined) return
    lag.ends(ends[0].partitions)
    const stalled = assignment.joining() ? undefined : stall.look(assignment.readers(), lag.lagOf)
    if (stalled !== undefined) options.fail(stalled)
  }

  const readRetention = async (): Promise<void> => {
    const cluster = options.cluster()
    if (cluster !== undefined) lag.retention((await readTopicConfig(cluster, topic)).retentionMs)
  }

  const timer = setInterval(check, CHECK_MS)
  const alive = (): void => {
    lastAlive = performance.now()
  }
  const contact = (): void => {
    lastContact = performance.now()
  }
  return {
    contact,
    alive,
    fetched: (batch, bytes, reader) => {
      const position = reader.position()
      const first = BigInt(batch.firstOffset() ?? '0')
      const startsOver = position !== undefined && first < position
      if (startsOver) {
        logger.warn('offsets start over: the topic was made anew', { topic, group, partition: batch.partition, position, offset: first })
      } else if ('fetchedOffset' in batch) {
        // Later than the one after what it had: the broker no longer had that one.
        expiry.asked(batch.partition, BigInt(String(batch.fetchedOffset)))
      }
      const last = BigInt(batch.lastOffset())
      lag.fetched({ partition: batch.partition, first, last, bytes, end: BigInt(batch.highWatermark), startsOver })
      return expiry.take(batch.partition)
    },
    passed: (partition, lastOffset) => {
      expiry.passed(partition, BigInt(lastOffset) + 1n)
      lag.passed(partition, BigInt(lastOffset) + 1n)
    },
    committed: (partition, messages, next) => {
      metrics.consumedMessages.inc({ topic, group }, messages.length)
      const { kind, records } = recordsIn(messages)
      metrics.consumedRecords.inc({ topic, group, storage, kind }, records)
      lag.committed(partition, next)
    },
    standing: async (offsets) => {
      // What kafkajs commits by itself, the oldest after an offset out of range, is not where the group stood.
      for (const { partition, offset } of offsets)
        if (!committedAtTakeover.has(partition)) committedAtTakeover.set(partition, BigInt(offset))
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
      lag.standing(offsets, oldest)
      lag.ends(ends)
      for (const { partition, offset } of ends) endsAtTakeover.set(partition, BigInt(offset))
    },
    takeover: (partition) => {
      const committed = committedAtTakeover.get(partition) ?? NOWHERE
      return { committed: committed < 0n ? undefined : committed, end: endsAtTakeover.get(partition) }
    },
    assigned: (kept) => {
      if (options.isShared === true) members.look()
      alive()
      contact()
      const keptPartitions = kept.map(({ partition }) => partition)
      expiry.keepOnly(keptPartitions)
      // Of new partitions it is asked before they are fetched; an answer from an earlier time is not theirs.
      for (const map of [endsAtTakeover, committedAtTakeover])
        for (const partition of map.keys()) if (!keptPartitions.includes(partition)) map.delete(partition)
      lag.keepOnly(new Set([...assignment.readers()].map(({ partition }) => partition)))
    },
    stop: () => {
      clearInterval(timer)
      members.stop()
      lag.keepOnly(new Set())
      metrics.consumerQueueBytes.remove({ topic, group })
      metrics.pendingSeconds.remove({ topic, group })
    },
  }
}
