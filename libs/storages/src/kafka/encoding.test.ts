import { JSON_TYPE, PROTOBUF, type Bus, type Envelope } from '@clymene/model'
import { decodeBatchJson, decodeMetricsJson } from '@clymene/wire'
import { beforeEach, expect, test, vi } from 'vitest'

import { line, logsDelivery, metricsDelivery, numbered, readLogs, sample } from '../testing/messages.ts'
import { openWith } from '../testing/open.ts'
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

test.each([
  { flags: {}, types: [PROTOBUF, PROTOBUF] },
  { flags: { 'kafka.producer.encoding': 'json' }, types: [JSON_TYPE, PROTOBUF] },
  { flags: { 'kafka.producer.promtail.encoding': 'json' }, types: [PROTOBUF, JSON_TYPE] },
])('encoding by $flags: $types', async ({ flags, types }) => {
  const envelopes = await writeBoth(flags)
  expect(envelopes.map(({ headers }) => headers.contentType)).toEqual(types)
  if (types[0] === JSON_TYPE) expect(decodeMetricsJson(envelopes[0]!.value)).toEqual(series)
  if (types[1] === JSON_TYPE) expect(decodeBatchJson(envelopes[1]!.value)).toEqual({ tenant: 't1', streams: readLogs(logs.value) })
})
