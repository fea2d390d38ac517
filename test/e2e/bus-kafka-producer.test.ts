import { randomBytes } from 'node:crypto'

import { PROTOBUF, type Envelope, type LogStream, type TimeSeries } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { compress, decodePushRequest, decodeWriteRequest, decompress, encodePushRequest, encodeWriteRequest } from '@clymene/wire'
import kafkajs, { Kafka, logLevel, type KafkaMessage } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { describeWithEngines, freePort, readByConsole, startKafkaCluster, type KafkaCluster } from '../engines/index.ts'
import { never, WAIT_MS } from './bus-traffic.ts'
import { openKafkaBus, withAdmin, type KafkaFixtureOptions } from './kafka-fixture.ts'
import { startService } from './service.ts'

const LIMIT = 200_000
const HEADROOM = 64 * 1024
const OPEN_BYTES = 1 << 26

const text = (bytes: number): string => randomBytes(bytes / 2).toString('hex')

const seriesOf = (count: number, samples = 3): readonly TimeSeries[] =>
  Array.from({ length: count }, (_, index) => ({
    labels: [
      ['__name__', 'up'],
      ['i', `${index} ${text(100)}`],
    ],
    samples: Array.from({ length: samples }, (_sample, at) => ({ timestampMs: 1_700_000_000_000 + at, value: at })),
  }))

const streamsOf = (...sizes: readonly number[]): readonly LogStream[] => [
  { labels: [['app', 'a']], entries: sizes.map((bytes, index) => ({ timestampNs: BigInt(index + 1), line: text(bytes) })) },
]

const metrics = (all: readonly TimeSeries[], sequence: number): Envelope => ({
  kind: 'metrics',
  key: 'k',
  value: compress(encodeWriteRequest(all)),
  headers: { ...NUMBERED, sequence, records: all.reduce((sum, { samples }) => sum + samples.length, 0) },
})
const logs = (all: readonly LogStream[], sequence: number): Envelope => ({
  kind: 'logs',
  key: 'k',
  value: compress(encodePushRequest(all)),
  headers: { ...NUMBERED, sequence, records: all.reduce((sum, { entries }) => sum + entries.length, 0) },
})
const NUMBERED = { contentType: PROTOBUF, scanned: true, agent: 'a', epoch: 1 }

const numberOf = ({ headers }: KafkaMessage): number => Number(headers?.['clymene-sequence'])
const seriesIn = ({ value }: KafkaMessage): readonly TimeSeries[] => decodeWriteRequest(decompress(value!, OPEN_BYTES))
const linesIn = ({ value }: KafkaMessage): readonly string[] =>
  decodePushRequest(decompress(value!, OPEN_BYTES)).flatMap(({ entries }) => entries.map(({ line }) => line))
const linesOf = (streams: readonly LogStream[]): readonly string[] => streams.flatMap(({ entries }) => entries.map(({ line }) => line))

/** Topics that tests read back, of one partition and three replicas, and `max.message.bytes` at first. */
const TOPICS = { large: LIMIT, lowered: 10 * LIMIT, refused: LIMIT, taken: LIMIT, 'taken-logs': LIMIT }
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

