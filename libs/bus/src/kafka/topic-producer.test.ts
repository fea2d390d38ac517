import { PermanentError, RetryableError } from '@clymene/model'
import { describe, expect, test, vi } from 'vitest'

import { partitionOf } from './partition-of.ts'
import { createProduceCall, type Outgoing } from './produce-call.ts'
import type { RecordBatch } from './record-batch.ts'
import { createTopicProducer } from './topic-producer.ts'

const kafkaError = (name: string): Error => Object.assign(new Error(`it is ${name}`), { name })

type Answer = number | Error

/** A topic without Kafka: `answers` are those of the broker, one a request; 0 when there are no more. */
function topic({
  answers = [],
  refreshes = [],
  deliveryTimeoutMs = 60_000,
}: { answers?: Answer[]; refreshes?: (Answer | 'never')[]; deliveryTimeoutMs?: number } = {}) {
  const requests: { readonly partition: number; readonly batch: RecordBatch }[] = []
  let known: number | undefined
  let resets = 0
  let held = 0
  const verdicts: string[] = []
  const producer = createTopicProducer({
    topic: 't',
    connection: {
      partitions: () => known,
      refresh: () => {
        const next = refreshes.shift() ?? 3
        if (next instanceof Error) return Promise.reject(next)
        if (next === 'never') return new Promise(() => undefined)
        known = next
        return Promise.resolve()
      },
      produce: (partition, batch) => {
        requests.push({ partition, batch })
        const next = answers.shift() ?? 0
        return next instanceof Error ? Promise.reject(next) : Promise.resolve(next)
      },
      reset: () => resets++,
    },
    limits: { maxBytes: 1000, maxMessages: Infinity, minMessages: 0, lingerMs: 0 },
    codec: undefined,
    deliveryTimeoutMs,
    released: () => held--,
    onSent: () => undefined,
    onFailure: ({ verdict }) => verdicts.push(verdict),
  })
  const send = (keys: readonly string[], signal = new AbortController().signal): Promise<void> => {
    const call = createProduceCall(keys.length, signal)
    held += keys.length
    producer.push(
      keys.map((key): Outgoing => ({
        record: { key: Buffer.from(key), value: Buffer.from('v'), headers: Buffer.from([0]) },
        bytes: 10,
        queuedAt: Date.now(),
        call,
      })),
    )
    return call.done
  }
  return { producer, requests, verdicts, send, resets: () => resets, held: () => held }
}

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
