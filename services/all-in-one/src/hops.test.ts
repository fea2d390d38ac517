import type { Bus, Kind, PartitionLag } from '@clymene/model'
import { createMetrics, createReadiness } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { readFlow } from './flow.ts'
import { createHops, type HopsOptions } from './hops.ts'

const view = () => {
  const readiness = createReadiness()
  readiness.set('start', undefined)
  const metrics = createMetrics()
  const stored = metrics.counter('clymene_storage_written_records_total', 'Written', ['storage', 'kind', 'status'])
  return {
    readiness,
    metrics,
    count: (storage: string, kind: Kind, status: string, records: number) => stored.inc({ storage, kind, status }, records),
  }
}

const route = (kind: Kind, storage: string): HopsOptions['routes'][number] => ({ kind, storage, topic: kind, group: `${storage}-${kind}` })

type SetUp = {
  readonly lag?: Bus['lag']
  readonly unavailable?: string
  readonly routes?: HopsOptions['routes']
  readonly storeStats?: HopsOptions['storeStats']
}

function setUp({
  lag = () => Promise.resolve([]),
  unavailable,
  routes = [route('metrics', 'embedded'), route('logs', 'embedded')],
  storeStats,
}: SetUp = {}) {
  const [agent, gateway, ingester] = [view(), view(), view()]
  const never = (): Promise<never> => Promise.reject(new Error('not asked here'))
  const bus: Bus = { produce: never, consume: never, read: async function* () {}, close: never, lag, unavailable: () => unavailable }
  const topics = new Map<Kind, string>([
    ['metrics', 'm'],
    ['logs', 'l'],
  ])
  const hops = createHops({ agent, gateway, ingester, bus, busName: 'embedded log', topics, routes, storeStats })
  const read = async (name: string) => (await readFlow(hops)).find((hop) => hop.name === name)
  return { agent, gateway, ingester, hops, read }
}

test('the hops are the way of the data, with a store for each storage that is routed to', () => {
  const { hops } = setUp({ routes: [route('metrics', 'prometheus'), route('metrics', 'elasticsearch'), route('logs', 'elasticsearch')] })
  expect(hops.map(({ name, storage }) => [name, storage])).toEqual([
    ['agent', false],
    ['gateway', false],
    ['bus', false],
    ['ingester', false],
    ['prometheus', true],
    ['elasticsearch', true],
  ])
})

test('the agent has what the gateway acknowledged to it; what failed is an error', async () => {
  const { agent, read } = setUp()
  agent.count('gateway', 'metrics', 'stored', 10)
  agent.count('gateway', 'logs', 'stored', 4)
  agent.count('gateway', 'metrics', 'retryable', 2)
  agent.count('gateway', 'logs', 'refused', 1)
  agent.count('gateway', 'logs', 'aborted', 7)
  expect(await read('agent')).toMatchObject({ ready: true, metrics: 10, logs: 4, errors: 3 })
})

test('the gateway has what it acknowledged; every other answer is an error', async () => {
  const { gateway, read } = setUp()
  const records = gateway.metrics.counter('clymene_gateway_received_records_total', 'Received', ['kind', 'protocol'])
  records.inc({ kind: 'metrics', protocol: 'http' }, 5)
  records.inc({ kind: 'metrics', protocol: 'grpc' }, 2)
  records.inc({ kind: 'logs', protocol: 'http' }, 1)
  const requests = gateway.metrics.counter('clymene_gateway_requests_total', 'Requests', ['protocol', 'kind', 'status'])
  for (const status of [204, 204, 200, 400, 503, 413]) requests.inc({ protocol: 'http', kind: 'metrics', status })
  expect(await read('gateway')).toMatchObject({ metrics: 7, logs: 1, errors: 3 })
})

