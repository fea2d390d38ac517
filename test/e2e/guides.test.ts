import { encodeBatchJson, encodeWriteRequest, compress } from '@clymene/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'

import {
  describeWithEngines,
  freePort,
  startElasticsearch,
  startKafka,
  startLoki,
  startPrometheus,
  type Engine,
  type Kafka,
} from '../engines/index.ts'
import { startService, type Service, type ServiceName } from './service.ts'
import { documentsIn, linesIn, samplesIn } from './stores.ts'
import { numbersTo, sorted } from './world.ts'

const WAIT = { timeout: 90_000, interval: 250 }
const COUNT = 200

describeWithEngines(['kafka', 'prometheus', 'loki', 'elasticsearch'], 'the two ingesters of the guides side by side', () => {
  let kafka: Kafka
  let engines: readonly Engine[]
  let prometheus: Engine
  let loki: Engine
  let elasticsearch: Engine
  const services: Service[] = []

  beforeAll(async () => {
    ;[kafka, prometheus, loki, elasticsearch] = await Promise.all([
      startKafka({ partitions: 3 }),
      startPrometheus(),
      startLoki(),
      startElasticsearch(),
    ])
    engines = [kafka, prometheus, loki, elasticsearch]
  })
  afterAll(async () => {
    await Promise.all(services.map((service) => service.stop()))
    await Promise.all((engines ?? []).map((engine) => engine.stop()))
  })

  test('started in the order of the guide, with default groups: each store receives everything', async () => {
    // Metrics first, then logs; each a gateway and an ingester, before any data or topic exists.
    const metricsUrl = await startGateway('gateway')
    services.push(
      await startService('ingester', {
        environment: { STORAGE_TYPE: 'prometheus,elasticsearch' },
        flags: [
          `--kafka.consumer.brokers=${kafka.bootstrap}`,
          `--prometheus.remote.url=${prometheus.url}/api/v1/write`,
          `--es.server-urls=${elasticsearch.url}`,
          '--log-level=info',
        ],
      }),
    )
    const logsUrl = await startGateway('promtail-gateway')
    services.push(
      await startService('promtail-ingester', {
        environment: { STORAGE_TYPE: 'loki,elasticsearch' },
        flags: [
          `--kafka.consumer.brokers=${kafka.bootstrap}`,
          `--loki.client.url=${loki.url}/loki/api/v1/push`,
          `--es.server-urls=${elasticsearch.url}`,
          '--log-level=info',
        ],
      }),
    )

    const start = Date.now() - COUNT * 1000
    for (const number of numbersTo(COUNT)) {
      expect((await send(`${metricsUrl}/api/metrics`, sampleOf(number, start + number * 1000))).status).toBe(204)
      expect((await send(`${logsUrl}/api/logs`, lineOf(number, start + number * 1000))).status).toBe(204)
    }

    const inPrometheus = async () => (await samplesIn(prometheus.url, 'guide')).flatMap(({ samples }) => samples.map(([, value]) => value))
    const inLoki = async () => (await linesIn(loki.url, '{job="guide"}')).map(({ line }) => Number(line))
    const samplesInElasticsearch = async () =>
      (await documentsIn(elasticsearch.url, 'metrics-clymene.samples-target-cluster')).map(({ source }) => Number(source['value']))
    const linesInElasticsearch = async () =>
      (await documentsIn(elasticsearch.url, 'logs-clymene.lines-target-cluster')).map(({ source }) => Number(source['message']))
    for (const store of [inPrometheus, inLoki, samplesInElasticsearch, linesInElasticsearch]) {
      await expect.poll(async () => sorted(await store()), WAIT).toEqual(numbersTo(COUNT))
    }
  })

  async function startGateway(name: Extract<ServiceName, 'gateway' | 'promtail-gateway'>): Promise<string> {
    const port = await freePort()
    services.push(
      await startService(name, {
        environment: { STORAGE_TYPE: 'kafka' },
        flags: [
          `--kafka.producer.brokers=${kafka.bootstrap}`,
          `--gateway.http-server.host-port=127.0.0.1:${port}`,
          `--gateway.grpc-server.host-port=127.0.0.1:${await freePort()}`,
        ],
      }),
    )
    return `http://127.0.0.1:${port}`
  }
})

const send = (url: string, body: Buffer): Promise<Response> =>
  fetch(url, { method: 'POST', body: new Uint8Array(body), headers: { 'content-type': 'application/x-protobuf' } })

const sampleOf = (value: number, timestampMs: number): Buffer =>
  compress(
    encodeWriteRequest([
      {
        labels: [
          ['__name__', 'guide'],
          ['cluster', 'target-cluster'],
        ],
        samples: [{ timestampMs, value }],
      },
    ]),
  )

/** As a promtail of the original sends it. */
const lineOf = (number: number, timestampMs: number): Buffer =>
  encodeBatchJson(
    [
      {
        labels: [
          ['cluster', 'target-cluster'],
          ['job', 'guide'],
        ],
        entries: [{ timestampNs: BigInt(timestampMs) * 1_000_000n, line: String(number) }],
      },
    ],
    '',
  )
