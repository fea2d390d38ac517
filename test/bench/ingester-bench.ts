import { setTimeout as sleep } from 'node:timers/promises'

import { startService } from '../e2e/service.ts'
import type { Kafka } from '../engines/index.ts'
import type { Bench } from './bench.ts'
import { startProgram, type Program } from './program.ts'
import type { BareIngesterQuestion } from './programs/bare-ingester.ts'
import type { FillAnswer, FillQuestion } from './programs/fill.ts'
import type { NullStoreQuestion } from './programs/null-store.ts'
import { usageOf } from './usage.ts'

const TOPIC = 'full'
/** Of all messages: so much is read before the measuring starts. */
const WARM_UP = 0.3
const LOOK_MS = 20
const GIVE_UP_MS = 120_000

type UnderTest = { readonly pid: number; readonly stop: () => Promise<void> }
type Start = (kafka: Kafka, options: { readonly group: string; readonly store: string }) => Promise<UnderTest>

/** A topic that is full before the reading starts. */
export type FullTopic = FillAnswer & { readonly kafka: Kafka }

/** @param seconds of reading at 4 M samples a second. */
export async function fillTopic(kafka: Kafka, seconds: number): Promise<FullTopic> {
  const program = startProgram<FillQuestion, FillAnswer>('fill')
  const filled = await program.ask({ bootstrap: kafka.bootstrap, topic: TOPIC, samples: seconds * 4e6 })
  await program.stop()
  return { ...filled, kafka }
}

/** Kafka → remote write: the service as its users start it. */
export const ingesterBench = (topic: FullTopic): Bench => readerBench('Kafka → sink', topic, startIngester)

/** The same by a prototype without a service around it. */
export const bareIngesterBench = (topic: FullTopic): Bench => readerBench('  bare prototype, kafkajs', topic, startBareIngester)

let groups = 0

function readerBench(name: string, topic: FullTopic, start: Start): Bench {
  return {
    name,
    unit: 'samples',
    run: async () => {
      const store = startProgram<NullStoreQuestion, number>('null-store')
      const port = await store.ask('listen')
      const reader = await start(topic.kafka, { group: `bench-${++groups}`, store: `http://127.0.0.1:${port}` })
      try {
        const from = await whenStored(store, reader.pid, topic.uncompressedBytes * WARM_UP)
        const to = await whenStored(store, reader.pid, topic.uncompressedBytes)
        const count = Math.round(((to.bytes - from.bytes) / topic.uncompressedBytes) * topic.samples)
        return { count, cpuSeconds: to.cpuSeconds - from.cpuSeconds, peakBytes: to.peakBytes }
      } finally {
        await reader.stop()
        await store.stop()
      }
    },
    close: () => Promise.resolve(),
  }
}

async function whenStored(store: Program<NullStoreQuestion, number>, pid: number, atLeast: number) {
  for (const deadline = Date.now() + GIVE_UP_MS; Date.now() < deadline; await sleep(LOOK_MS)) {
    const bytes = await store.ask('count')
    if (bytes >= atLeast) return { bytes, ...usageOf(pid) }
  }
  throw new Error(`the store has not got everything within ${GIVE_UP_MS / 1000} s`)
}

const startIngester: Start = (kafka, { group, store }) =>
  startService('ingester', {
    environment: { STORAGE_TYPE: 'prometheus' },
    flags: [
      `--kafka.consumer.brokers=${kafka.bootstrap}`,
      `--kafka.consumer.topic=${TOPIC}`,
      `--kafka.consumer.group-id=${group}`,
      `--prometheus.remote.url=${store}/api/v1/write`,
    ],
  })

const startBareIngester: Start = async (kafka, options) => {
  const program = startProgram<BareIngesterQuestion, true>('bare-ingester')
  await program.ask({ bootstrap: kafka.bootstrap, topic: TOPIC, ...options })
  return program
}
