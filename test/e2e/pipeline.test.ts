import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import {
  describeWithEngines,
  freePort,
  startElasticsearch,
  startKafka,
  startLoki,
  startNodeExporter,
  startPrometheus,
  type Engine,
} from '../engines/index.ts'
import { writeLogConfig } from './agent-config.ts'
import { scrapesTaken } from './collected.ts'
import { startService, type Service } from './service.ts'
import { documentsIn, linesIn, samplesIn } from './stores.ts'
import { createNumberedLog, numberOf, numbersTo, sorted, startCountedTarget, type CountedTarget } from './world.ts'

const WAIT = { timeout: 90_000, interval: 250 }
const SOON = { timeout: 30_000, interval: 250 }

describeWithEngines(['kafka', 'prometheus', 'loki', 'elasticsearch', 'node-exporter'], 'the pipeline', () => {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-pipeline-'))
  const started: { readonly stop: () => Promise<void> }[] = []
  let prometheus: Engine
  let loki: Engine
  let elasticsearch: Engine
  let target: CountedTarget
  let ingesters: readonly Service[]
  let agent: Service
  const log = createNumberedLog(join(directory, 'pods', 'shop_web-0_uid', 'web'), 300)

  afterAll(async () => {
    await Promise.all(started.map((one) => one.stop()))
    await target?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const keep = async <T extends { readonly stop: () => Promise<void> }>(coming: Promise<T>): Promise<T> => {
    const one = await coming
    started.push(one)
    return one
  }
  const start = (...[name, options]: Parameters<typeof startService>): Promise<Service> =>
    keep(startService(name, { ...options, until: 'alive' }))

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

  test('started in reverse order each says what it waits for, comes up by itself, and what was taken in meanwhile is in every store', async () => {
    const ports = { kafka: await freePort(), prometheus: await freePort(), loki: await freePort(), elasticsearch: await freePort() }
    const gatewayPort = await freePort()
    let exporter: Engine
    ;[exporter, target] = await Promise.all([keep(startNodeExporter()), startCountedTarget()])
    writeFileSync(join(directory, 'scrape.yml'), scrapeConfig(target.address, exporter.url.replace('http://', '')))
    agent = await start('agent', {
      flags: [
        `--config.file=${join(directory, 'scrape.yml')}`,
        `--promtail.config.file=${writeLogConfig(directory)}`,
        `--buffer.dir=${join(directory, 'buffer')}`,
        '--cluster=c1',
        `--gateway.grpc-client.host-port=127.0.0.1:${gatewayPort}`,
        `--http.port=127.0.0.1:${await freePort()}`,
      ],
    })
    const ingester = (): Promise<Service> =>
      start('ingester', {
        environment: { STORAGE_TYPE: 'prometheus,loki,elasticsearch' },
        flags: [
          `--kafka.consumer.brokers=127.0.0.1:${ports.kafka}`,
          `--prometheus.remote.url=http://127.0.0.1:${ports.prometheus}/api/v1/write`,
          `--loki.client.url=http://127.0.0.1:${ports.loki}/loki/api/v1/push`,
          `--es.server-urls=http://127.0.0.1:${ports.elasticsearch}`,
        ],
      })
    ingesters = await Promise.all([ingester(), ingester()])
    await expect.poll(() => (log.write(40), target.served()), { ...WAIT, interval: 100 }).toBeGreaterThan(4)
    await expect
      .poll(agent.readyz, SOON)
      .toMatchObject({ status: 503, text: expect.stringContaining(`storage gateway: 127.0.0.1:${gatewayPort}: `) })

    const gateway = await start('gateway', {
      environment: { STORAGE_TYPE: 'kafka' },
      flags: [
        `--kafka.producer.brokers=127.0.0.1:${ports.kafka}`,
        `--gateway.http-server.host-port=127.0.0.1:${await freePort()}`,
        `--gateway.grpc-server.host-port=127.0.0.1:${gatewayPort}`,
      ],
    })
    await expect.poll(gateway.readyz, SOON).toMatchObject({ status: 503, text: expect.stringMatching(/storage kafka: .*ECONNREFUSED/) })
    const reasons = [/bus: Kafka: .*ECONNREFUSED/, /storage prometheus: /, /storage loki: /, /storage elasticsearch: /]
    for (const reason of reasons)
      for (const one of ingesters) await expect.poll(one.readyz, SOON).toMatchObject({ status: 503, text: expect.stringMatching(reason) })
    const servedBefore = target.served()
    await expect.poll(() => (log.write(40), target.served()), { ...WAIT, interval: 100 }).toBeGreaterThan(servedBefore + 2)

    ;[, prometheus, loki, elasticsearch] = await Promise.all([
      keep(startKafka({ port: ports.kafka, partitions: 3 })),
      keep(startPrometheus({ port: ports.prometheus })),
      keep(startLoki({ port: ports.loki })),
      keep(startElasticsearch({ port: ports.elasticsearch })),
    ])
    for (const service of [agent, gateway, ...ingesters]) await expect.poll(service.readyz, WAIT).toMatchObject({ status: 200 })

    const taken = await agent.metric('clymene_agent_scrapes_total', { result: 'ok' })
    const written = numbersTo(log.written())
    await expect.poll(async () => (await scrapesIn('node')) + (await scrapesIn('counted')), WAIT).toBeGreaterThanOrEqual(taken)
    const counted = await countedIn()
    await expect.poll(async () => (await samplesInElasticsearch()).slice(0, counted.length), WAIT).toEqual(counted)
    await expect.poll(linesInLoki, WAIT).toEqual(written)
    await expect.poll(linesInElasticsearch, WAIT).toEqual(written)
  })

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
