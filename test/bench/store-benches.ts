import { setTimeout as sleep } from 'node:timers/promises'

import { startService } from '../e2e/service.ts'
import type { Kafka } from '../engines/index.ts'
import type { Bench } from './bench.ts'
import { startProgram } from './program.ts'
import type { FillLogsAnswer, FillLogsQuestion } from './programs/fill-logs.ts'
import type { FillAnswer, FillQuestion } from './programs/fill.ts'
import { usageOf } from './usage.ts'

/** Of everything: so much is written before the measuring starts. */
const WARM_UP = 0.3
const LOOK_MS = 20
const GIVE_UP_MS = 300_000

type Way = {
  readonly name: string
  readonly unit: Bench['unit']
  /** Names the program that takes everything. It answers `listen` with its port, `count` with how much it has. */
  readonly store: string
  readonly fill: () => Promise<{
    /** What the store counts. */
    readonly stored: number
    /** The same in the bench's unit. */
    readonly count: number
  }>
  readonly flagsOf: (store: string, group: string) => readonly string[]
  readonly storageType: string
}

const SAMPLES = 'documents'
const LINES = 'lines'

/** Kafka → Elasticsearch, a document a sample. @param seconds of reading at 0.3 M samples a second */
export const elasticsearchBench = (kafka: Kafka, seconds: number): Bench =>
  storeBench(kafka, {
    name: 'Kafka → Elasticsearch',
    unit: 'samples',
    store: 'null-elasticsearch',
    storageType: 'elasticsearch',
    fill: async () => {
      const program = startProgram<FillQuestion, FillAnswer>('fill')
      const { samples } = await program.ask({ bootstrap: kafka.bootstrap, topic: SAMPLES, samples: seconds * 0.3e6 })
      await program.stop()
      return { stored: samples, count: samples }
    },
    flagsOf: (store) => [`--es.server-urls=${store}`, `--kafka.consumer.topic=${SAMPLES}`],
  })

/** Kafka → Loki; what counts are the bytes of the lines alone. @param seconds of reading at 150 MB a second */
export const lokiBench = (kafka: Kafka, seconds: number): Bench =>
  storeBench(kafka, {
    name: 'Kafka → Loki',
    unit: 'bytes',
    store: 'null-store',
    storageType: 'loki',
    fill: async () => {
      const program = startProgram<FillLogsQuestion, FillLogsAnswer>('fill-logs')
      const { lineBytes, uncompressedBytes } = await program.ask({ bootstrap: kafka.bootstrap, topic: LINES, lineBytes: seconds * 150e6 })
      await program.stop()
      return { stored: uncompressedBytes, count: lineBytes }
    },
    flagsOf: (store) => [`--loki.client.url=${store}/loki/api/v1/push`, `--kafka.consumer.promtail.topic=${LINES}`],
  })

let groups = 0

function storeBench(kafka: Kafka, { name, unit, store: program, storageType, fill, flagsOf }: Way): Bench {
  let filled: ReturnType<Way['fill']> | undefined
  return {
    name,
    unit,
    run: async () => {
      const all = await (filled ??= fill())
      const store = startProgram<'listen' | 'count', number>(program)
      const group = `stores-${++groups}`
      const flags = flagsOf(`http://127.0.0.1:${await store.ask('listen')}`, group)
      const ingester = await startService('ingester', {
        environment: { STORAGE_TYPE: storageType },
        flags: [`--kafka.consumer.brokers=${kafka.bootstrap}`, `--kafka.consumer.group-id=${group}`, ...flags],
      })
      const whenStored = async (atLeast: number) => {
        for (const deadline = Date.now() + GIVE_UP_MS; Date.now() < deadline; await sleep(LOOK_MS)) {
          const stored = await store.ask('count')
          if (stored >= atLeast) return { stored, ...usageOf(ingester.pid) }
        }
        throw new Error(`${name}: the store has not got everything within ${GIVE_UP_MS / 1000} s`)
      }
      try {
        const from = await whenStored(all.stored * WARM_UP)
        const to = await whenStored(all.stored)
        const count = Math.round(((to.stored - from.stored) / all.stored) * all.count)
        return { count, cpuSeconds: to.cpuSeconds - from.cpuSeconds, peakBytes: to.peakBytes }
      } finally {
        await ingester.stop()
        await store.stop()
      }
    },
    close: () => Promise.resolve(),
  }
}
