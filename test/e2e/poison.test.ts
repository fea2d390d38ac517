import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'

import type { Kind, LogEntry, LogStream } from '@clymene/model'
import { readLetters, type Letter } from '@clymene/storages'
import { compress, encodePushRequest, encodeWriteRequest, toHeaders } from '@clymene/wire'
import { Kafka as KafkaClient, logLevel, type Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, startKafka, startLoki, startPrometheus, type Engine, type Kafka } from '../engines/index.ts'
import { openKafkaBus } from './kafka-fixture.ts'
import { runClymene } from './run-clymene.ts'
import { startService, type Service } from './service.ts'
import { linesIn, samplesIn } from './stores.ts'
import { numbersTo, sorted } from './world.ts'

const WAIT = { timeout: 60_000, interval: 250 }
const START_MS = Date.now() - 60_000

/** `message.max.bytes`: of a batch. One record without key and headers takes 72 bytes beside its value. */
const LIMIT = 1_000_000
const LARGEST_VALUE = LIMIT - 72

/** What makes messages of one kind. */
type Making = {
  readonly kind: Kind
  readonly topic: string
  readonly storage: string
  /** Protobuf of one record with this number, padded to so many bytes. */
  readonly protobuf: (number: number, bytes?: number) => Buffer
  /** As Go writes it, and with keys that nobody knows. */
  readonly json: (number: number) => string
}

const METRICS: Making = {
  kind: 'metrics',
  topic: 'clymene',
  storage: 'prometheus',
  protobuf: (number, bytes) =>
    padded(bytes, (padding) => {
      const series = (index: number, pad: string) => ({
        labels: [['__name__', 'neighbour'] as const, ['cluster', 'p'] as const, ['i', String(index)] as const, ['pad', pad] as const],
        samples: [{ timestampMs: START_MS + number * 1000, value: number }],
      })
      return encodeWriteRequest([series(0, ''), ...chunks(padding).map((pad, index) => series(index + 1, pad))])
    }),
  json: (number) =>
    `{"further":{"a":[1,{}]},"timeseries":[{"exemplar":null,"labels":[{"name":"__name__","value":"neighbour","x":0},{"name":"cluster","value":"p"},{"name":"i","value":"0"}],"samples":[{"value":${number},"timestamp":"${START_MS + number * 1000}","y":"z"}]}]}`,
}

const LOGS: Making = {
  kind: 'logs',
  topic: 'clymene-logs',
  storage: 'loki',
  protobuf: (number, bytes) =>
    padded(bytes, (padding) => {
      const entry = (index: number, line: string) => ({ timestampNs: BigInt(START_MS + number * 1000) * 1_000_000n + BigInt(index), line })
      return encodePushRequest([
        { labels: [['cluster', 'p']], entries: [entry(0, String(number)), ...chunks(padding).map((pad, index) => entry(index + 1, pad))] },
      ])
    }),
  json: (number) => {
    const time = new Date(START_MS + number * 1000).toISOString()
    const labels = '{cluster=\\"p\\"}'
    return `{"further":1,"batch":{"streams":{"${labels}":{"hash":7,"labels":"${labels}","entries":[{"ts":"${time}","line":"${number}","z":[]}]}},"bytes":2},"tenantID":""}`
  },
}

/** Text of so many bytes in pieces that stores take as values and lines. */
const chunks = (text: string): readonly string[] => text.match(/.{1,1000}/g) ?? []

/** Adds padding until the bytes are exactly so many. */
function padded(bytes: number | undefined, encode: (padding: string) => Buffer): Buffer {
  if (bytes === undefined) return encode('')
  for (let length = Math.floor(bytes * 0.9); ;) {
    const made = encode('x'.repeat(length))
    if (made.length === bytes) return made
    length += made.length > bytes ? -1 : Math.max(Math.floor((bytes - made.length) / 2), 1)
  }
}

