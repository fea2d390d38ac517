/**
 * Prints what the pieces and services cost, in samples or MB per CPU-second of the process under test, and their memory.
 *
 *     npm run bench -- [--only=gateway,splice] [--rounds=3] [--seconds=5]
 *     npm run bench -- --only=agent,agent-memory,agent-pages,agent-outage,kubernetes
 *     npm run bench -- --only=logs,logs-footprint
 *     npm run bench -- --soak=60m
 *
 * Each round runs every bench once, so that whatever else the machine does meets all of them; the table has medians. The
 * first round warms up and does not count. Linux only: it reads /proc.
 */
import { parseArgs } from 'node:util'

import { startKafka, whyUnavailable, type Kafka } from '../engines/index.ts'
import { agentBenches } from './agent-bench.ts'
import { memoryTable, pagesTable } from './agent-memory.ts'
import { agentOutageTable } from './agent-outage.ts'
import type { Bench, Reading } from './bench.ts'
import { bareGatewayBench, gatewayBench } from './gateway-bench.ts'
import { bareIngesterBench, fillTopic, ingesterBench } from './ingester-bench.ts'
import { kubernetesBench } from './kubernetes-bench.ts'
import { logsBenches } from './logs-bench.ts'
import { footprintTable } from './logs-footprint.ts'
import { pieceBench } from './piece-bench.ts'
import { PIECES } from './pieces/index.ts'
import { runSoak } from './soak.ts'
import { elasticsearchBench, lokiBench } from './store-benches.ts'
import { tableOf } from './table.ts'

const NAMES: readonly string[] = [...PIECES.keys(), 'gateway', 'ingester', 'elasticsearch', 'loki', 'agent', 'logs']
/** A million series have to be scraped within it by the slowest, beside all else that this machine does. */
const MEMORY_INTERVAL_SECONDS = 15
const PAGES_INTERVAL_SECONDS = 3
/** With tables of their own, some minutes each, when they are asked for. */
const APART = new Map<string, () => Promise<string>>([
  ['kubernetes', () => kubernetesBench(rounds)],
  ['agent-memory', () => memoryTable(MEMORY_INTERVAL_SECONDS)],
  ['agent-outage', agentOutageTable],
  ['logs-footprint', footprintTable],
  ['agent-pages', () => pagesTable(PAGES_INTERVAL_SECONDS)],
])

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: NAMES.join(',') },
    rounds: { type: 'string', default: '3' },
    soak: { type: 'string', default: '' },
    seconds: { type: 'string', default: '5' },
  },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const wanted = values.only.split(',')
const unknown = wanted.filter((name) => !APART.has(name) && !NAMES.includes(name))
if (unknown.length > 0 || !(rounds > 0) || !(seconds > 0)) {
  process.stderr.write(`--only takes ${[...NAMES, ...APART.keys()].join(', ')}; --rounds and --seconds a number over 0\n`)
  process.exit(2)
}

if (values.soak !== '') {
  const minutes = Number(/^(\d+)m$/.exec(values.soak)?.[1] ?? 0)
  if (minutes === 0) {
    process.stderr.write('--soak takes minutes, as 60m\n')
    process.exit(2)
  }
  await runSoak(minutes)
  process.exit(0)
}

let kafka: Kafka | undefined
const benches: Bench[] = []
try {
  for (const name of PIECES.keys()) if (wanted.includes(name)) benches.push(pieceBench(name))
  benches.push(...(await kafkaBenches()))
  if (wanted.includes('agent')) benches.push(...agentBenches())
  if (wanted.includes('logs')) benches.push(...logsBenches())
  if (benches.length > 0) process.stdout.write(tableOf(await readAll()))
  for (const [name, run] of APART) if (wanted.includes(name)) process.stdout.write(await run())
} finally {
  for (const bench of benches) await bench.close()
  await kafka?.stop()
}

async function kafkaBenches(): Promise<readonly Bench[]> {
  if (!['gateway', 'ingester', 'elasticsearch', 'loki'].some((name) => wanted.includes(name))) return []
  const missing = whyUnavailable('kafka')
  if (missing !== undefined) {
    process.stderr.write(`left out: all that needs Kafka: ${missing}\n`)
    return []
  }
  kafka = await startKafka({ partitions: 3 })
  const found: Bench[] = []
  if (wanted.includes('gateway')) found.push(gatewayBench(kafka), bareGatewayBench(kafka))
  if (wanted.includes('ingester')) {
    const topic = await fillTopic(kafka, seconds)
    found.push(ingesterBench(topic), bareIngesterBench(topic))
  }
  if (wanted.includes('elasticsearch')) found.push(elasticsearchBench(kafka, seconds))
  if (wanted.includes('loki')) found.push(lokiBench(kafka, seconds))
  return found
}

async function readAll(): Promise<readonly { readonly bench: Bench; readonly readings: readonly Reading[] }[]> {
  const all = benches.map((bench) => ({ bench, readings: [] as Reading[] }))
  for (let round = 0; round <= rounds; round++) {
    for (const { bench, readings } of all) {
      const reading = await bench.run(seconds)
      if (round > 0) readings.push(reading)
      const rate = (reading.count / reading.cpuSeconds / 1e6).toFixed(2)
      process.stderr.write(
        `${round === 0 ? 'warm-up' : `round ${round}/${rounds}`}  ${bench.name.trim()}: ${rate} M ${bench.unit} per CPU-second\n`,
      )
    }
  }
  return all
}
