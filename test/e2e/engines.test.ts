import { existsSync } from 'node:fs'

import { Client } from '@elastic/elasticsearch'
import { Kafka as Client4Kafka, logLevel } from 'kafkajs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

import {
  describeWithEngines,
  type Engine,
  type Kafka,
  launchChromium,
  startElasticsearch,
  startKafka,
  startKubernetes,
  startLoki,
  startNodeExporter,
  startPrometheus,
} from '../engines/index.ts'

// Whatever a test started ends with it, also when it failed half-way.
const started: Pick<Engine, 'stop'>[] = []
const keep = async <T extends Pick<Engine, 'stop'>>(engine: Promise<T>): Promise<T> => {
  started.push(await engine)
  return engine
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((engine) => engine.stop()))
})

const bodyOf = async (url: string): Promise<string> => (await fetch(url)).text()

describeWithEngines(['kafka'], 'Kafka', () => {
  let broker: Kafka
  let other: Kafka
  beforeAll(async () => {
    // A broker that was killed is let in again when its former session has run out, 9 s by default.
    const settings = { 'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '500' }
    ;[broker, other] = await Promise.all([startKafka({ partitions: 3, settings }), startKafka()])
  })
  afterAll(() => Promise.all([broker, other].map((engine) => engine?.stop())))

  const clientOf = ({ bootstrap }: Kafka) => new Client4Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })

  test('two of them are two clusters', async () => {
    const ids = await Promise.all(
      [broker, other].map(async (one) => {
        const admin = clientOf(one).admin()
        await admin.connect()
        const { clusterId } = await admin.describeCluster()
        await admin.disconnect()
        return clusterId
      }),
    )
    expect(new Set(ids).size).toBe(2)
  })

  test('makes topics of the asked partitions, takes and gives a message, keeps it over a kill', async () => {
    const client = clientOf(broker)
    const admin = client.admin()
    const producer = client.producer()
    await Promise.all([admin.connect(), producer.connect()])
    await admin.createTopics({ topics: [{ topic: 'smoke', numPartitions: -1 }], waitForLeaders: true })
    const { topics } = await admin.fetchTopicMetadata({ topics: ['smoke'] })
    expect(topics[0]?.partitions).toHaveLength(3)

    await producer.send({ topic: 'smoke', acks: -1, messages: [{ key: 'k', value: 'v' }] })
    await Promise.all([producer.disconnect(), admin.disconnect()])
    const before = broker.pid
    await broker.kill()
    await broker.restart()
    expect(broker.pid).not.toBe(before)

    const read = Promise.withResolvers<string | undefined>()
    const consumer = clientOf(broker).consumer({ groupId: 'smoke' })
    await consumer.connect()
    await consumer.subscribe({ topic: 'smoke', fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => {
        read.resolve(message.value?.toString())
      },
    })
    expect(await read.promise).toBe('v')
    await consumer.disconnect()
  })
})

describeWithEngines(['elasticsearch'], 'Elasticsearch', () => {
  test('is the pinned version to its client, and a data stream comes into being by a bulk create', async () => {
    const { url } = await keep(startElasticsearch())
    const client = new Client({ node: url })
    const { version } = await client.info()
    expect(version.number).toBe('8.19.21')
    await client.indices.putIndexTemplate({ name: 'smoke', index_patterns: ['smoke-*'], data_stream: {} })
    const answer = await client.bulk({
      refresh: true,
      operations: [{ create: { _index: 'smoke-a', _id: '1' } }, { '@timestamp': '2026-01-01T00:00:00Z', message: 'm' }],
    })
    expect(answer.errors).toBe(false)
    expect(await client.count({ index: 'smoke-a' })).toMatchObject({ count: 1 })
    await client.close()
  })
})

