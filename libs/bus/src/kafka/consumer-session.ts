import { setTimeout as sleep } from 'node:timers/promises'

import type { BatchHandler, Kind, Logger } from '@clymene/model'
import { PartitionAssigners, type EachBatchPayload } from 'kafkajs'

import { whileAnswering } from './answering.ts'
import { createAssignment } from './assignment.ts'
import { createClient, type KafkaConnection } from './client.ts'
import { createGroupMember } from './group-member.ts'
import { clusterIdOf, METADATA_MAX_AGE_MS, observedAssigner, type Cluster } from './internals.ts'
import type { KafkaMetrics } from './kafka-metrics.ts'
import { createLastAnswers } from './last-answers.ts'
import type { PartitionReader } from './partition-reader.ts'
import { HandleError, StuckHandleError } from './session-errors.ts'
import { createSessionWatch } from './session-watch.ts'
import { toRecord } from './to-record.ts'
import { createValueMemory } from './value-memory.ts'

export type SessionLimits = {
  /** Bytes of values that wait or are being handled, of all partitions together: what stops the fetching. */
  readonly queueBytes: number
  readonly batchBytes: number
  readonly batchWaitMs: number
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** How long calls may be finished at the end. */
  readonly stopTimeoutMs: number
  /** Whom a group feeds, for the metrics of its lag. */
  readonly storageOf?: ((group: string) => string) | undefined
}

export type SessionOptions = {
  readonly connection: KafkaConnection
  readonly limits: SessionLimits
  readonly topic: string
  readonly group: string
  readonly kind: Kind
  /** Whether the group is one that others may join that read something else: that ends the membership. */
  readonly isShared: boolean
  readonly handle: BatchHandler
  /** The member has its partitions. */
  readonly onReady: () => void
  /** A batch was handled and committed. */
  readonly onProgress: (partition: number) => void
  readonly metrics: KafkaMetrics
  readonly logger: Logger
}

const REQUEST_TIMEOUT_MS = 15_000
const FETCH_BYTES_PER_PARTITION = 1 << 20
const FETCH_BYTES = 8 << 20
/** A partition that is resumed is fetched after this at most; an idle consumer wakes up as often. */
const FETCH_WAIT_MS = 250
const DRAIN_MS = 3000
/** A call whose signal was aborted has this long to return. */
const ABORTED_MS = 30_000
const LEAVE_MS = 3000

/**
 * One membership in a group, from joining to leaving.
 *
 * @returns when `signal` aborts, after the calls that were pending.
 * @throws HandleError; ForeignMembersError; else what ended the membership: kafkajs's errors, or what the watch found.
 */
