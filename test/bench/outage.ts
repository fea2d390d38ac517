/**
 * A long outage, scaled in time: one of two stores of metrics is away while samples and lines go on to come; Loki and the other store are to
 * notice nothing, the ingester's memory is bounded, and what waited is written many times as fast as it came. Some times one after
 * the other, as the slowest message in a hundred depends on what else the machine does.
 *
 *     node_modules/.bin/node test/bench/outage.ts [--rounds=3] [--before=15] [--away=15] [--gone=prometheus|cortex] [--samples=50000] [--lines=5000]
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
import { usageOf } from './usage.ts'

export type OutageOptions = {
  readonly kafka: Kafka
  /** Which one goes away. Bodies for `cortex` hold one message of an agent, those for `prometheus` as many as there are. */
  readonly gone: 'prometheus' | 'cortex'
  readonly rounds: number
  readonly warmUpSeconds: number
  readonly beforeSeconds: number
  readonly awaySeconds: number
  readonly samplesPerSecond: number
  readonly linesPerSecond: number
}

/** Milliseconds from the making of a message until a store has it. */
export type Ages = { readonly messages: number; readonly median: number; readonly p99: number }

type Phase = 'before' | 'away' | 'drain'
/** Of a store that is there, by phase. */
export type AgesByPhase = Readonly<Record<Phase, Ages>>

export type Round = {
  /** Of the stores that were there. */
  readonly metrics: AgesByPhase
  readonly logs: AgesByPhase
  /** Samples that waited when the store came back. */
  readonly backlog: number
  /** From its return until somebody tried it. */
  readonly noticedSeconds: number
  /** From then on until it had what waited, and the samples a second that it got, those that came meanwhile included. */
  readonly drainSeconds: number
  readonly drainedPerSecond: number
  /** Samples of a body then. */
  readonly samplesPerBody: number
  /** Most memory that the ingester has had until the end of each phase, bytes. */
  readonly peakBytes: Readonly<Record<Phase, number>>
  /** CPU-seconds a second of each process then: the machine's cores are what all have together. */
  readonly cpu: Readonly<Record<'ingester' | 'kafka' | 'load' | 'gone' | 'others', number>>
}

export type OutageReport = {
  readonly acknowledged: OutageLoadAnswer
  /** What each store has got in the end. */
  readonly stored: { readonly prometheus: number; readonly cortex: number; readonly loki: number }
  readonly rounds: readonly Round[]
  /** Of all rounds together. */
  readonly metrics: AgesByPhase
  readonly logs: AgesByPhase
  readonly peakBytes: number
}

const LOOK_MS = 50
const GIVE_UP_MS = 120_000