describeWithEngines(['loki'], 'Loki', () => {
  test('gives back a line that was pushed, and refuses by the limits asked for', async () => {
    const { url } = await keep(startLoki({ limits: { max_line_size: 10 } }))
    const now = BigInt(Date.now()) * 1_000_000n
    const push = (line: string): Promise<Response> =>
      fetch(`${url}/loki/api/v1/push`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ streams: [{ stream: { job: 'smoke' }, values: [[String(now), line]] }] }),
      })
    expect((await push('short')).status).toBe(204)
    expect((await push('longer than ten bytes')).status).toBe(400)
    const query = `query=${encodeURIComponent('{job="smoke"}')}&start=${now - 60_000_000_000n}&end=${now + 60_000_000_000n}`
    const found = await bodyOf(`${url}/loki/api/v1/query_range?${query}`)
    expect(JSON.parse(found).data.result[0].values).toEqual([[String(now), 'short']])
  })
})

describeWithEngines(['prometheus'], 'Prometheus', () => {
  test('takes remote write and the window asked for, pauses, and removes its data at the end', async () => {
    const prometheus = await keep(startPrometheus({ outOfOrderWindow: '30m' }))
    const settings = await bodyOf(`${prometheus.url}/api/v1/status/config`)
    expect(settings).toContain('out_of_order_time_window: 30m')
    const empty = await fetch(`${prometheus.url}/api/v1/write`, { method: 'POST', body: Buffer.from([0]) })
    expect(empty.status).toBe(204)

    await prometheus.pause()
    await expect(fetch(`${prometheus.url}/-/ready`, { signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout/)
    prometheus.resume()
    expect(await bodyOf(`${prometheus.url}/-/ready`)).toContain('Ready')

    await prometheus.stop()
    expect(existsSync(prometheus.directory)).toBe(false)
    await expect(fetch(prometheus.url)).rejects.toThrow('fetch failed')
  })

  test('a start that fails tells what the engine wrote', async () => {
    await expect(startPrometheus({ args: ['--no-such-flag'] })).rejects.toThrow(/Prometheus ended with status 1.*no-such-flag/s)
  })
})

describeWithEngines(['node-exporter'], 'node-exporter', () => {
  test('shows the load of this machine', async () => {
    const { url } = await keep(startNodeExporter())
    expect(await bodyOf(`${url}/metrics`)).toMatch(/^node_load1 [0-9.]+$/m)
  })
})

describeWithEngines(['kubernetes'], 'Kubernetes', () => {
  test('knows who asks, keeps what it has over a restart, and makes pods of a Deployment', async () => {
    const kubernetes = await keep(startKubernetes({ controllerManager: true }))
    expect(await kubernetes.kubectl(['version'])).toContain('Server Version: v1.36.3')
    await kubernetes.kubectl(['create', '-f', '-'], { input: JSON.stringify(deployment('smoke')) })
    const pods = () => kubernetes.kubectl(['get', 'pods', '-l', 'app=smoke', '-o', 'jsonpath={.items[*].metadata.name}'])
    await expect.poll(pods, { timeout: 30_000 }).toMatch(/^smoke-\S+ smoke-\S+$/)

    const asked = await kubernetes.tryKubectl(['get', 'pods'], { kubeconfig: await kubernetes.kubeconfig('default', 'default') })
    expect(asked).toMatchObject({ status: 1, errors: expect.stringContaining('User "system:serviceaccount:default:default" cannot list') })
    await expect(kubernetes.kubectl(['get', 'nothing'])).rejects.toThrow(/get nothing ended with status 1:.*resource type "nothing"/s)

    const before = await pods()
    await kubernetes.restartApiServer()
    expect(await pods()).toBe(before)
  })
})

const deployment = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'none' }] } },
  },
})

describeWithEngines(['chromium'], 'Chromium', () => {
  test('renders a page', async () => {
    const browser = await launchChromium()
    const page = await browser.newPage()
    await page.setContent('<p>smoke</p>')
    expect(await page.textContent('p')).toBe('smoke')
    await browser.close()
  })
})
