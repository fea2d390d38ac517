import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import {
  describeWithEngines,
  startElasticsearch,
  startKafka,
  startLoki,
  startPrometheus,
  type Engine,
  type Kafka,
} from '../engines/index.ts'
import { makeWorld, startAllInOne, type AllInOne } from './all-in-one.ts'
import { withAdmin } from './kafka-admin.ts'
import { documentsIn, linesIn, samplesIn } from './stores.ts'
import { numberOf, numbersTo, sorted } from './world.ts'

const WAIT = { timeout: 120_000, interval: 250 }
const LINES = 2000

const write = (path: string): void =>
  appendFileSync(
    path,
    numbersTo(LINES)
      .map((number) => `line ${number}\n`)
      .join(''),
  )

describeWithEngines(['prometheus', 'loki', 'elasticsearch'], 'the all-in-one with STORAGE_TYPE=prometheus,loki,elasticsearch', () => {
  const world = makeWorld('stores')
  let engines: readonly [Engine, Engine, Engine]
  let service: AllInOne

  beforeAll(async () => {
    engines = await Promise.all([startPrometheus(), startLoki(), startElasticsearch()])
    const [prometheus, loki, elasticsearch] = engines
    write(join(world.logs, 'numbered.log'))
    service = await startAllInOne({
      environment: { STORAGE_TYPE: 'prometheus,loki,elasticsearch' },
      flags: [
        ...world.flags,
        '--cluster=c1',
        '--host.interval=1s',
        `--prometheus.remote.url=${prometheus.url}/api/v1/write`,
        `--loki.client.url=${loki.url}/loki/api/v1/push`,
        `--es.server-urls=${elasticsearch.url}`,
      ],
    })
  })
  afterAll(async () => {
    await service?.stop()
    await Promise.all((engines ?? []).map((engine) => engine.stop()))
    world.remove()
  })

  test('every line is in Loki and in Elasticsearch', async () => {
    const [, loki, elasticsearch] = engines
    await expect
      .poll(async () => sorted((await linesIn(loki.url, '{job="varlogs",cluster="c1"}')).map(({ line }) => numberOf(line))), WAIT)
      .toEqual(numbersTo(LINES))
    await expect
      .poll(async () => {
        const documents = await documentsIn(elasticsearch.url, 'logs-clymene.lines-c1', { term: { 'labels.job': 'varlogs' } })
        return sorted(documents.map(({ source }) => numberOf(String(source['message']))))
      }, WAIT)
      .toEqual(numbersTo(LINES))
  })

  test("this machine's readings and the services' own metrics are in Prometheus and in Elasticsearch", async () => {
    const [prometheus, , elasticsearch] = engines
    await expect
      .poll(async () => (await samplesIn(prometheus.url, 'node_uname_info{cluster="c1"}'))[0]?.samples.length ?? 0, WAIT)
      .toBeGreaterThan(3)
    await expect
      .poll(
        async () => (await samplesIn(prometheus.url, 'up{job="clymene"}')).map(({ labels }) => String(labels['component'])).toSorted(),
        WAIT,
      )
      .toEqual(['agent', 'gateway', 'ingester'])
    const inPrometheus = (await samplesIn(prometheus.url, 'node_boot_time_seconds')).flatMap(({ samples }) =>
      samples.map(([timestampMs]) => timestampMs),
    )
    await expect
      .poll(async () => {
        const query = { term: { name: 'node_boot_time_seconds' } }
        const documents = await documentsIn(elasticsearch.url, 'metrics-clymene.samples-c1', query)
        const times = new Set(documents.map(({ source }) => Number(source['@timestamp'])))
        return inPrometheus.filter((timestampMs) => !times.has(timestampMs))
      }, WAIT)
      .toEqual([])
  })

  test('the page shows each store, and says where the data is', async () => {
    const hops = await service.flow()
    expect(
      hops
        .filter(({ storage }) => storage)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['elasticsearch', 'loki', 'prometheus'])
    expect(hops.filter(({ ready }) => !ready)).toEqual([])
    await expect(service.stats()).rejects.toThrow('404 {"error":"STORAGE_TYPE does not hold embedded: look at the stores it names"}')
  })
})

describeWithEngines(['kafka'], 'the all-in-one with --bus=kafka', () => {
  const world = makeWorld('kafka')
  let kafka: Kafka
  let service: AllInOne

  beforeAll(async () => {
    kafka = await startKafka({ partitions: 3 })
    write(join(world.logs, 'numbered.log'))
    const brokers = [`--kafka.producer.brokers=${kafka.bootstrap}`, `--kafka.consumer.brokers=${kafka.bootstrap}`]
    // Who comes back after the broker was away is let in when its former session has run out: as short as a broker allows.
    const session = '--kafka.consumer.session-timeout=6s'
    service = await startAllInOne({ flags: [...world.flags, '--host.interval=1s', '--bus=kafka', session, ...brokers] })
  })
  afterAll(async () => {
    await service?.stop()
    await kafka?.stop()
    world.remove()
  })

  const inKafka = async (topic: string): Promise<number> =>
    withAdmin(kafka.bootstrap, async (admin) => (await admin.fetchTopicOffsets(topic)).reduce((sum, { offset }) => sum + Number(offset), 0))

  test('what is in the embedded store has gone through Kafka', async () => {
    await expect
      .poll(async () => sorted((await service.lines('job="varlogs"')).map(({ line }) => numberOf(line))), WAIT)
      .toEqual(numbersTo(LINES))
    const to = Date.now() + 60_000
    await expect
      .poll(async () => (await service.range({ name: 'node_boot_time_seconds', fn: 'raw', from: 0, to }))[0]?.points.length ?? 0, WAIT)
      .toBeGreaterThan(3)
    expect(await inKafka('clymene')).toBeGreaterThan(0)
    expect(await inKafka('clymene-logs')).toBeGreaterThan(0)
    expect((await service.flow()).find(({ name }) => name === 'bus')).toMatchObject({ ready: true, note: 'Kafka: clymene, clymene-logs' })
  })

  test('everything is committed: nothing lags', async () => {
    await expect.poll(async () => (await service.flow()).find(({ name }) => name === 'bus')?.lag, WAIT).toBeLessThanOrEqual(2)
  })

  test('Kafka goes away for a while: the page says so, lines wait and arrive', async () => {
    await kafka.halt()
    await expect.poll(async () => (await service.flow()).find(({ name }) => name === 'bus')?.ready, WAIT).toBe(false)
    appendFileSync(join(world.logs, 'numbered.log'), `line ${LINES + 1}\n`)
    await kafka.restart()
    await expect.poll(async () => (await service.lines('job="varlogs"')).some(({ line }) => line === `line ${LINES + 1}`), WAIT).toBe(true)
    await expect.poll(async () => (await service.flow()).filter(({ ready }) => !ready), WAIT).toEqual([])
  })
})