export async function runOutage(options: OutageOptions): Promise<OutageReport> {
  const { kafka } = options
  const [prometheus, cortex, loki] = await Promise.all([openStore(), openStore(), openStore()])
  const [gone, other] = options.gone === 'cortex' ? [cortex, prometheus] : [prometheus, cortex]
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
  const seen = { metrics: createPhases(), logs: createPhases() }
  const behind = async () => (await load.ask('count')).samples - (await gone.count()).records
  const cpu = (): Round['cpu'] => ({
    ingester: usageOf(ingester.pid).cpuSeconds,
    kafka: usageOf(kafka.pid).cpuSeconds,
    load: usageOf(load.pid).cpuSeconds,
    gone: usageOf(gone.pid).cpuSeconds,
    others: usageOf(other.pid).cpuSeconds + usageOf(loki.pid).cpuSeconds,
  })
  const drain = async () => {
    const backlog = await behind()
    const had = (await gone.count()).records
    const back = performance.now()
    await gone.ask('back')
    await when(async () => (await gone.count()).records > had, 'the store is tried again')
    const start = performance.now()
    const [from, usedBefore] = [await gone.count(), cpu()]
    // What is under way at any moment is no backlog.
    await when(async () => (await behind()) < options.samplesPerSecond / 2, 'what waited is written')
    const drainSeconds = Math.max(performance.now() - start, 1) / 1000
    const [to, usedAfter] = [await gone.count(), cpu()]
    const used = (name: keyof Round['cpu']): number => (usedAfter[name] - usedBefore[name]) / drainSeconds
    const drained = to.records - from.records
    return {
      backlog,
      noticedSeconds: (start - back) / 1000,
      drainSeconds,
      drainedPerSecond: drained / drainSeconds,
      samplesPerBody: drained / (to.bodies - from.bodies),
      cpu: { ingester: used('ingester'), kafka: used('kafka'), load: used('load'), gone: used('gone'), others: used('others') },
    }
  }
  const round = async (): Promise<Round> => {
    const ages = { metrics: createPhases(), logs: createPhases() }
    const peakBytes = { before: 0, away: 0, drain: 0 }
    const observe = async <T>(phase: Phase, during: Promise<T>): Promise<T> => {
      await Promise.all([other.ages(), loki.ages()])
      const result = await during
      const [metrics, logs] = await Promise.all([other.ages(), loki.ages()])
      for (const phases of [ages, seen]) {
        phases.metrics[phase].push(...metrics)
        phases.logs[phase].push(...logs)
      }
      peakBytes[phase] = ingester.peakMemory()
      return result
    }
    await observe('before', sleep(options.beforeSeconds * 1000))
    await gone.ask('away')
    await observe('away', sleep(options.awaySeconds * 1000))
    const drained = await observe('drain', drain())
    return { metrics: agesOf(ages.metrics), logs: agesOf(ages.logs), peakBytes, ...drained }
  }
  try {
    await load.ask({ bootstrap: kafka.bootstrap, samplesPerSecond: options.samplesPerSecond, linesPerSecond: options.linesPerSecond })
    await when(async () => {
      const { samples, lines } = await load.ask('count')
      const least = Math.min((await prometheus.count()).records, (await cortex.count()).records)
      return least > samples - options.samplesPerSecond / 2 && (await loki.count()).records > lines - options.linesPerSecond / 2
    }, 'what came while the services started is written')
    await sleep(options.warmUpSeconds * 1000)
    const rounds: Round[] = []
    for (let count = 0; count < options.rounds; count++) rounds.push(await round())
    const acknowledged = await load.ask('stop')
    const stored = async () => ({
      prometheus: (await prometheus.count()).records,
      cortex: (await cortex.count()).records,
      loki: (await loki.count()).records,
    })
    const { samples, lines } = acknowledged
    await when(async () => {
      const now = await stored()
      return now.prometheus >= samples && now.cortex >= samples && now.loki >= lines
    }, 'every store has everything')
    return {
      acknowledged,
      stored: await stored(),
      rounds,
      metrics: agesOf(seen.metrics),
      logs: agesOf(seen.logs),
      peakBytes: ingester.peakMemory(),
    }
  } finally {
    await ingester.stop()
    await Promise.all([prometheus, cortex, loki, load].map((program) => program.stop()))
  }
}

async function openStore() {
  const program = startProgram<OutageStoreQuestion, OutageStoreAnswer>('outage-store')
  const { port = 0 } = await program.ask('listen')
  return {
    ...program,
    url: `http://127.0.0.1:${port}`,
    count: async () => {
      const { records = 0, bodies = 0 } = await program.ask('count')
      return { records, bodies }
    },
    ages: async () => (await program.ask('ages')).ages ?? [],
  }
}

async function when(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + GIVE_UP_MS; Date.now() < deadline; await sleep(LOOK_MS)) if (await condition()) return
  throw new Error(`not within ${GIVE_UP_MS / 1000} s: ${what}`)
}

const createPhases = (): Readonly<Record<Phase, number[]>> => ({ before: [], away: [], drain: [] })

function agesOf({ before, away, drain }: Readonly<Record<Phase, readonly number[]>>): AgesByPhase {
  const summary = (ages: readonly number[]): Ages => {
    const sorted = ages.toSorted((a, b) => a - b)
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
    return { messages: sorted.length, median: at(0.5), p99: at(0.99) }
  }
  return { before: summary(before), away: summary(away), drain: summary(drain) }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      before: { type: 'string', default: '15' },
      away: { type: 'string', default: '15' },
      gone: { type: 'string', default: 'prometheus' },
      samples: { type: 'string', default: '50000' },
      lines: { type: 'string', default: '5000' },
    },
  })
  const kafka = await startKafka({ partitions: 3 })
  try {
    const report = await runOutage({
      kafka,
      gone: values.gone === 'cortex' ? 'cortex' : 'prometheus',
      rounds: Number(values.rounds),
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
