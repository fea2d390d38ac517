import { JSON_TYPE, PROTOBUF, type Bus, type Envelope } from '@clymene/model'
import { createMetrics } from '@clymene/runtime'
import { decodeBatchJson, decodeMetricsJson } from '@clymene/wire'
import { beforeEach, expect, test, vi } from 'vitest'

import { line, logsDelivery, metricsDelivery, numbered, readLogs, sample } from '../testing/messages.ts'
import { openWith } from '../testing/open.ts'
import { createFlatSink } from './flat-sink.ts'
import { kafkaStorage } from './kafka.ts'

const sent: { readonly topic: string; readonly envelope: Envelope }[] = []
beforeEach(() => void sent.splice(0))

// A bus that keeps what it is given in place of brokers: the flags are read as ever.
vi.mock('@clymene/bus', async (original) => ({
  ...(await original<typeof import('@clymene/bus')>()),
  createKafkaBus: (): Pick<Bus, 'produce' | 'unavailable' | 'close'> => ({
    produce: async (topic, envelopes) => {
      for (const envelope of envelopes) sent.push({ topic, envelope })
    },
    unavailable: () => undefined,
    close: () => Promise.resolve(),
  }),
}))

const never = new AbortController().signal
const series = [sample('a', 1)]
const logs = logsDelivery([line('x', 5n, 'hello')], { tenant: 't1' })

async function writeBoth(flags: Readonly<Record<string, unknown>>): Promise<readonly Envelope[]> {
  const storage = await openWith(kafkaStorage, flags)
  await storage.sinks.metrics!.write([metricsDelivery(series, numbered(1))], never)
  await storage.sinks.logs!.write([logs], never)
  await storage.close()
  expect(sent.map(({ topic }) => topic)).toEqual(['clymene', 'clymene-logs'])
  return sent.map(({ envelope }) => envelope)
}

test('flat objects for Druid: a message a sample, without a number; logs as ever', async () => {
  const flags = { 'kafka.producer.encoding': 'json', 'kafka.producer.flatten-for-druid': true } as const
  const storage = await openWith(kafkaStorage, flags)
  const all = [sample('a', 1), sample('b', 2), sample('stale', 3, NaN)]
  await storage.sinks.metrics!.write([metricsDelivery(all, numbered(7)), metricsDelivery(series, numbered(1), 'other')], never)
  await storage.sinks.logs!.write([logs], never)
  expect(
    sent.map(({ topic, envelope: { key, headers, value } }) => [topic, key, headers.contentType, topic === 'clymene' ? String(value) : '']),
  ).toEqual([
    ['clymene', 'k', JSON_TYPE, '{"__name__":"up","i":"a","timestamp":"1970-01-01T00:00:00.001Z","value":1}'],
    ['clymene', 'k', JSON_TYPE, '{"__name__":"up","i":"b","timestamp":"1970-01-01T00:00:00.002Z","value":2}'],
    ['clymene', 'other', JSON_TYPE, '{"__name__":"up","i":"a","timestamp":"1970-01-01T00:00:00.001Z","value":1}'],
    ['clymene-logs', 'k', PROTOBUF, ''],
  ])
  expect(sent[0]?.envelope.headers).toEqual({ contentType: JSON_TYPE })
})

test('flat objects: a time that RFC 3339 cannot write is refused, so that the rest can go on', async () => {
  const storage = await openWith(kafkaStorage, { 'kafka.producer.encoding': 'json', 'kafka.producer.flatten-for-druid': true })
  await expect(storage.sinks.metrics!.write([metricsDelivery([sample('a', 1e15)])], never)).rejects.toMatchObject({
    name: 'PermanentError',
    message: 'time 1000000000000000 ms: expected one of the years 0 to 9999, RFC 3339 writes no other',
  })
  expect(sent).toEqual([])
})

test('flat objects: what has no JSON is left out and counted', async () => {
  const metrics = createMetrics()
  const storage = await openWith(kafkaStorage, { 'kafka.producer.encoding': 'json', 'kafka.producer.flatten-for-druid': true }, metrics)
  const without = [sample('a', 1, NaN), sample('b', 1, Infinity), sample('c', 1, -Infinity)]
  await storage.sinks.metrics!.write([metricsDelivery(without), metricsDelivery(series)], never)
  await storage.sinks.metrics!.write([metricsDelivery([...series, ...without])], never)
  expect(sent).toHaveLength(2)
  expect(await metrics.registry.metrics()).toMatch(/^clymene_kafka_flattened_left_out_total 6$/m)
})

test('flat objects: a large message goes in several calls, in order', async () => {
  const calls: (readonly Envelope[])[] = []
  const sink = createFlatSink({
    bus: { produce: async (_, envelopes) => void calls.push(envelopes) },
    topic: 't',
    leftOut: () => undefined,
  })
  const many = Array.from({ length: 5001 }, (_, index) => sample('a', index))
  await sink.write([metricsDelivery(many)], never)
  expect(calls.map(({ length }) => length)).toEqual([5000, 1])
  expect(String(calls[1]?.[0]?.value)).toContain('"value":5000')
})

test.each([
  { flags: {}, types: [PROTOBUF, PROTOBUF] },
  { flags: { 'kafka.producer.encoding': 'json' }, types: [JSON_TYPE, PROTOBUF] },
  // As the original: without the encoding the flag does nothing.
  { flags: { 'kafka.producer.flatten-for-druid': true }, types: [PROTOBUF, PROTOBUF] },
  { flags: { 'kafka.producer.promtail.encoding': 'json' }, types: [PROTOBUF, JSON_TYPE] },
])('encoding by $flags: $types', async ({ flags, types }) => {
  const envelopes = await writeBoth(flags)
  expect(envelopes.map(({ headers }) => headers.contentType)).toEqual(types)
  if (types[0] === JSON_TYPE) expect(decodeMetricsJson(envelopes[0]!.value)).toEqual(series)
  if (types[1] === JSON_TYPE) expect(decodeBatchJson(envelopes[1]!.value)).toEqual({ tenant: 't1', streams: readLogs(logs.value) })
})