/** A snappy block of one literal: 7 bytes longer than what is in it. */
function literalBlock(bytes: Buffer): Buffer {
  const length = bytes.length
  const head = [(length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14]
  const last = length - 1
  return Buffer.concat([Buffer.from([...head, 62 << 2, last & 0xff, (last >> 8) & 0xff, last >> 16]), bytes])
}
const LITERAL_BYTES = 7

type Message = { readonly value: Buffer; readonly key?: string; readonly headers?: Readonly<Record<string, string>> }

/** What a record takes beside its largest key or header, further lengths and a name. */
const AROUND = 40

const poisonOf = ({ protobuf }: Making): readonly (readonly [name: string, message: Message])[] => {
  const valid = compress(protobuf(0))
  const flipped = literalBlock(protobuf(0, 20_000))
  flipped[LITERAL_BYTES] = (flipped[LITERAL_BYTES] ?? 0) ^ 1
  const values: readonly (readonly [name: string, value: Buffer])[] = [
    ['random bytes', randomBytes(500)],
    ['truncated', valid.subarray(0, -3)],
    ['a bit flipped', flipped],
    ['of another encoding', gzipSync(valid)],
    ['with a claimed length of 100 MB', Buffer.concat([Buffer.from([0x80, 0x80, 0x80, 0x32]), valid.subarray(1)])],
    ['empty', Buffer.alloc(0)],
    ["garbage of exactly the broker's limit", randomBytes(LARGEST_VALUE)],
  ]
  const value = Buffer.from('x')
  return [
    ...values.map(([name, one]) => [name, { value: one }] as const),
    ['with a key of nearly the limit', { value, key: 'é'.repeat((LARGEST_VALUE - AROUND) / 2) }],
    ['with a header of nearly the limit', { value, key: 'k', headers: { 'x-large': 'h'.repeat(LARGEST_VALUE - AROUND) } }],
  ]
}

describeWithEngines(['kafka', 'prometheus', 'loki'], 'poison between what is good', () => {
  let kafka: Kafka
  let prometheus: Engine
  let loki: Engine
  let ingester: Service
  let producer: Producer

  beforeAll(async () => {
    ;[kafka, prometheus, loki] = await Promise.all([startKafka({ messageMaxBytes: LIMIT }), startPrometheus(), startLoki()])
    producer = new KafkaClient({ brokers: [kafka.bootstrap], logLevel: logLevel.NOTHING, retry: { retries: 8 } }).producer()
    await producer.connect()
    for (const making of [METRICS, LOGS]) await sendAll(making)
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
    await Promise.all([producer?.disconnect(), ingester?.stop()])
    await Promise.all([kafka, prometheus, loki].map((engine) => engine?.stop()))
  })

  const expected = new Map<Kind, ReadonlyMap<string, Message>>()
  const neighbours = new Map<Kind, number>()

  /** Each poison has a good message before it and after it; the last are JSON with further keys, and one as large as may be. */
  async function sendAll(making: Making): Promise<void> {
    const { kind, topic, protobuf, json } = making
    const letters = new Map<string, Message>()
    const send = async (message: Message): Promise<string> => {
      const [metadata] = await producer.send({ topic, messages: [{ ...message, partition: 0 }] })
      return metadata?.baseOffset ?? ''
    }
    let number = 1
    await send({ value: compress(protobuf(number++)) })
    for (const [, message] of poisonOf(making)) {
      letters.set(await send(message), message)
      await send({ value: compress(protobuf(number++)) })
    }
    await send({ value: Buffer.from(json(number++)) })
    await send({ value: literalBlock(protobuf(number++, LARGEST_VALUE - LITERAL_BYTES)) })
    await send({ value: compress(protobuf(number)) })
    expected.set(kind, letters)
    neighbours.set(kind, number)
  }

  test('the largest message is as large as the broker takes', async () => {
    const refused = producer.send({ topic: 'clymene', messages: [{ value: Buffer.alloc(LARGEST_VALUE + 1) }] })
    await expect(refused).rejects.toThrow(/larger than the max message size|too large/i)
  })

  test.each([METRICS, LOGS])('all that is good arrives: $kind', async ({ kind }) => {
    const numbers = async (): Promise<readonly number[]> =>
      kind === 'metrics'
        ? (await samplesIn(prometheus.url, 'neighbour{i="0"}')).flatMap(({ samples }) => samples.map(([, value]) => value))
        : sorted((await linesIn(loki.url, '{cluster="p"}')).filter(({ line }) => !line.startsWith('x')).map(({ line }) => Number(line)))
    // Numbers rise with time, so that nothing is refused as out of order; a series with other labels is another one.
    await expect.poll(async () => sorted([...new Set(await numbers())]), WAIT).toEqual(numbersTo(neighbours.get(kind) ?? 0))
    const padding = async (): Promise<number> =>
      kind === 'metrics'
        ? (await samplesIn(prometheus.url, 'neighbour{i!="0"}')).length
        : (await linesIn(loki.url, '{cluster="p"} |~ "^x"')).length
    await expect.poll(padding, WAIT).toBeGreaterThan(900)
  })

  test.each([METRICS, LOGS])('each poison is one dead letter of its bytes: $kind', async ({ kind, topic, storage }) => {
    const letters = expected.get(kind) ?? new Map<string, Message>()
    await expect
      .poll(() => ingester.metric('clymene_delivery_dead_letters_total', { topic, cause: 'undecodable' }), WAIT)
      .toBe(letters.size)
    const found: Letter[] = []
    const bus = openKafkaBus(kafka.bootstrap)
    try {
      for await (const letter of readLetters({ bus, topic }, AbortSignal.timeout(60_000))) found.push(letter)
    } finally {
      await bus.close()
    }
    // Of another key: on another partition.
    const offsets = found.map(({ note }) => Number(note.origin?.offset))
    expect(sorted(offsets).map(String)).toEqual([...letters.keys()])
    for (const { note, message, parts } of found) {
      const sent = letters.get(String(note.origin?.offset))
      expect(message.value.equals(sent?.value ?? Buffer.from('none'))).toBe(true)
      expect(message.key === (sent?.key ?? '')).toBe(true)
      expect(message.extra?.['x-large'] === sent?.headers?.['x-large']).toBe(true)
      expect(note).toMatchObject({ storage, reason: expect.stringMatching(/./) })
      expect(parts > 1).toBe(sent?.value.length === LARGEST_VALUE || sent?.key !== undefined)
    }
    expect(await ingester.metric('clymene_delivery_dead_letters_total', { topic, cause: 'refused' })).toBe(0)
  })

  // What Loki has against these two it says with status 500, and will say each time.
  test('a line older than the schema of Loki, and a name that it makes nothing of: letters, and the lines of other clusters arrive', async () => {
    const topic = 'clymene-logs'
    const nowNs = BigInt(Date.now()) * 1_000_000n
    const stream = (cluster: string, ...entries: readonly LogEntry[]): LogStream => ({ labels: [['cluster', cluster]], entries })
    const message = (agent: string, ...streams: readonly LogStream[]) => {
      const headers = toHeaders({ agent, epoch: 1, sequence: 1, records: streams.flatMap(({ entries }) => entries).length })
      return { key: agent, headers, partition: 0, value: compress(encodePushRequest(streams)) }
    }
    const good = (line: string): LogEntry => ({ timestampNs: nowNs, line })
    // Numbered, so that they go in one body. The old line is the last of it: of what stands before others Loki says nothing.
    const messages = [
      message('a', stream('a', good('a'))),
      message('b', stream('b', good('b1'), { timestampNs: nowNs + 1n, line: 'bad name', metadata: [['_', 'x']] })),
      message('c', stream('d', good('d')), stream('c', { timestampNs: 1n, line: 'old' }, good('c'))),
    ]
    await producer.send({ topic, messages })
    await expect.poll(() => ingester.metric('clymene_delivery_dead_letters_total', { topic, cause: 'refused' }), WAIT).toBe(2)
    await producer.send({ topic, messages: [message('e', stream('e', good('e')))] })
    const stored = async () => (await linesIn(loki.url, '{cluster=~"[a-e]"}')).map(({ line }) => line).toSorted()
    await expect.poll(stored, WAIT).toEqual(['a', 'b1', 'c', 'd', 'e'])
    const kafkaFlag = `--kafka.consumer.brokers=${kafka.bootstrap}`
    const { stdout } = await runClymene(['replay', 'list', '--storage=loki', '--reason=/invalid name|no schema/', kafkaFlag])
    expect(stdout.map((line) => line.slice(line.indexOf('loki'))).toSorted()).toEqual([
      expect.stringMatching(/^loki +b .* 1 record +500 .* resulted in invalid name "_"$/),
      expect.stringMatching(/^loki +c .* 1 record +500 .* no schema config found for time 0$/),
    ])
  })

  test('it is listed, and refused again as nobody can read it', async () => {
    const kafkaFlag = `--kafka.consumer.brokers=${kafka.bootstrap}`
    const count = expected.get('metrics')?.size ?? 0
    const { status, stdout } = await runClymene(['replay', 'show', '--storage=prometheus', kafkaFlag])
    expect({ status, letters: stdout.filter((line) => !line.startsWith(' ')).length }).toEqual({ status: 0, letters: count })
    const url = `--prometheus.remote.url=${prometheus.url}/api/v1/write`
    const sent = await runClymene(['replay', 'send', '--storage=prometheus', url, kafkaFlag])
    expect({ status: sent.status, refused: sent.stdout.length }).toEqual({ status: 1, refused: count })
    for (const line of sent.stdout) expect(line).toContain('it cannot be read')
  })
})
