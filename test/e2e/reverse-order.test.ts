import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { describeWithEngines, freePort, startElasticsearch, startKafka, startLoki, startPrometheus, type Engine } from '../engines/index.ts'
import { writeLogConfig, writeScrapeConfig } from './agent-config.ts'
import { linesInElasticsearch, linesInLoki, samplesInElasticsearch, samplesInPrometheus, scrapesTaken } from './collected.ts'
import { startService, type Service } from './service.ts'
import { createNumberedLog, numbersTo, startCountedTarget, type CountedTarget } from './world.ts'

const WAIT = { timeout: 90_000, interval: 250 }
const SOON = { timeout: 30_000, interval: 250 }

describeWithEngines(['kafka', 'prometheus', 'loki', 'elasticsearch'], 'everything started in reverse order', () => {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-reverse-'))
  const services: Service[] = []
  const engines: Engine[] = []
  let target: CountedTarget | undefined
  afterAll(async () => {
    await Promise.all(services.map((service) => service.stop()))
    await Promise.all(engines.map((engine) => engine.stop()))
    await target?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const start = async (...[name, options]: Parameters<typeof startService>): Promise<Service> => {
    const service = await startService(name, { ...options, until: 'alive' })
    services.push(service)
    return service
  }

  test('each says what it waits for, comes up by itself, and what was taken in meanwhile is in every store', async () => {
    const ports = { kafka: await freePort(), prometheus: await freePort(), loki: await freePort(), elasticsearch: await freePort() }
    const gatewayPort = await freePort()
    const counted = await startCountedTarget()
    target = counted
    const log = createNumberedLog(join(directory, 'pods', 'shop_web-0_uid', 'web'), 300)

    const agent = await start('agent', {
      flags: [
        `--config.file=${writeScrapeConfig(directory, counted.address)}`,
        `--promtail.config.file=${writeLogConfig(directory)}`,
        `--buffer.dir=${join(directory, 'buffer')}`,
        '--cluster=c1',
        `--gateway.grpc-client.host-port=127.0.0.1:${gatewayPort}`,
        `--http.port=127.0.0.1:${await freePort()}`,
      ],
    })
    const ingester = await start('ingester', {
      environment: { STORAGE_TYPE: 'prometheus,loki,elasticsearch' },
      flags: [
        `--kafka.consumer.brokers=127.0.0.1:${ports.kafka}`,
        `--prometheus.remote.url=http://127.0.0.1:${ports.prometheus}/api/v1/write`,
        `--loki.client.url=http://127.0.0.1:${ports.loki}/loki/api/v1/push`,
        `--es.server-urls=http://127.0.0.1:${ports.elasticsearch}`,
      ],
    })
    await expect.poll(() => (log.write(40), counted.served()), { ...WAIT, interval: 100 }).toBeGreaterThan(4)
    await expect
      .poll(agent.readyz, SOON)
      .toMatchObject({ status: 503, text: expect.stringContaining(`storage gateway: 127.0.0.1:${gatewayPort}: `) })

    const gateway = await start('gateway', {
      flags: [
        `--kafka.producer.brokers=127.0.0.1:${ports.kafka}`,
        `--gateway.http-server.host-port=127.0.0.1:${await freePort()}`,
        `--gateway.grpc-server.host-port=127.0.0.1:${gatewayPort}`,
      ],
    })
    await expect.poll(gateway.readyz, SOON).toMatchObject({ status: 503, text: expect.stringMatching(/storage kafka: .*ECONNREFUSED/) })
    const reasons = [/bus: Kafka: .*ECONNREFUSED/, /storage prometheus: /, /storage loki: /, /storage elasticsearch: /]
    for (const reason of reasons)
      await expect.poll(ingester.readyz, SOON).toMatchObject({ status: 503, text: expect.stringMatching(reason) })
    const servedBefore = counted.served()
    await expect.poll(() => (log.write(40), counted.served()), { ...WAIT, interval: 100 }).toBeGreaterThan(servedBefore + 2)

    engines.push(
      ...(await Promise.all([
        startKafka({ port: ports.kafka, partitions: 3 }),
        startPrometheus({ port: ports.prometheus }),
        startLoki({ port: ports.loki }),
        startElasticsearch({ port: ports.elasticsearch }),
      ])),
    )
    for (const service of [agent, gateway, ingester]) await expect.poll(service.readyz, WAIT).toMatchObject({ status: 200 })

    const [taken, written] = [await scrapesTaken(agent, counted), numbersTo(log.written())]
    const [, prometheus, loki, elasticsearch] = engines.map(({ url }) => url)
    await expect.poll(() => samplesInPrometheus(prometheus!), WAIT).toHaveLength(taken)
    await expect.poll(() => linesInLoki(loki!), WAIT).toEqual(written)
    await expect.poll(() => samplesInElasticsearch(elasticsearch!), WAIT).toHaveLength(taken)
    await expect.poll(() => linesInElasticsearch(elasticsearch!), WAIT).toEqual(written)
    expect(await ingester.metric('clymene_delivery_dead_letters_total')).toBe(0)
  })
})
