/**
 * A long outage, scaled in time: one of two stores of metrics is away while samples and lines go on to come; Loki and the other store are to
 * notice nothing, the ingester's memory is bounded, and what waited is written many times as fast as it came.
 *
 *     node_modules/.bin/node test/bench/outage.ts [--before=15] [--away=30] [--samples=50000] [--lines=5000]
 *
 * Kafka is real; the stores count and forget, so that they are not what is measured.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { startService } from '../e2e/service.ts'
import { startKafka, type Kafka } from '../engines/index.ts'
import { startProgram } from './program.ts'
import type { OutageLoadAnswer, OutageLoadQuestion } from './programs/outage-load.ts'
import type { OutageStoreAnswer, OutageStoreQuestion } from './programs/outage-store.ts'

export type OutageOptions = {
  readonly kafka: Kafka
  readonly warmUpSeconds: number
  readonly beforeSeconds: number
  readonly awaySeconds: number
  readonly samplesPerSecond: number
  readonly linesPerSecond: number
}

/** Milliseconds from the making of a message until a store has it. */
export type Ages = { readonly messages: number; readonly median: number; readonly p99: number }

export type OutageReport = {
  readonly acknowledged: OutageLoadAnswer
  /** What each store has got in the end. */
  readonly stored: { readonly prometheus: number; readonly cortex: number; readonly loki: number }
  /** Of the stores that were there, before the other one went away, while it was away, and while it caught up. */
  readonly prometheus: readonly [before: Ages, away: Ages, after: Ages]
  readonly loki: readonly [before: Ages, away: Ages, after: Ages]
  /** Samples that waited when the store came back, and how fast they went, those that came meanwhile included. */
  readonly backlog: number
  readonly drainSeconds: number
  readonly drainedPerSecond: number
  readonly peakBytes: number
}

const LOOK_MS = 50
const GIVE_UP_MS = 120_000

export async function runOutage(options: OutageOptions): Promise<OutageReport> {
  const { kafka } = options
  const open = async () => {
    const program = startProgram<OutageStoreQuestion, OutageStoreAnswer>('outage-store')
    const { port = 0 } = await program.ask('listen')
    return {
      ...program,
      url: `http://127.0.0.1:${port}`,
      records: async () => (await program.ask('count')).records ?? 0,
      ages: async () => agesOf((await program.ask('ages')).ages ?? []),
    }
  }
  const [prometheus, cortex, loki] = await Promise.all([open(), open(), open()])
  const load = startProgram<OutageLoadQuestion, OutageLoadAnswer>('outage-load')
  const ingester = await startService('ingester', {
    environment: { STORAGE_TYPE: 'prometheus,cortex,loki' },
    flags: [
      `--kafka.consumer.brokers=${kafka.bootstrap}`,
      `--prometheus.remote.url=${prometheus.url}/metrics`,
      `--cortex.distributor.url=${cortex.url}/metrics`,
      `--loki.client.url=${loki.url}/logs`,
    ],
  })
  const phase = async (seconds: number): Promise<readonly [Ages, Ages]> => {
    await Promise.all([prometheus.ages(), loki.ages()])
    await sleep(seconds * 1000)
    return Promise.all([prometheus.ages(), loki.ages()])
  }
  try {
    await load.ask({ bootstrap: kafka.bootstrap, samplesPerSecond: options.samplesPerSecond, linesPerSecond: options.linesPerSecond })
    await when(async () => {
      const { samples, lines } = await load.ask('count')
      const least = Math.min(await prometheus.records(), await cortex.records())
      return least > samples - options.samplesPerSecond / 2 && (await loki.records()) > lines - options.linesPerSecond / 2
    }, 'what came while the services started is written')
    await sleep(options.warmUpSeconds * 1000)
    const before = await phase(options.beforeSeconds)
    await cortex.ask('away')
    const away = await phase(options.awaySeconds)
    const behind = async () => (await load.ask('count')).samples - (await cortex.records())
    const backlog = await behind()
    const had = await cortex.records()
    await cortex.ask('back')
    await when(async () => (await cortex.records()) > had, 'the store is tried again')
    const start = performance.now()
    const from = await cortex.records()
    // What is under way at any moment is no backlog.
    await when(async () => (await behind()) < options.samplesPerSecond / 2, 'what waited is written')
    const drainSeconds = Math.max(performance.now() - start, 1) / 1000
    const drained = (await cortex.records()) - from
    const after = await Promise.all([prometheus.ages(), loki.ages()])
    const acknowledged = await load.ask('stop')
    const stored = async () => ({ prometheus: await prometheus.records(), cortex: await cortex.records(), loki: await loki.records() })
    const { samples, lines } = acknowledged
    await when(async () => {
      const now = await stored()
      return now.prometheus >= samples && now.cortex >= samples && now.loki >= lines
    }, 'every store has everything')
    return {
      acknowledged,
      stored: await stored(),
      prometheus: [before[0], away[0], after[0]],
      loki: [before[1], away[1], after[1]],
      backlog,
      drainSeconds,
      drainedPerSecond: drained / drainSeconds,
      peakBytes: ingester.peakMemory(),
    }
  } finally {
    await ingester.stop()
    await Promise.all([prometheus, cortex, loki, load].map((program) => program.stop()))
  }
}

async function when(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + GIVE_UP_MS; Date.now() < deadline; await sleep(LOOK_MS)) if (await condition()) return
  throw new Error(`not within ${GIVE_UP_MS / 1000} s: ${what}`)
}

function agesOf(ages: readonly number[]): Ages {
  const sorted = ages.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { messages: sorted.length, median: at(0.5), p99: at(0.99) }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      before: { type: 'string', default: '15' },
      away: { type: 'string', default: '30' },
      samples: { type: 'string', default: '50000' },
      lines: { type: 'string', default: '5000' },
    },
  })
  const kafka = await startKafka({ partitions: 3 })
  try {
    const report = await runOutage({
      kafka,
      warmUpSeconds: 10,
      beforeSeconds: Number(values.before),
      awaySeconds: Number(values.away),
      samplesPerSecond: Number(values.samples),
      linesPerSecond: Number(values.lines),
    })
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
  } finally {
    await kafka.stop()
  }
}
