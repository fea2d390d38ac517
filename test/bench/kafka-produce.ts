/**
 * CPU seconds a GiB to produce and to consume, through the bus and through kafkajs alone, at two sizes of message.
 * `node test/bench/kafka-produce.ts [MiB]`; medians of three interleaved runs. docs/adr has what followed from it.
 */
import {
  createKafkaBus,
  kafkaConsumerFlags,
  kafkaConsumerOptions,
  kafkaProducerFlags,
  kafkaProducerOptions,
  type KafkaBus,
} from '@clymene/bus'
import { PROTOBUF, type Envelope } from '@clymene/model'
import { createMetrics, parseFlags, silentLogger } from '@clymene/runtime'
import { Kafka, logLevel, Partitioners } from 'kafkajs'

import { startKafka } from '../engines/index.ts'

const MIB = 1 << 20
const TOTAL = Number(process.argv[2] ?? 256) * MIB

const kafka = await startKafka({ partitions: 3 })
const bus = open(kafka.bootstrap)
const client = new Kafka({ brokers: [kafka.bootstrap], logLevel: logLevel.NOTHING })
const results = new Map<string, number[]>()
try {
  for (let round = 0; round < 3; round++) {
    for (const size of [1024, 65_536]) {
      const topics = [`bus-${size}-${round}`, `kafkajs-${size}-${round}`] as const
      await measure(`produce ${size} B, bus`, () => produceByBus(topics[0], size))
      await measure(`produce ${size} B, kafkajs alone`, () => produceByKafkajs(topics[1], size))
      await measure(`consume ${size} B, bus`, () => consumeByBus(topics[0], size))
      await measure(`consume ${size} B, kafkajs alone`, () => consumeByKafkajs(topics[1], size))
    }
  }
  for (const [name, runs] of results)
    process.stdout.write(`${name.padEnd(34)} ${runs.toSorted((a, b) => a - b)[1]!.toFixed(2)} CPU s/GiB\n`)
} finally {
  await bus.close()
  await kafka.stop()
}

async function measure(name: string, act: () => Promise<void>): Promise<void> {
  const before = process.cpuUsage()
  await act()
  const { user, system } = process.cpuUsage(before)
  results.set(name, [...(results.get(name) ?? []), (user + system) / 1e6 / (TOTAL / 1024 ** 3)])
}

function open(bootstrap: string): KafkaBus {
  const argv = [`--kafka.producer.brokers=${bootstrap}`, `--kafka.consumer.brokers=${bootstrap}`]
  const { values } = parseFlags({ ...kafkaProducerFlags, ...kafkaConsumerFlags }, argv, {})
  return createKafkaBus({
    producer: kafkaProducerOptions(values),
    consumer: kafkaConsumerOptions(values),
    kindOf: () => 'metrics',
    metrics: createMetrics(),
    logger: silentLogger,
  })
}

/** 64 senders, each with one message of `size` bytes in flight. */
async function produceByBus(topic: string, size: number): Promise<void> {
  const value = Buffer.alloc(size, 'x')
  let left = Math.ceil(TOTAL / size)
  let sequence = 0
  const sender = async (key: string): Promise<void> => {
    while (left-- > 0) {
      const envelope: Envelope = {
        kind: 'metrics',
        key,
        value,
        headers: { contentType: PROTOBUF, agent: 'a', epoch: 1, sequence: sequence++, scanned: true },
      }
      await bus.produce(topic, [envelope], new AbortController().signal)
    }
  }
  await Promise.all(Array.from({ length: senders(size) }, (_, index) => sender(`team/cluster-${index}/agent/0`)))
}

/** As many as make batches of about a MiB on three partitions. */
function senders(size: number): number {
  return Math.ceil((3 * MIB) / size)
}

/** The same by producer.send, batched by hand to a MiB. */
async function produceByKafkajs(topic: string, size: number): Promise<void> {
  const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const value = Buffer.alloc(size, 'x')
  const headers = { 'content-type': PROTOBUF, 'clymene-agent': 'a', 'clymene-epoch': '1', 'clymene-sequence': '1', 'clymene-scanned': '1' }
  const batches = Math.ceil(TOTAL / MIB)
  let sent = 0
  const partition = async (index: number): Promise<void> => {
    while (sent++ < batches) {
      const messages = Array.from({ length: MIB / size }, () => ({ key: 'team/cluster/agent/0', value, headers, partition: index }))
      await producer.send({ topic, acks: -1, messages })
    }
  }
  await Promise.all([0, 1, 2].map(partition))
  await producer.disconnect()
}

async function consumeByBus(topic: string, size: number): Promise<void> {
  const stop = new AbortController()
  let left = Math.ceil(TOTAL / size)
  const handle = ({ records }: { readonly records: readonly unknown[] }): Promise<void> => {
    left -= records.length
    if (left <= 0) stop.abort()
    return Promise.resolve()
  }
  await bus.consume(topic, `bench-${topic}`, handle, stop.signal)
}

async function consumeByKafkajs(topic: string, size: number): Promise<void> {
  const consumer = client.consumer({ groupId: `bench-${topic}`, maxWaitTimeInMs: 250 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const done = Promise.withResolvers<void>()
  let left = Math.ceil(TOTAL / size)
  await consumer.run({
    eachBatch: ({ batch }) => {
      left -= batch.messages.length
      if (left <= 0) done.resolve()
      return Promise.resolve()
    },
  })
  await done.promise
  await consumer.disconnect()
}