test('the ingester has what every storage has, a storage what it has itself', async () => {
  const { ingester, read } = setUp({
    routes: [route('metrics', 'prometheus'), route('metrics', 'elasticsearch'), route('logs', 'elasticsearch')],
  })
  ingester.count('prometheus', 'metrics', 'stored', 100)
  ingester.count('elasticsearch', 'metrics', 'stored', 60)
  ingester.count('elasticsearch', 'metrics', 'retryable', 40)
  ingester.count('elasticsearch', 'logs', 'stored', 7)
  ingester.metrics.counter('clymene_delivery_dead_letters_total', 'Dead letters').inc(2)
  expect(await read('ingester')).toMatchObject({ metrics: 60, logs: 7, errors: 2 })
  expect(await read('prometheus')).toMatchObject({ metrics: 100, logs: 0, errors: 0 })
  expect(await read('elasticsearch')).toMatchObject({ metrics: 60, logs: 7, errors: 40 })
})

test('a kind without a route counts nothing', async () => {
  const { read } = setUp({ routes: [route('metrics', 'embedded')] })
  expect(await read('ingester')).toMatchObject({ logs: 0 })
})

test('a service that is not ready says why, a storage only what is its own', async () => {
  const { ingester, read } = setUp({ routes: [route('metrics', 'prometheus'), route('logs', 'loki')], unavailable: 'no broker answers' })
  ingester.readiness.set('storage loki', 'connect ECONNREFUSED')
  expect(await read('bus')).toMatchObject({ ready: false, reasons: ['no broker answers'] })
  expect(await read('ingester')).toMatchObject({ ready: false, reasons: ['storage loki: connect ECONNREFUSED'] })
  expect(await read('loki')).toMatchObject({ ready: false, reasons: ['storage loki: connect ECONNREFUSED'] })
  expect(await read('prometheus')).toMatchObject({ ready: true, reasons: [] })
})

test('what was deleted unread is an error of the bus, whichever bus', async () => {
  const { gateway, read } = setUp()
  gateway.metrics.counter('clymene_bus_expired_records_total', 'Expired').inc(3)
  gateway.metrics.counter('clymene_kafka_expired_messages_total', 'Expired').inc(4)
  expect(await read('bus')).toMatchObject({ errors: 7 })
})

describe('lag', () => {
  const partition = (index: number, committed: number, end: number): PartitionLag => ({
    partition: index,
    committed: BigInt(committed),
    end: BigInt(end),
  })

  test('is added up over partitions; the bus has that of the slowest group', async () => {
    const lags: Readonly<Record<string, readonly PartitionLag[]>> = {
      'prometheus-metrics': [partition(0, 5, 10), partition(1, 7, 8)],
      'loki-logs': [partition(0, 100, 100)],
    }
    const { read } = setUp({
      routes: [route('metrics', 'prometheus'), route('logs', 'loki')],
      lag: (_topic, group) => Promise.resolve(lags[group] ?? []),
    })
    expect(await read('prometheus')).toMatchObject({ lag: 6 })
    expect(await read('loki')).toMatchObject({ lag: 0 })
    expect(await read('bus')).toMatchObject({ lag: 6 })
    expect(await read('agent')).not.toHaveProperty('lag')
  })

  test('that is not known hides nothing else', async () => {
    const { ingester, read } = setUp({ lag: () => Promise.reject(new Error('broker away')) })
    ingester.count('embedded', 'metrics', 'stored', 9)
    const store = await read('embedded')
    expect(store).toMatchObject({ ready: true, metrics: 9 })
    expect(store).not.toHaveProperty('lag')
  })

  test('is asked for once per route, however many pages look', async () => {
    const asked: string[] = []
    const { read } = setUp({ lag: (_topic, group) => (asked.push(group), Promise.resolve([partition(0, 0, 1)])) })
    await Promise.all([read('bus'), read('bus'), read('embedded')])
    expect(asked.toSorted()).toEqual(['embedded-logs', 'embedded-metrics'])
  })
})

test('the embedded store says what it holds', async () => {
  const MIB = 1024 ** 2
  const stats = {
    series: 893,
    streams: 6,
    samples: 1,
    lines: 1,
    expiredSamples: 0,
    expiredLines: 0,
    bytes: 2.5 * MIB,
    maxBytes: 384 * MIB,
    oldestSampleMs: 1,
    oldestLineMs: 1,
  }
  const { read } = setUp({ storeStats: () => stats })
  expect(await read('embedded')).toMatchObject({ note: '893 series, 6 streams; 2.5 of 384 MiB' })
})
