import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import {
  describeWithEngines,
  freePort,
  startElasticsearch,
  startKafka,
  startLoki,
  startNodeExporter,
  startPrometheus,
  type Engine,
  type Kafka,
} from '../engines/index.ts'
import { scrapesTaken } from './collected.ts'
import { startService, type Service } from './service.ts'
import { documentsIn, linesIn, samplesIn } from './stores.ts'
import { createNumberedLog, numberOf, numbersTo, sorted, startCountedTarget, type CountedTarget } from './world.ts'

const WAIT = { timeout: 90_000, interval: 250 }

describeWithEngines(['kafka', 'prometheus', 'loki', 'elasticsearch', 'node-exporter'], 'the pipeline', () => {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-pipeline-'))
  let kafka: Kafka
  let prometheus: Engine
  let loki: Engine
  let elasticsearch: Engine
  let exporter: Engine
  let target: CountedTarget
  let gateway: Service
  let ingesters: readonly Service[]
  let agent: Service
  const log = createNumberedLog(join(directory, 'pods', 'shop_web-0_uid', 'web'), 300)

  beforeAll(async () => {
    ;[kafka, prometheus, loki, elasticsearch, exporter, target] = await Promise.all([
      startKafka({ partitions: 3 }),
      startPrometheus(),
      startLoki(),
      startElasticsearch(),
      startNodeExporter(),
      startCountedTarget(),
    ])
    const httpPort = await freePort()
    gateway = await startService('gateway', {
      environment: { STORAGE_TYPE: 'kafka' },
      flags: [
        `--kafka.producer.brokers=${kafka.bootstrap}`,
        `--gateway.http-server.host-port=127.0.0.1:${httpPort}`,
        `--gateway.grpc-server.host-port=127.0.0.1:${await freePort()}`,
      ],
    })
    const ingester = () =>
      startService('ingester', {
        until: 'alive',
        environment: { STORAGE_TYPE: 'prometheus,loki,elasticsearch' },
        flags: [
          `--kafka.consumer.brokers=${kafka.bootstrap}`,
          `--prometheus.remote.url=${prometheus.url}/api/v1/write`,
          `--loki.client.url=${loki.url}/loki/api/v1/push`,
          `--es.server-urls=${elasticsearch.url}`,
        ],
      })
    ingesters = await Promise.all([ingester(), ingester()])
    writeFileSync(join(directory, 'scrape.yml'), scrapeConfig(target.address, exporter.url.replace('http://', '')))
    writeFileSync(join(directory, 'promtail.yml'), logConfig(directory))
    agent = await startService('agent', {
      environment: { STORAGE_TYPE: 'gateway' },
      flags: [
        `--config.file=${join(directory, 'scrape.yml')}`,
        `--promtail.config.file=${join(directory, 'promtail.yml')}`,
        `--buffer.dir=${join(directory, 'buffer')}`,
        '--cluster=c1',
        '--gateway.service-type=http',
        `--gateway.http-client.url=http://127.0.0.1:${httpPort}/api/metrics`,
        `--gateway.http-client.logs.url=http://127.0.0.1:${httpPort}/api/logs`,
        `--http.port=127.0.0.1:${await freePort()}`,
      ],
    })
  })

  afterAll(async () => {
    await Promise.all([agent, gateway, ...(ingesters ?? [])].map((service) => service?.stop()))
    await Promise.all([kafka, prometheus, loki, elasticsearch, exporter].map((engine) => engine?.stop()))
    await target?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const countedIn = async () => {
    const series = await samplesIn(prometheus.url, 'counted_total{shape="plain"}')
    return sorted(new Set(series.flatMap(({ samples }) => samples.map(([, value]) => value))))
  }
  const scrapesIn = async (job: string) =>
    (await samplesIn(prometheus.url, `up{job="${job}"}`)).flatMap(({ samples }) => samples.filter(([, value]) => value === 1)).length
  const linesInLoki = async () => sorted((await linesIn(loki.url, '{job="shop"}')).map(({ line }) => numberOf(line)))
  const samplesInElasticsearch = async () => {
    const documents = await documentsIn(elasticsearch.url, 'metrics-clymene.samples-c1', {
      bool: { filter: [{ term: { name: 'counted_total' } }, { term: { 'labels.shape': 'plain' } }] },
    })
    return sorted(new Set(documents.map(({ source }) => Number(source['value'])).filter((value) => !Number.isNaN(value))))
  }
  const linesInElasticsearch = async () => {
    const documents = await documentsIn(elasticsearch.url, 'logs-clymene.lines-c1', { term: { 'labels.job': 'shop' } })
    return sorted(documents.map(({ source }) => numberOf(String(source['message']))))
  }

  /** The storages that the ingesters tell a lag of. */
  const laggingStorages = async () => {
    const pages = await Promise.all(ingesters.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()))
    const named = pages.join('\n').matchAll(/^clymene_kafka_lag_messages\{.*\bstorage="([^"]*)"/gm)
    return [...new Set(Array.from(named, ([, storage = '']) => storage))].toSorted()
  }

  test('every number that was served and every line that was written is in every store, with its cluster', async () => {
    await expect.poll(() => (log.write(40), target.served()), { ...WAIT, interval: 100 }).toBeGreaterThan(8)
    await expect.poll(linesInLoki, WAIT).toEqual(numbersTo(log.written()))
    await expect.poll(linesInElasticsearch, WAIT).toEqual(numbersTo(log.written()))
    await expect.poll(async () => (await countedIn()).length, WAIT).toBeGreaterThan(8)

    const up = await samplesIn(prometheus.url, 'up')
    expect(up.map(({ labels }) => `${labels['job']} ${labels['cluster']}`).toSorted()).toEqual(['counted c1', 'node c1'])
    const [exposed] = await samplesIn(prometheus.url, 'counted_total{shape="exposed"}')
    expect(exposed?.labels).toMatchObject({ cluster: 'c1', exported_cluster: 'own' })
    const uname = await samplesIn(prometheus.url, 'node_uname_info')
    expect(uname.map(({ labels }) => labels['cluster'])).toEqual(['c1'])
    expect(new Set((await linesIn(loki.url, '{job="shop"}')).map(({ labels }) => labels['cluster']))).toEqual(new Set(['c1']))
    await expect.poll(laggingStorages, WAIT).toEqual(['elasticsearch', 'loki', 'prometheus'])
  })

  test('one store is away for a while: the others go on, and it has everything after it is back', async () => {
    await loki.halt()
    const servedBefore = target.served()
    const writtenBefore = log.written()
    await expect.poll(() => (log.write(40), target.served()), { ...WAIT, interval: 100 }).toBeGreaterThan(servedBefore + 8)
    // While Loki is down the other two get what is new.
    await expect.poll(async () => (await countedIn()).length, WAIT).toBeGreaterThan(servedBefore + 4)
    await expect.poll(async () => (await linesInElasticsearch()).length, WAIT).toBeGreaterThan(writtenBefore)
    await expect
      .poll(async () => (await Promise.all(ingesters.map((one) => one.readyz()))).every(({ text }) => text.includes('storage loki')), WAIT)
      .toBe(true)

    await loki.restart()
    const written = log.written()
    await expect.poll(async () => new Set(await linesInLoki()).size, WAIT).toBe(written)
    expect(new Set(await linesInLoki())).toEqual(new Set(numbersTo(written)))
    expect(await linesInElasticsearch()).toEqual(numbersTo(written))
  })

  test('stopped in order, nothing that was taken in is missing anywhere', async () => {
    log.write(500)
    await expect.poll(linesInElasticsearch, WAIT).toEqual(numbersTo(log.written()))
    const taken = await scrapesTaken(agent, target)
    await agent.halt()
    // Each scrape that the agent took in left `up 1`; those of the counted target its number as well.
    await expect.poll(async () => (await scrapesIn('node')) + (await scrapesIn('counted')), WAIT).toBe(taken)
    expect((await countedIn()).length).toBe(await scrapesIn('counted'))
    await expect.poll(samplesInElasticsearch, WAIT).toEqual(await countedIn())
    await expect.poll(async () => new Set(await linesInLoki()).size, WAIT).toBe(log.written())
    for (const ingester of ingesters) expect(await ingester.metric('clymene_delivery_dead_letters_total')).toBe(0)
  })
})

const scrapeConfig = (counted: string, exporter: string): string => `
global: {scrape_interval: 500ms, scrape_timeout: 400ms}
scrape_configs:
  - job_name: counted
    static_configs: [{targets: ['${counted}']}]
  - job_name: node
    scrape_interval: 2s
    scrape_timeout: 1s
    static_configs: [{targets: ['${exporter}']}]
`

const logConfig = (directory: string): string => `
positions: {filename: ${join(directory, 'positions.yaml')}}
scrape_configs:
  - job_name: shop
    pipeline_stages: [{cri: {}}]
    static_configs:
      - targets: [localhost]
        labels: {job: shop, __path__: '${join(directory, 'pods')}/**/*.log'}
`
