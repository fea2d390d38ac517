import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { compress, encodeWriteRequest } from '@clymene/wire'
import { Kafka as KafkaClient, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { commandsOf } from '../docs/commands.ts'
import { describeWithEngines, startKafka, startLoki, startPrometheus, type Engine, type Kafka } from '../engines/index.ts'
import { kafkaClasses } from '../engines/kafka.ts'
import { javaOptions } from '../engines/maven.ts'
import { runCommand } from '../engines/run-command.ts'
import { withAdmin } from './kafka-admin.ts'
import { readTopic } from './read-topic.ts'
import { startService, type Service } from './service.ts'
import { linesIn, samplesIn } from './stores.ts'
import { numbersTo, sorted } from './world.ts'

const WAIT = { timeout: 90_000, interval: 250 }
const COUNT = 30
const START_MS = Date.now() - COUNT * 1000

describeWithEngines(['kafka', 'prometheus', 'loki'], 'messages of Go Clymene, which have neither key nor headers', () => {
  let kafka: Kafka
  let prometheus: Engine
  let loki: Engine
  let ingester: Service

  beforeAll(async () => {
    ;[kafka, prometheus, loki] = await Promise.all([startKafka({ partitions: 3 }), startPrometheus(), startLoki()])
    await send('clymene', [
      ...numbersTo(COUNT).map((number) => protobufOf(number)),
      GARBAGE,
      ...numbersTo(COUNT).map((number) => metricsJsonOf(number)),
      METRICS_OF_ANOTHER_SHAPE,
      protobufOf(COUNT + 1),
      metricsJsonOf(COUNT + 1),
    ])
    await send('clymene-logs', [...numbersTo(COUNT).map((number) => logsJsonOf(number)), GARBAGE, LOGS_WITHOUT_TIME, logsJsonOf(COUNT + 1)])
    ingester = await startService('ingester', {
      environment: { STORAGE_TYPE: 'prometheus,loki' },
      flags: [
        `--kafka.consumer.brokers=${kafka.bootstrap}`,
        `--prometheus.remote.url=${prometheus.url}/api/v1/write`,
        `--loki.client.url=${loki.url}/loki/api/v1/push`,
      ],
    })
  })
  afterAll(async () => {
    await ingester?.stop()
    await Promise.all([kafka, prometheus, loki].map((engine) => engine?.stop()))
  })

  /** All to one partition, so that what cannot be read stands between what can. */
  async function send(topic: string, values: readonly Buffer[]): Promise<void> {
    const producer = new KafkaClient({ brokers: [kafka.bootstrap], logLevel: logLevel.NOTHING }).producer({ allowAutoTopicCreation: true })
    await producer.connect()
    await producer.send({ topic, messages: values.map((value) => ({ value, partition: 0 })) })
    await producer.disconnect()
  }

  describe('samples arrive', () => {
    test.each(['go_protobuf', 'go_json'])('%s', async (name) => {
      const samples = async () => (await samplesIn(prometheus.url, `${name}{cluster="go"}`)).flatMap((series) => series.samples)
      await expect.poll(samples, WAIT).toEqual(numbersTo(COUNT + 1).map((number) => [START_MS + number * 1000, number]))
    })
  })

  test('lines arrive', async () => {
    const lines = async () => sorted((await linesIn(loki.url, '{cluster="go",pod="web-0"}')).map(({ line }) => Number(line)))
    await expect.poll(lines, WAIT).toEqual(numbersTo(COUNT + 1))
  })

  test.each([
    { topic: 'clymene', storage: 'prometheus', refused: () => [GARBAGE, METRICS_OF_ANOTHER_SHAPE] },
    { topic: 'clymene-logs', storage: 'loki', refused: () => [GARBAGE, LOGS_WITHOUT_TIME] },
  ])(
    'what cannot be read is a dead letter of $topic, byte by byte, with the reason and where it stood',
    async ({ topic, storage, refused }) => {
      await expect.poll(() => ingester.metric('clymene_delivery_dead_letters_total', { topic, cause: 'undecodable' }), WAIT).toBe(2)
      const letters: { readonly value: string | undefined; readonly headers: Readonly<Record<string, string | undefined>> }[] = []
      await readTopic(kafka.bootstrap, `${topic}-dead-letter`, ({ value, headers = {} }) => {
        letters.push({
          value: value?.toString(),
          headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, header?.toString()])),
        })
      })
      // Both stood on one partition, but the letters may be spread.
      expect(new Set(letters.map(({ value }) => value))).toEqual(new Set(refused().map(String)))
      expect(letters).toHaveLength(2)
      for (const { headers } of letters) {
        expect(headers).toMatchObject({
          'clymene-dl-storage': storage,
          'clymene-dl-topic': topic,
          'clymene-dl-partition': '0',
          'clymene-dl-offset': expect.stringMatching(/^[1-9]\d*$/),
          'clymene-dl-reason': expect.stringMatching(/./),
        })
      }
    },
  )

  test('the way back: the group of Go gets the offsets of ours by the commands of docs/migrate.md', async () => {
    await ingester.stop()
    const tools = mkdtempSync(join(tmpdir(), 'clymene-kafka-tools-'))
    try {
      const program = [
        'java',
        ...javaOptions('96m'),
        '-cp',
        `'${kafkaClasses}/*'`,
        'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
      ]
      writeFileSync(join(tools, 'kafka-consumer-groups.sh'), `#!/bin/sh\nexec ${program.join(' ')} "$@"\n`, { mode: 0o755 })
      const typed = commandsOf('docs/migrate.md').filter(({ command }) => command.startsWith('kafka-consumer-groups.sh'))
      expect(typed).toHaveLength(2)
      for (const { command } of typed)
        await runCommand('sh', ['-euc', `cd ${tools}; PATH=${tools}:$PATH; ${command.replace('kafka.kafka:9092', kafka.bootstrap)}`])
    } finally {
      rmSync(tools, { recursive: true })
    }
    const [go, ours] = await withAdmin(kafka.bootstrap, (admin) =>
      Promise.all(
        ['clymene', 'clymene-prometheus-clymene'].map(async (groupId) => {
          const [topic] = await admin.fetchOffsets({ groupId, topics: ['clymene'] })
          return topic?.partitions.map(({ partition, offset }) => `${partition} ${offset}`).toSorted()
        }),
      ),
    )
    expect(go).toEqual(ours)
    expect(go).toContain(`0 ${2 * COUNT + 4}`)
  })
})

