import { randomBytes } from 'node:crypto'

import { PermanentError, RetryableError, type Envelope } from '@clymene/model'
import { compress, encodePushRequest } from '@clymene/wire'
import { describe, expect, test, vi } from 'vitest'

import { MissingTopicError } from './create-topic.ts'
import { createOutgoing } from './outgoing.ts'
import { partitionOf } from './partition-of.ts'
import { createProduceCall } from './produce-call.ts'
import type { RecordBatch } from './record-batch.ts'
import { createTopicProducer } from './topic-producer.ts'

const kafkaError = (name: string): Error => Object.assign(new Error(`it is ${name}`), { name })

type Answer = number | Error

/** A topic without Kafka: `answers` are those of the broker, one a request; 0 when there are no more. */
function topic({
  answers = [],
  refreshes = [],
  deliveryTimeoutMs = 60_000,
  limits = [],
  answerLater,
}: {
  answers?: Answer[]
  refreshes?: (Answer | 'never' | 'missing')[]
  deliveryTimeoutMs?: number
  /** `max.message.bytes`, at first and each time that it is read again. */
  limits?: number[]
  /** Requests are answered by these, in place of `answers`. */
  answerLater?: PromiseWithResolvers<number>[]
} = {}) {
  const events: string[] = []
  let maxMessageBytes = limits.shift()
  const requests: { readonly partition: number; readonly batch: RecordBatch }[] = []
  let known: number | undefined
  let resets = 0
  let held = 0
  const verdicts: string[] = []
  const producer = createTopicProducer({
    topic: 't',
    connection: {
      partitions: () => known,
      refresh: ({ mayCreate }) => {
        const next = refreshes.shift() ?? 3
        if (next === 'missing' && !mayCreate) return Promise.resolve()
        if (next === 'missing') return Promise.reject(new MissingTopicError('t', LAYOUT, 'nobody makes it'))
        if (next instanceof Error) return Promise.reject(next)
        if (next === 'never') return new Promise(() => undefined)
        known = next
        return Promise.resolve()
      },
      produce: (partition, batch) => {
        requests.push({ partition, batch })
        if (answerLater !== undefined) {
          const answer = Promise.withResolvers<number>()
          answerLater.push(answer)
          return answer.promise
        }
        const next = answers.shift() ?? 0
        return next instanceof Error ? Promise.reject(next) : Promise.resolve(next)
      },
      config: () => (maxMessageBytes === undefined ? undefined : { maxMessageBytes, minInSyncReplicas: 1, retentionMs: 1 }),
      refreshConfig: async () => {
        maxMessageBytes = limits.shift() ?? maxMessageBytes
      },
      reset: () => resets++,
    },
    limits: { maxBytes: 10_000, maxMessages: Infinity, minMessages: 0, lingerMs: 0 },
    codec: undefined,
    deliveryTimeoutMs,
    released: () => held--,
    onSent: () => undefined,
    onFailure: ({ verdict }) => verdicts.push(verdict),
    onCut: () => events.push('cut'),
    onMissing: () => events.push('missing'),
  })
  const sendAll = (envelopes: readonly Envelope[], signal = new AbortController().signal): Promise<void> => {
    const call = createProduceCall(envelopes.length, signal)
    held += envelopes.length
    producer.push(envelopes.map((envelope, delivery) => createOutgoing(envelope, { call, delivery })))
    return call.done
  }
  const send = (keys: readonly string[], signal?: AbortSignal): Promise<void> =>
    sendAll(
      keys.map((key) => ({ kind: 'metrics', key, value: Buffer.from('v'), headers: {} })),
      signal,
    )
  return { producer, requests, verdicts, events, send, sendAll, resets: () => resets, held: () => held }
}

const LAYOUT = { partitions: 3, replication: 3, minInSyncReplicas: 2, retentionMs: 1000 }

/** Lines of random text, one message. */
const lines = (...sizes: readonly number[]): Envelope => ({
  kind: 'logs',
  key: 'k',
  value: compress(
    encodePushRequest([
      {
        labels: [['app', 'a']],
        entries: sizes.map((bytes, index) => ({ timestampNs: BigInt(index), line: randomBytes(bytes / 2).toString('hex') })),
      },
    ]),
  ),
  headers: { scanned: true, records: sizes.length },
})

