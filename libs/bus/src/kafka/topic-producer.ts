import { setTimeout as sleep } from 'node:timers/promises'

import { PermanentError, RetryableError } from '@clymene/model'

import { createPartitionLane, type BatchLimits, type PartitionLane } from './partition-lane.ts'
import { partitionOf } from './partition-of.ts'
import type { Outgoing } from './produce-call.ts'
import { failureOfCode, failureOfError, type ProduceFailure } from './produce-failure.ts'
import { encodeRecordBatch, type Codec } from './record-batch.ts'
import type { TopicConnection } from './topic-connection.ts'

export type TopicProducerOptions = {
  readonly topic: string
  readonly connection: TopicConnection
  readonly limits: BatchLimits
  readonly codec: Codec | undefined
  /** A message that is not acknowledged this long after it came is given back to its caller. */
  readonly deliveryTimeoutMs: number
  readonly released: (message: Outgoing) => void
  /** Told how each request ended. */
  readonly onSent: (sent: { readonly messages: number; readonly bytes: number; readonly seconds: number }) => void
  readonly onFailure: (failure: ProduceFailure) => void
}

export type TopicProducer = {
  /** In the order of calls, per key. */
  readonly push: (messages: readonly Outgoing[]) => void
  /** Why nothing can be sent now. */
  readonly unavailable: () => string | undefined
  /** Gives everything back to its callers that is not acknowledged by then, and ends the connections. */
  readonly close: () => Promise<void>
}

const BACKOFF_MS = 100
const MAX_BACKOFF_MS = 2000
/** What HTTP says of a message over the limit, and of one that is wrong. */
const STATUS = { split: 413, permanent: 400 } as const
const CLOSED: ProduceFailure = { verdict: 'wait', reason: 'the producer was closed' }

export function createTopicProducer(options: TopicProducerOptions): TopicProducer {
  const { topic, connection, deliveryTimeoutMs } = options
  const lanes = new Map<number, PartitionLane>()
  const closing = new AbortController()
  /** Messages that came before the number of partitions was known. */
  let unplaced: Outgoing[] = []
  let reason: string | undefined
  let recovering: Promise<void> | undefined

  const place = (messages: readonly Outgoing[]): void => {
    const partitions = connection.partitions()!
    for (const message of messages) {
      const partition = partitionOf(message.record.key, partitions)
      let lane = lanes.get(partition)
      if (lane === undefined) {
        lane = createPartitionLane({ limits: options.limits, released: options.released, deliver: (batch) => deliver(partition, batch) })
        lanes.set(partition, lane)
      }
      lane.push(message)
    }
  }

  /** Reads metadata until that succeeds: at the start, and after a failure also when nobody sends, so that it is seen to be over. */
  const recover = async (): Promise<void> => {
    for (let failures = 0; !closing.signal.aborted; failures++) {
      try {
        await unlessClosing(connection.refresh())
        reason = undefined
        place(unplaced.splice(0))
        return
      } catch (error) {
        if (closing.signal.aborted) return
        const failure = failureOfError(error)
        reason = `Kafka topic ${topic}: ${failure.reason}`
        options.onFailure(failure)
        // Also after failures of other kinds: new connections start from the configured brokers, should all have moved.
        if (failure.verdict === 'hung' || failures > 0) connection.reset()
        giveUpUnplaced(failure)
        await pause(failures)
      }
    }
  }

  /** A broker that has stopped answers no sooner because somebody waits for it. */
  const unlessClosing = async (refreshed: Promise<void>): Promise<void> => {
    const closed = Promise.withResolvers<never>()
    const close = (): void => closed.reject(closing.signal.reason)
    closing.signal.addEventListener('abort', close, { once: true })
    try {
      await Promise.race([refreshed, closed.promise])
    } finally {
      closing.signal.removeEventListener('abort', close)
    }
  }

  const pause = (failures: number): Promise<unknown> =>
    sleep(Math.min(BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS), undefined, { signal: closing.signal }).catch(() => undefined)

  /** Gives a message back to its caller when there is no point in waiting longer. */
  const giveUpLate = ({ queuedAt, call }: Outgoing, { verdict, reason: why }: ProduceFailure): void => {
    if (Date.now() - queuedAt < deliveryTimeoutMs && verdict !== 'operator' && !closing.signal.aborted) return
    call.fail(new RetryableError(`Kafka topic ${topic}: ${why}`, { needsOperator: verdict === 'operator' }))
  }

  const giveUpUnplaced = (failure: ProduceFailure): void => {
    for (const message of unplaced) giveUpLate(message, failure)
    for (const message of unplaced) if (message.call.settled()) options.released(message)
    unplaced = unplaced.filter(({ call }) => !call.settled())
  }

  const startRecovery = (): void => {
    recovering ??= recover().finally(() => {
      recovering = undefined
    })
  }

  const deliver = async (partition: number, messages: readonly Outgoing[]): Promise<void> => {
    let waiting = messages
    for (let failures = 0; waiting.length > 0; failures++) {
      if (closing.signal.aborted) {
        for (const message of waiting) giveUpLate(message, CLOSED)
        return
      }
      const failure = await attempt(partition, waiting)
      if (failure === undefined) return
      const { verdict } = failure
      if (verdict === 'split' && waiting.length > 1) {
        const half = waiting.length >> 1
        await deliver(partition, waiting.slice(0, half))
        return deliver(partition, waiting.slice(half))
      }
      options.onFailure(failure)
      if (verdict === 'split' || verdict === 'permanent') {
        for (const { call } of waiting)
          call.fail(new PermanentError(`Kafka topic ${topic}: ${failure.reason}`, { status: STATUS[verdict] }))
        return
      }
      waiting = await recovered(failure, waiting, failures)
    }
  }

  /** After a failure that may pass: looks again where the partition is. @returns what is still to be sent. */
  const recovered = async (failure: ProduceFailure, messages: readonly Outgoing[], failures: number): Promise<readonly Outgoing[]> => {
    if (failure.verdict === 'hung') connection.reset()
    for (const message of messages) giveUpLate(message, failure)
    reason = `Kafka topic ${topic}: ${failure.reason}`
    startRecovery()
    await pause(failures)
    return messages.filter(({ call }) => !call.settled())
  }

  const attempt = async (partition: number, messages: readonly Outgoing[]): Promise<ProduceFailure | undefined> => {
    const start = performance.now()
    try {
      const batch = await encodeRecordBatch(
        messages.map(({ record }) => record),
        Date.now(),
        options.codec,
      )
      const code = await connection.produce(partition, batch)
      if (code !== 0) return failureOfCode(code)
      for (const { call } of messages) call.acknowledged()
      options.onSent({ messages: messages.length, bytes: batch.bytes, seconds: (performance.now() - start) / 1000 })
      return undefined
    } catch (error) {
      return failureOfError(error)
    }
  }

  startRecovery()
  return {
    push: (messages) => {
      if (connection.partitions() !== undefined && unplaced.length === 0) {
        place(messages)
      } else {
        unplaced.push(...messages)
        startRecovery()
      }
    },
    unavailable: () => reason,
    close: async () => {
      closing.abort()
      giveUpUnplaced(CLOSED)
      connection.reset()
      await recovering
      await Promise.all([...lanes.values()].map((lane) => lane.idle()))
    },
  }
}