const GARBAGE = Buffer.from('this is neither snappy nor JSON, and was never a message')
const METRICS_OF_ANOTHER_SHAPE = Buffer.from('{"timeseries":[{"labels":[{"name":"__name__","value":"x"}],"samples":[{"value":[]}]}]}')
const LOGS_WITHOUT_TIME = Buffer.from(
  '{"batch":{"streams":{"{a=\\"b\\"}":{"labels":"{a=\\"b\\"}","entries":[{"line":"x"}]}}},"tenantID":""}',
)

const protobufOf = (number: number): Buffer =>
  compress(
    encodeWriteRequest([
      {
        labels: [
          ['__name__', 'go_protobuf'],
          ['cluster', 'go'],
        ],
        samples: [{ timestampMs: START_MS + number * 1000, value: number }],
      },
    ]),
  )

/** As gogo's jsonpb writes it: 64-bit integers are strings. */
const metricsJsonOf = (number: number): Buffer =>
  Buffer.from(
    `{"timeseries":[{"labels":[{"name":"__name__","value":"go_json"},{"name":"cluster","value":"go"}],"samples":[{"value":${number},"timestamp":"${START_MS + number * 1000}"}]}]}`,
  )

/** As encoding/json writes a batch of promtail's. */
const logsJsonOf = (number: number): Buffer => {
  const time = new Date(START_MS + number * 1000).toISOString()
  const labels = '{cluster=\\"go\\", pod=\\"web-0\\"}'
  return Buffer.from(
    `{"batch":{"streams":{"${labels}":{"labels":"${labels}","entries":[{"ts":"${time}","line":"${number}"}]}},"bytes":2,"createdAt":"${time}"},"tenantID":""}`,
  )
}