describeWithEngines(['kafka'], 'the producer at three brokers', () => {
  let cluster: KafkaCluster
  let reader: Awaited<ReturnType<typeof openReader>>
  const opened: { close: () => Promise<void> }[] = []
  beforeAll(async () => {
    cluster = await startKafkaCluster(3)
    await createTopics([
      ...Object.entries(TOPICS).map(([topic, limit]) => topicOf(topic, 3, limit)),
      ...CODECS.map((codec) => topicOf(`compressed-${codec}`, 3)),
      topicOf('weak', 1),
    ])
    reader = await openReader(cluster.bootstrap, Object.keys(TOPICS))
  }, WAIT_MS)
  afterAll(async () => {
    await Promise.all([reader?.close(), ...opened.splice(0).map((bus) => bus.close())])
    await cluster?.stop()
  }, WAIT_MS)

  const open = (options: KafkaFixtureOptions = {}) => {
    const bus = openKafkaBus(cluster.bootstrap, options)
    opened.push(bus)
    return bus
  }
  const topicOf = (topic: string, replicationFactor: number, limit = LIMIT) => ({
    topic,
    numPartitions: 1,
    replicationFactor,
    configEntries: [{ name: 'max.message.bytes', value: String(limit) }],
  })
  const createTopics = (topics: readonly ReturnType<typeof topicOf>[]): Promise<unknown> =>
    withAdmin(cluster.bootstrap, async (admin) => {
      await admin.createTopics({ topics: [...topics], waitForLeaders: false })
      await vi.waitFor(() => admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) }), WAIT_MS)
    })
  const expectHeadroom = (messages: readonly KafkaMessage[]): void => {
    for (const { value } of messages) expect(value!.length).toBeLessThan(LIMIT - HEADROOM)
  }

  describe('topics', () => {
    test('one that is missing is made safe when something is sent to it, not before, and said to be so', async () => {
      const told: string[] = []
      const logger = {
        ...silentLogger,
        info: (message: string, fields: unknown) => void told.push(`${message} ${JSON.stringify(fields)}`),
        warn: (message: string) => void told.push(message),
      }
      const bus = open({ logger, argv: ['--kafka.producer.topic=made', '--kafka.producer.topic-partitions=2'] })
      await vi.waitFor(() => expect(told).toContain('Kafka topic does not exist yet {"topic":"made","isMadeWhenNeeded":true}'), WAIT_MS)
      await bus.produce('made', [metrics(seriesOf(1), 1)], never())
      await withAdmin(cluster.bootstrap, async (admin) => {
        const { topics } = await admin.fetchTopicMetadata({ topics: ['made'] })
        expect(topics[0]!.partitions.map(({ replicas }) => replicas.length)).toEqual([3, 3])
        const type = kafkajs.ConfigResourceTypes.TOPIC
        const { resources } = await admin.describeConfigs({ resources: [{ type, name: 'made' }], includeSynonyms: false })
        const config = new Map(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]))
        expect(config.get('min.insync.replicas')).toBe('2')
        expect(config.get('retention.ms')).toBe(String(72 * 3_600_000))
      })
      expect(told).toEqual(
        expect.arrayContaining([
          'topic created {"topic":"made","partitions":2,"replication":3,"minInSyncReplicas":2,"retentionMs":259200000}',
          'Kafka topic {"topic":"made","brokers":3,"partitions":2,"replicas":3,"inSyncReplicas":3,"maxMessageBytes":10485760,' +
            '"minInSyncReplicas":2,"retentionHours":72}',
        ]),
      )
      expect(told.filter((line) => /lost/.test(line))).toEqual([])
    })

    test('one that a broker could lose is a warning and a metric from the start', async () => {
      const warnings: string[] = []
      const own = createMetrics()
      open({ metrics: own, logger: { ...silentLogger, warn: (line) => void warnings.push(line) }, argv: ['--kafka.producer.topic=weak'] })
      await vi.waitFor(() => expect(warnings).toEqual([expect.stringMatching(/lost when a broker fails: .* on one broker only/)]), WAIT_MS)
      const exposed = await own.registry.metrics()
      expect(exposed).toContain('clymene_kafka_topic_at_risk{topic="weak"} 1')
      expect(exposed).toContain(`clymene_kafka_topic_max_message_bytes{topic="weak"} ${LIMIT}`)
    })
  })

  describe('a message over the limit of its topic', () => {
    test('goes in pieces between its series, in order between its neighbours, under one number', async () => {
      const bus = open()
      const all = [seriesOf(1), seriesOf(6000), seriesOf(1)]
      await Promise.all(all.map((series, index) => bus.produce('large', [metrics(series, index + 1)], never())))
      const found = await reader.messagesOf('large')
      expectHeadroom(found)
      const numbers = found.map(numberOf)
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
      expect(numbers.filter((number) => number === 2).length).toBeGreaterThan(3)
      expect(found.flatMap(seriesIn)).toEqual(all.flat())
    })

    test('is cut by the limit as it is when the broker refuses it', async () => {
      const bus = open()
      await bus.produce('lowered', [metrics(seriesOf(1), 1)], never())
      await withAdmin(cluster.bootstrap, (admin) =>
        admin.alterConfigs({
          validateOnly: false,
          resources: [
            {
              type: kafkajs.ConfigResourceTypes.TOPIC,
              name: 'lowered',
              configEntries: [{ name: 'max.message.bytes', value: String(LIMIT) }],
            },
          ],
        }),
      )
      const all = seriesOf(6000)
      await bus.produce('lowered', [metrics(all, 2)], never())
      const found = await reader.messagesOf('lowered')
      expectHeadroom(found)
      expect(found.slice(1).flatMap(seriesIn)).toEqual(all)
    })

    test('with an entry that nobody could store is refused for that entry alone', async () => {
      const streams = streamsOf(1000, 1_000_000, 90_000, 90_000)
      await expect(open().produce('refused', [logs(streams, 1)], never())).rejects.toMatchObject({
        name: 'PermanentError',
        refused: [
          { delivery: 0, record: 1, reason: expect.stringMatching(/^one entry of \d+ bytes is too large: .*MESSAGE_TOO_LARGE for topic/) },
        ],
      })
      expect((await reader.messagesOf('refused')).flatMap(linesIn)).toEqual(linesOf(streams).filter((_, index) => index !== 1))
    })

    test('that a gateway takes is acknowledged when all its pieces are', async () => {
      const port = await freePort()
      const gateway = await startService('gateway', {
        environment: { STORAGE_TYPE: 'kafka' },
        flags: [
          `--kafka.producer.brokers=${cluster.bootstrap}`,
          '--kafka.producer.topic=taken',
          '--kafka.producer.promtail.topic=taken-logs',
          `--gateway.http-server.host-port=127.0.0.1:${port}`,
          `--gateway.grpc-server.host-port=127.0.0.1:${await freePort()}`,
        ],
      })
      const post = async (path: string, body: Buffer) => {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: new Uint8Array(body) })
        return { status: answer.status, text: await answer.text() }
      }
      try {
        const series = seriesOf(6000)
        expect(await post('/api/v1/write', metrics(series, 0).value)).toMatchObject({ status: 204 })
        const found = await reader.messagesOf('taken')
        expect(found.length).toBeGreaterThan(3)
        expect(found.flatMap(seriesIn)).toEqual(series)
        expect(await gateway.metric('clymene_kafka_cut_messages_total', { topic: 'taken' })).toBe(1)

        const streams = streamsOf(100_000, 1_000_000, 1000)
        expect(await post('/loki/api/v1/push', logs(streams, 0).value)).toEqual({
          status: 413,
          text: expect.stringMatching(/^kafka refused .*one entry of \d+ bytes is too large/),
        })
        expect((await reader.messagesOf('taken-logs')).flatMap(linesIn)).toEqual(linesOf(streams).filter((_, index) => index !== 1))
      } finally {
        await gateway.stop()
      }
    })
  })

  test("every compression is read by Kafka's own client", async () => {
    const line = (codec: string, index: number): string => `${codec} ${index} ${'x'.repeat(300)}`
    await Promise.all(
      CODECS.map(async (compression) => {
        const bus = open({ argv: [`--kafka.producer.compression=${compression}`] })
        const envelopes = Array.from({ length: 40 }, (_, index) => ({ ...metrics([], 1), value: Buffer.from(line(compression, index)) }))
        await bus.produce(`compressed-${compression}`, envelopes, never())
      }),
    )
    const found = await readByConsole(cluster.bootstrap, /compressed-.*/, CODECS.length * 40)
    expect(Object.fromEntries(CODECS.map((codec) => [codec, found.filter((value) => value.startsWith(`${codec} `))]))).toEqual(
      Object.fromEntries(CODECS.map((codec) => [codec, Array.from({ length: 40 }, (_, index) => line(codec, index))])),
    )
  })
})

/** Reads topics of one partition from their beginning on; one member for all tests, because to join a group takes longest. */
async function openReader(bootstrap: string, topics: readonly string[]) {
  const seen = new Map<string, KafkaMessage[]>()
  const consumer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).consumer({ groupId: 'reader' })
  await consumer.connect()
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  await consumer.run({
    eachMessage: ({ topic, message }) => {
      seen.set(topic, [...(seen.get(topic) ?? []), message])
      return Promise.resolve()
    },
  })
  return {
    /** All that the topic holds at the moment of the call. */
    messagesOf: async (topic: string): Promise<readonly KafkaMessage[]> => {
      const [offsets] = await withAdmin(bootstrap, (admin) => admin.fetchTopicOffsets(topic))
      const count = Number(offsets!.high)
      await vi.waitFor(() => expect(seen.get(topic) ?? []).toHaveLength(count), WAIT_MS)
      return seen.get(topic) ?? []
    },
    close: () => consumer.disconnect(),
  }
}