export async function runSession(options: SessionOptions, signal: AbortSignal): Promise<void> {
  const { topic, group, metrics, limits, logger } = options
  const client = createClient(options.connection, { requestTimeoutMs: REQUEST_TIMEOUT_MS, logger })
  const ended = Promise.withResolvers<void>()
  let ending = false
  let joinPending = false
  const end = (act: () => void): void => {
    ending = true
    changed.resolve()
    act()
  }
  /** Resolves when something changed that a held fetch waits for. */
  let changed = Promise.withResolvers<void>()
  const touch = (): void => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  const stop = (): void => end(ended.resolve)
  const fail = (error: unknown): void => end(() => ended.reject(error))

  const member = createGroupMember({
    topic,
    group,
    beforeJoin: () => {
      joinPending = true
      return assignment.drain(DRAIN_MS)
    },
    onJoined: (joined) => assignment.onJoined(joined),
    onJoinFailed: () => {
      joinPending = false
    },
    onStanding: (committed) => watch.standing(committed).then(() => assignment.greet(committed)),
  })
  const assignment = createAssignment({
    topic,
    batchBytes: limits.batchBytes,
    batchWaitMs: limits.batchWaitMs,
    handle: options.handle,
    takeover: (partition) => watch.takeover(partition),
    send: (offsets, generation) => member.commit(offsets, generation),
    onCommit: (outcome) => {
      if (outcome === 'done') watch.contact()
      metrics.commits.inc({ topic, group, outcome })
    },
    onCommitted: (partition, messages, next) => {
      watch.committed(partition, messages, next)
      options.onProgress(partition)
      makeRoom(partition)
    },
    onFailure: (error) => fail(new HandleError('a batch could not be handled', { cause: error })),
  })
  let cluster: Cluster | undefined
  const consumer = client.kafka.consumer({
    groupId: group,
    partitionAssigners: [
      observedAssigner(PartitionAssigners.roundRobin, (seen) => {
        cluster = seen
        member.observe(seen)
      }),
    ],
    sessionTimeout: limits.sessionTimeoutMs,
    rebalanceTimeout: limits.rebalanceTimeoutMs,
    heartbeatInterval: Math.min(3000, Math.floor(limits.sessionTimeoutMs / 5)),
    maxBytesPerPartition: FETCH_BYTES_PER_PARTITION,
    maxBytes: FETCH_BYTES,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    allowAutoTopicCreation: false,
  })
  const watch = createSessionWatch({
    topic,
    group,
    storage: limits.storageOf?.(group) ?? '',
    isShared: options.isShared,
    limits,
    assignment,
    cluster: () => cluster,
    fail,
    metrics,
    logger,
  })
  const paused = new Set<number>()
  const lastAnswers = createLastAnswers(client.answers)
  const share = (): number => limits.queueBytes / [...assignment.readers()].length
  const full = (reader: PartitionReader): boolean => reader.queuedBytes() >= share()
  const memory = createValueMemory({ maxKeptBytes: limits.queueBytes / 2, share })

  const pause = (partition: number): void => {
    if (paused.has(partition)) return
    paused.add(partition)
    consumer.pause([{ topic, partitions: [partition] }])
  }
  const makeRoom = (partition: number): void => {
    const reader = assignment.reader(partition)
    if (ending || !paused.has(partition) || (reader !== undefined && reader.queuedBytes() > share() / 2)) return
    paused.delete(partition)
    consumer.resume([{ topic, partitions: [partition] }])
    touch()
  }

  const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
    const { batch } = payload
    const { partition, messages } = batch
    const reader = assignment.reader(partition)
    if (reader === undefined) throw new Error(`messages of partition ${partition} came, which is not assigned`)
    const origin = { logId: clusterIdOf(cluster), topic, partition, kind: options.kind }
    const came = messages.map((message) => toRecord(message, origin))
    // Before it is a view of the whole answer to a fetch.
    const { records, bytes, release } = memory.own(reader, came)
    const expired = watch.fetched(batch, bytes, reader)
    reader.push(records, bytes, BigInt(batch.lastOffset()) + 1n, expired, release)
    // At once: kafkajs would fetch it again should a heartbeat fail below.
    payload.resolveOffset(batch.lastOffset())
    lastAnswers.came(partition, messages[0]?.value)
    if (full(reader)) pause(partition)
    // kafkajs waits a whole fetch's time when every partition is paused: held here it goes on at once.
    while (allFull()) {
      await Promise.race([changed.promise, sleep(1000, undefined, { ref: false })])
      watch.alive()
      await payload.heartbeat()
    }
  }
  const allFull = (): boolean =>
    !ending && !assignment.joining() && paused.size > 0 && [...assignment.readers()].every((one) => paused.has(one.partition))

  const onAssigned = (partitions: readonly number[]): void => {
    const kept = assignment.assign(partitions)
    // kafkajs goes back to what was committed: what waits here already is not fetched again.
    for (const reader of kept) {
      const position = reader.position()
      if (position !== undefined) consumer.seek({ topic, partition: reader.partition, offset: String(position) })
    }
    for (const partition of paused)
      if (assignment.reader(partition) === undefined || !kept.some((one) => one.partition === partition)) makeRoom(partition)
    joinPending = false
    metrics.rebalances.inc({ topic, group })
    watch.assigned(kept)
    options.onReady()
    touch()
  }

  const { events } = consumer
  consumer.on(events.GROUP_JOIN, ({ payload }) => onAssigned(payload.memberAssignment[topic] ?? []))
  consumer.on(events.HEARTBEAT, watch.contact)
  consumer.on(events.FETCH, watch.alive)
  consumer.on(events.END_BATCH_PROCESS, ({ payload }) => watch.passed(payload.partition, payload.lastOffset))
  consumer.on(events.CRASH, ({ payload }) => fail(payload.error))
  signal.addEventListener('abort', stop, { once: true })
  ended.promise.catch(() => undefined)
  try {
    if (signal.aborted) return
    await start()
    await ended.promise
  } finally {
    signal.removeEventListener('abort', stop)
    ending = true
    await tearDown()
  }

  async function start(): Promise<void> {
    const connecting = (async () => {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      if (!ending) await consumer.run({ autoCommit: false, eachBatch })
    })()
    connecting.catch(fail)
    await Promise.race([connecting, ended.promise])
  }

  async function tearDown(): Promise<void> {
    // A member that goes while it joins stays in the group until its session times out: better to wait for it a moment.
    if (signal.aborted && joinPending) await Promise.race([assignment.nextAssignment(), sleep(LEAVE_MS, undefined, { ref: false })])
    const { bytesRead } = client
    const isTheirTurn = (): boolean => [...assignment.readers()].every((reader) => reader.pendingSince() === undefined)
    const answering = await whileAnswering(assignment.finish(limits.stopTimeoutMs), { bytesRead, isTheirTurn, limitMs: Infinity })
    watch.stop()
    const returned = assignment.lose(new Error('the consumption ended')).then(() => true)
    const all = await Promise.race([returned, sleep(ABORTED_MS, false, { ref: false })])
    const left = consumer.disconnect().catch(() => undefined)
    if (answering) await whileAnswering(left, { bytesRead, isTheirTurn: () => true, limitMs: LEAVE_MS })
    client.destroy('the consumption ended')
    // Another membership could hand the same messages to a second call.
    if (!all) throw new StuckHandleError(`a call for topic ${topic} did not return ${ABORTED_MS} ms after its signal was aborted`)
  }
}