describe('topic producer', () => {
  test('sends each message to the partition of its key', async () => {
    const { send, requests, held } = topic()
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    await send(keys)
    expect(new Set(requests.map(({ partition }) => partition))).toEqual(new Set(keys.map((key) => partitionOf(Buffer.from(key), 3))))
    await vi.waitFor(() => expect(held()).toBe(0))
  })

  test.each([
    { name: 'the leader moved', answer: 6 },
    { name: 'replicas are missing', answer: 19 },
    { name: 'the connection broke', answer: kafkaError('KafkaJSConnectionClosedError') },
  ])('sends again when $name', async ({ answer }) => {
    const { send, requests, verdicts } = topic({ answers: [answer] })
    await send(['a'])
    expect(requests).toHaveLength(2)
    expect(verdicts).toHaveLength(1)
  })

  test('gives the connection up when no answer came: bytes of the request may still wait in it', async () => {
    const { send, resets } = topic({ answers: [kafkaError('KafkaJSRequestTimeoutError')] })
    await send(['a'])
    expect(resets()).toBe(1)
  })

  test('is told to be unavailable until a look at the topic succeeds', async () => {
    const { producer, send } = topic({
      answers: [kafkaError('KafkaJSConnectionClosedError')],
      refreshes: [3, kafkaError('KafkaJSConnectionError')],
    })
    const sent = send(['a'])
    await vi.waitFor(() => expect(producer.unavailable()).toBe('Kafka topic t: it is KafkaJSConnectionError'))
    await sent
    await vi.waitFor(() => expect(producer.unavailable()).toBeUndefined())
  })

  test('gives messages back that were tried for long enough', async () => {
    const { send, held } = topic({ answers: [19], deliveryTimeoutMs: 0 })
    await expect(send(['a'])).rejects.toThrow(new RetryableError('Kafka topic t: Kafka answered NOT_ENOUGH_REPLICAS'))
    await vi.waitFor(() => expect(held()).toBe(0))
  })

  test('gives messages back that came before the topic could be seen', async () => {
    const { send, requests, held } = topic({ refreshes: [kafkaError('KafkaJSConnectionError')], deliveryTimeoutMs: 0 })
    await expect(send(['a'])).rejects.toThrow(RetryableError)
    expect(requests).toHaveLength(0)
    expect(held()).toBe(0)
  })

  test('does not send again what its caller no longer waits for', async () => {
    const { send, requests, held } = topic({ answers: [19] })
    const gone = new AbortController()
    const sent = send(['a'], gone.signal)
    await vi.waitFor(() => expect(requests).toHaveLength(1))
    gone.abort(new Error('gone'))
    await expect(sent).rejects.toThrow('gone')
    await vi.waitFor(() => expect(held()).toBe(0))
    expect(requests).toHaveLength(1)
  })

  test('does not try for long what an operator has to mend', async () => {
    const { send } = topic({ answers: [29] })
    await expect(send(['a'])).rejects.toMatchObject({ name: 'RetryableError', needsOperator: true })
  })

  test('halves a request that is too large until the message at fault stands alone', async () => {
    const { send, requests } = topic({ refreshes: [1], answers: [10, 10, 10, 0, 0] })
    const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map((key) => send([key])))
    // abcd is too large, ab is, a is: refused; b and cd are taken.
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
    expect(results[0]).toMatchObject({ reason: expect.any(PermanentError) })
    expect(results[0]).toMatchObject({ reason: { status: 413 } })
    expect(requests).toHaveLength(5)
  })

  test('a call fails as a whole, and what is left of it is not sent', async () => {
    const { send, requests } = topic({ refreshes: [1], answers: [87] })
    const keys = Array.from({ length: 250 }, (_, index) => `k${index}`)
    await expect(send(keys)).rejects.toThrow(PermanentError)
    await send(['a'])
    // The first hundred, and then only the new call.
    expect(requests).toHaveLength(2)
  })

  test('a partition has one request in flight, whatever is sent meanwhile', async () => {
    const pending: PromiseWithResolvers<number>[] = []
    const { send, requests } = topic({ refreshes: [1], answerLater: pending })
    const sent = [send(['a'])]
    await vi.waitFor(() => expect(requests).toHaveLength(1))
    for (let call = 0; call < 20; call++) {
      sent.push(send(['a', 'b']))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(requests).toHaveLength(1)
    pending[0]!.resolve(0)
    // All that came meanwhile go together.
    await vi.waitFor(() => expect(requests).toHaveLength(2))
    pending[1]!.resolve(0)
    await Promise.all(sent)
    expect(requests).toHaveLength(2)
  })

  test('closing waits for no answer', async () => {
    const { producer, send, held } = topic({ refreshes: ['never'] })
    const sent = send(['a'])
    sent.catch(() => undefined)
    await producer.close()
    await expect(sent).rejects.toThrow('the producer was closed')
    expect(held()).toBe(0)
  })

  test('closing gives back what is not acknowledged', async () => {
    const { producer, send, held } = topic({ refreshes: [kafkaError('KafkaJSConnectionError')] })
    const sent = send(['a'])
    sent.catch(() => undefined)
    await producer.close()
    await expect(sent).rejects.toThrow('the producer was closed')
    expect(held()).toBe(0)
  })
})

