import { type Kind, PermanentError } from '@clymene/model'

import { recordsIn } from './kafka-metrics.ts'
import { cutOutgoing, refuseOutgoing, type Outgoing } from './outgoing.ts'
import { failureOfCode, failureOfError, type ProduceFailure } from './produce-failure.ts'
import { encodeRecordBatch, type Codec } from './record-batch.ts'
import type { TopicConnection } from './topic-connection.ts'
import { usableBytes } from './topic-state.ts'

export type DeliveryOptions = {
  readonly topic: string
  readonly connection: Pick<TopicConnection, 'produce' | 'config' | 'refreshConfig'>
  readonly codec: Codec | undefined
  /** Told how each request ended, and of each message that goes in pieces. */
  readonly onSent: (sent: {
    readonly partition: number
    readonly messages: number
    readonly kind: Kind
    /** Samples or entries inside. */
    readonly records: number
    readonly bytes: number
    readonly seconds: number
  }) => void
  /** `partition` is undefined when the topic could not be looked at. */
  readonly onFailure: (failure: ProduceFailure, partition?: number) => void
  readonly onCut: (message: Outgoing) => void
  /** Those that their callers still wait for, and that may still be sent. */
  readonly wanted: (messages: readonly Outgoing[]) => readonly Outgoing[]
  /** After a failure that may pass: resolves with what is to be sent again, when that may help. */
  readonly recovered: (failure: ProduceFailure, messages: readonly Outgoing[], failures: number) => Promise<readonly Outgoing[]>
}

/** Sends messages to one partition, request after request, until the calls of all are settled. Never rejects. */
export type Deliver = (partition: number, messages: readonly Outgoing[]) => Promise<void>

/** What HTTP says of a message that is wrong. */
const BAD_REQUEST = 400

export function createDelivery(options: DeliveryOptions): Deliver {
  const { topic, connection } = options

  const deliver: Deliver = async (partition, messages) => {
    let waiting = options.wanted(messages)
    for (let failures = 0; waiting.length > 0; failures++) {
      const pieces = cutLarge(waiting)
      if (pieces !== undefined) return deliverEach(partition, pieces)
      const failure = await attempt(partition, waiting)
      if (failure === undefined) return undefined
      if (failure.verdict === 'split') return divide(partition, waiting, failure)
      options.onFailure(failure, partition)
      if (failure.verdict === 'permanent') {
        for (const { call } of waiting) call.fail(new PermanentError(`Kafka topic ${topic}: ${failure.reason}`, { status: BAD_REQUEST }))
        return undefined
      }
      waiting = await options.recovered(failure, waiting, failures)
    }
    return undefined
  }

  const deliverEach = async (partition: number, messages: readonly Outgoing[]): Promise<void> => {
    for (const message of messages) await deliver(partition, [message])
  }

  /** A message over the limit comes alone. What cannot be cut is sent all the same: the broker has the last word. */
  const cutLarge = (messages: readonly Outgoing[]): readonly Outgoing[] | undefined => {
    const [first] = messages
    const limit = usableBytes(connection.config())
    return first !== undefined && messages.length === 1 && first.bytes > limit ? cut(first, limit) : undefined
  }

  const cut = (message: Outgoing, maxBytes: number): readonly Outgoing[] | undefined => {
    const pieces = cutOutgoing(message, maxBytes)
    if (pieces !== undefined) options.onCut(message)
    return pieces
  }

  /** The broker refused a request as too large: the limit is another than we knew, or unknown to us. */
  const divide = async (partition: number, messages: readonly Outgoing[], failure: ProduceFailure): Promise<void> => {
    await connection.refreshConfig()
    const [first] = messages
    if (first === undefined) return undefined
    if (messages.length > 1) {
      const half = messages.length >> 1
      await deliver(partition, messages.slice(0, half))
      return deliver(partition, messages.slice(half))
    }
    const config = connection.config()
    // Two halves with what stands around each fit into two thirds.
    const pieces = cut(first, Math.min(usableBytes(config), Math.floor((first.bytes * 2) / 3)))
    if (pieces !== undefined) return deliverEach(partition, pieces)
    options.onFailure(failure, partition)
    const limit = config === undefined ? '' : `, its max.message.bytes is ${config.maxMessageBytes}`
    return refuseOutgoing(first, `${failure.reason} for topic ${topic}${limit}`)
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
      const inside = recordsIn(messages.map(({ envelope }) => envelope))
      options.onSent({ partition, messages: messages.length, ...inside, bytes: batch.bytes, seconds: (performance.now() - start) / 1000 })
      return undefined
    } catch (error) {
      return failureOfError(error)
    }
  }

  return deliver
}
