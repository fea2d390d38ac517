import { ConfigError, JSON_TYPE, PROTOBUF, RetryableError, type Bus, type Envelope } from '@clymene/model'
import { decodeBatchJson, decodeMetricsJson } from '@clymene/wire'
import { describe, expect, test } from 'vitest'

import { line, logsDelivery, metricsDelivery, numbered, readLogs, sample } from '../testing/messages.ts'
import { openWith } from '../testing/open.ts'
import { createBusSink } from './bus-sink.ts'
import { kafkaStorage } from './kafka.ts'

const never = new AbortController().signal

function createCalls() {
  const calls: { readonly topic: string; readonly envelopes: readonly Envelope[] }[] = []
  const produce: Bus['produce'] = async (topic, envelopes) => void calls.push({ topic, envelopes })
  return { calls, bus: { produce } }
}

describe('createBusSink', () => {
  test('deliveries are one produce call, as they are', async () => {
    const { calls, bus } = createCalls()
    const deliveries = [1, 2].map((sequence) => metricsDelivery([sample('a', sequence)], numbered(sequence)))
    await createBusSink({ bus, kind: 'metrics', topic: 't', encoding: 'protobuf' }).write(deliveries, never)
    expect(calls).toEqual([{ topic: 't', envelopes: deliveries.map(({ kind, key, value, headers }) => ({ kind, key, value, headers })) }])
    expect(calls[0]?.envelopes[0]?.headers).toMatchObject({ contentType: PROTOBUF, scanned: true, sequence: 1 })
  })

  test('metrics as JSON lose the mark and keep the rest of the envelope', async () => {
    const { calls, bus } = createCalls()
    const series = [sample('a', 1), sample('b', 2)]
    await createBusSink({ bus, kind: 'metrics', topic: 't', encoding: 'json' }).write([metricsDelivery(series, numbered(7))], never)
    const [envelope] = calls[0]?.envelopes ?? []
    expect(decodeMetricsJson(envelope!.value)).toEqual(series)
    expect(envelope?.headers).toEqual({ contentType: JSON_TYPE, agent: 'a', epoch: 1, sequence: 7, records: 1 })
  })

  test('logs as JSON carry the tenant', async () => {
    const { calls, bus } = createCalls()
    const delivery = logsDelivery([line('x', 5n, 'hello')], { tenant: 't1' })
    await createBusSink({ bus, kind: 'logs', topic: 't', encoding: 'json' }).write([delivery], never)
    expect(decodeBatchJson(calls[0]!.envelopes[0]!.value)).toEqual({ tenant: 't1', streams: readLogs(delivery.value) })
  })

  test('what the bus says is passed on', async () => {
    const failure = new RetryableError('full')
    const sink = createBusSink({ bus: { produce: () => Promise.reject(failure) }, kind: 'logs', topic: 't', encoding: 'protobuf' })
    await expect(sink.write([logsDelivery([line('x', 5n, 'hello')])], never)).rejects.toBe(failure)
  })
})

describe('kafkaStorage', () => {
  test('opens while the brokers are away; a check says so', async () => {
    const storage = await openWith(kafkaStorage, { 'kafka.producer.brokers': ['127.0.0.1:1'] })
    await expect(storage.check?.(never)).rejects.toMatchObject({ name: 'RetryableError', message: expect.stringContaining('Kafka') })
    await storage.close()
  })

  test('wrong flags are mistakes of the configuration', async () => {
    await expect(openWith(kafkaStorage, { 'kafka.producer.brokers': [] })).rejects.toBeInstanceOf(ConfigError)
  })
})