/** So large that 64 KiB of headroom leave half of it. */
const LIMIT = 128 * 1024

describe('a message over the limit of the topic', () => {
  test('goes in pieces that leave headroom, one request after the other; its caller waits for all', async () => {
    const { sendAll, requests, events, held } = topic({ refreshes: [1], limits: [LIMIT] })
    await sendAll([lines(50_000, 50_000, 50_000)])
    expect(requests.map(({ batch }) => batch.bytes < LIMIT / 2)).toEqual([true, true, true])
    expect(events).toEqual(['cut'])
    await vi.waitFor(() => expect(held()).toBe(0))
  })

  test('is cut when the broker says so, by the limit as it is then', async () => {
    const { sendAll, requests, verdicts } = topic({ refreshes: [1], limits: [8 * LIMIT, LIMIT], answers: [10] })
    await sendAll([lines(50_000, 50_000, 50_000)])
    expect(requests.map(({ batch }) => batch.bytes < LIMIT / 2)).toEqual([false, true, true, true])
    expect(verdicts).toEqual([])
  })

  test('is cut in halves until they fit when nobody tells the limit', async () => {
    const { sendAll, requests } = topic({ refreshes: [1], answers: [10, 10] })
    await sendAll([lines(10_000, 10_000, 10_000, 10_000)])
    // The whole and its first half are refused; the quarters and the second half are taken.
    expect(requests.map(({ batch }) => Math.round(batch.bytes / 10_000))).toEqual([4, 2, 1, 1, 2])
  })

  test('that cannot be cut is tried, and when the broker refuses it named; all the rest is there', async () => {
    const { sendAll, requests, held } = topic({ refreshes: [1], limits: [LIMIT], answers: [0, 0, 10, 0] })
    const sent = sendAll([lines(10), lines(50_000, 300_000, 50_000)])
    await expect(sent).rejects.toMatchObject({
      name: 'PermanentError',
      status: 413,
      refused: [
        { delivery: 1, record: 1, reason: expect.stringMatching(/^one entry of \d+ bytes is too large: .* for topic t, its max\.message/) },
      ],
    })
    expect(requests).toHaveLength(4)
    await vi.waitFor(() => expect(held()).toBe(0))
  })

  test('fails as a whole when a piece cannot be sent, and the rest is not sent', async () => {
    const { sendAll, requests } = topic({ refreshes: [1], limits: [LIMIT], answers: [0, 29] })
    await expect(sendAll([lines(50_000, 50_000, 50_000)])).rejects.toThrow(RetryableError)
    expect(requests).toHaveLength(2)
  })
})

describe('a topic that is missing', () => {
  test('is no reason to be unavailable, and is not made, before something is sent to it', async () => {
    const { events, producer, verdicts } = topic({ refreshes: ['missing'] })
    await vi.waitFor(() => expect(events).toEqual(['missing']))
    expect(producer.unavailable()).toBeUndefined()
    expect(verdicts).toEqual([])
  })

  test('and cannot be made is told with what to do, and senders are told at once', async () => {
    const { send, producer } = topic({ refreshes: Array.from({ length: 5 }, () => 'missing' as const) })
    await expect(send(['a'])).rejects.toMatchObject({ name: 'RetryableError', needsOperator: true })
    expect(producer.unavailable()).toBe(
      'Kafka topic t: topic t does not exist and nobody makes it; make it (kafka-topics.sh --create --topic t --partitions 3 ' +
        '--replication-factor 3 --config min.insync.replicas=2 --config retention.ms=1000) or let this client do so',
    )
  })
})

test('a topic that nothing is sent to may be forbidden', async () => {
  const { producer, verdicts, send } = topic({
    refreshes: [Object.assign(kafkaError('KafkaJSProtocolError'), { type: 'TOPIC_AUTHORIZATION_FAILED' })],
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(producer.unavailable()).toBeUndefined()
  expect(verdicts).toEqual([])
  await send(['a'])
})
