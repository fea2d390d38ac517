import { setTimeout as sleep } from 'node:timers/promises'

import { RetryableError } from '@clymene/model'

import { MissingTopicError } from './create-topic.ts'
import type { Outgoing } from './outgoing.ts'
import { createDelivery, type DeliveryOptions } from './partition-delivery.ts'
import { createPartitionLane, type BatchLimits, type PartitionLane } from './partition-lane.ts'
import { partitionOf } from './partition-of.ts'
import { failureOfError, type ProduceFailure } from './produce-failure.ts'
import type { TopicConnection } from './topic-connection.ts'
import { usableBytes } from './topic-state.ts'

export type TopicProducerOptions = Pick<DeliveryOptions, 'topic' | 'codec' | 'onSent' | 'onFailure' | 'onCut'> & {
  readonly connection: TopicConnection
  /** `maxBytes` counts where it is below the topic's own limit. */
  readonly limits: BatchLimits
  /** A message that is not acknowledged this long after it came is given back to its caller. */
  readonly deliveryTimeoutMs: number
  readonly released: (message: Outgoing) => void
  /** The topic was looked for at the start, and is not there yet. */
  readonly onMissing: () => void
}

export type TopicProducer = {
  /** In the order of calls, per key. */
  readonly push: (messages: readonly Outgoing[]) => void
  /** Why nothing can be sent now. A topic that nothing was sent to is no reason. */
  readonly unavailable: () => string | undefined
  /** Gives everything back to its callers that is not acknowledged by then, and ends the connections. */
  readonly close: () => Promise<void>
}

const BACKOFF_MS = 100
const MAX_BACKOFF_MS = 2000
const CLOSED: ProduceFailure = { verdict: 'wait', reason: 'the producer was closed' }

/** Looks at the topic at once, and makes a missing one when the first message comes. */
export function createTopicProducer(options: TopicProducerOptions): TopicProducer {
  const { topic, connection, deliveryTimeoutMs } = options
  const lanes = new Map<number, PartitionLane>()
  const closing = new AbortController()
  /** Messages that came before the number of partitions was known. */
  let unplaced: Outgoing[] = []
  /** Whether anything came so far. */
  let isUsed = false
  let reason: string | undefined
  let recovering: Promise<void> | undefined

  const place = (messages: readonly Outgoing[]): void => {
    const partitions = connection.partitions()!
    for (const message of messages) {
      const partition = partitionOf(message.record.key, partitions)
      let lane = lanes.get(partition)
      if (lane === undefined) {
        lane = createPartitionLane({ limits, released: options.released, deliver: (batch) => deliver(partition, batch) })
        lanes.set(partition, lane)
      }
      lane.push(message)
    }
  }

  const limits = (): BatchLimits => ({ ...options.limits, maxBytes: Math.min(options.limits.maxBytes, usableBytes(connection.config())) })

  /** Reads metadata until that succeeds: at the start, and after a failure also when nobody sends, so that it is seen to be over. */
  const recover = async (): Promise<void> => {
    try {
      await look()
    } finally {
      recovering = undefined
    }
  }

  const look = async (): Promise<void> => {
    for (let failures = 0; !closing.signal.aborted; failures++) {
      try {
        await unlessClosing(connection.refresh({ mayCreate: isUsed }))
        if (connection.partitions() === undefined) {
          if (isUsed) continue
          return options.onMissing()
        }
        reason = undefined
        return place(unplaced.splice(0))
      } catch (error) {
        if (closing.signal.aborted) return undefined
        const failure = error instanceof MissingTopicError ? toBeMade(error) : failureOfError(error)
        if (isUsed) {
          options.onFailure(failure)
          reason = `Kafka topic ${topic}: ${failure.reason}`
        } else if (failure.verdict === 'operator') {
          // A gateway of metrics alone needs no rights on the topic of logs.
          return undefined
        }
        // Also after failures of other kinds: new connections start from the configured brokers, should all have moved.
        if (failure.verdict === 'hung' || failures > 0) connection.reset()
        giveUpUnplaced(failure)
        await pause(failures)
      }
    }
    return undefined
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
    if (performance.now() - queuedAt < deliveryTimeoutMs && verdict !== 'operator' && !closing.signal.aborted) return
    call.fail(new RetryableError(`Kafka topic ${topic}: ${why}`, { needsOperator: verdict === 'operator' }))
  }

  const giveUpUnplaced = (failure: ProduceFailure): void => {
    for (const message of unplaced) giveUpLate(message, failure)
    for (const message of unplaced) if (message.call.settled()) options.released(message)
    unplaced = unplaced.filter(({ call }) => !call.settled())
  }

  const startRecovery = (): void => {
    recovering ??= recover()
  }

  const wanted = (messages: readonly Outgoing[]): readonly Outgoing[] => {
    if (closing.signal.aborted) for (const message of messages) giveUpLate(message, CLOSED)
    return messages.filter(({ call }) => !call.settled())
  }

  const deliver = createDelivery({
    ...options,
    wanted,
    // Looks again where the partition is.
    recovered: async (failure, messages, failures) => {
      if (failure.verdict === 'hung') connection.reset()
      for (const message of messages) giveUpLate(message, failure)
      reason = `Kafka topic ${topic}: ${failure.reason}`
      startRecovery()
      await pause(failures)
      return wanted(messages)
    },
  })

  startRecovery()
  return {
    push: (messages) => {
      isUsed = true
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

const toBeMade = ({ message }: MissingTopicError): ProduceFailure => ({ verdict: 'operator', reason: message })
