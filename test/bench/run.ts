/**
 * Prints what the pieces and services cost, in samples or MB per CPU-second of the process under test, and their memory.
 *
 *     npm run bench -- [--only=gateway,splice] [--rounds=3] [--seconds=5]
 *
 * Each round runs every bench once, so that whatever else the machine does meets all of them; the table has medians. The
 * first round warms up and does not count. Linux only: it reads /proc.
 */
import { parseArgs } from 'node:util'

import { startKafka, whyUnavailable, type Kafka } from '../engines/index.ts'
import { agentBenches } from './agent-bench.ts'
import type { Bench, Reading } from './bench.ts'
import { bareGatewayBench, gatewayBench } from './gateway-bench.ts'
import { bareIngesterBench, fillTopic, ingesterBench } from './ingester-bench.ts'
import { kubernetesBench } from './kubernetes-bench.ts'
import { pieceBench } from './piece-bench.ts'
import { PIECES } from './pieces/index.ts'
import { elasticsearchBench, lokiBench } from './store-benches.ts'
import { tableOf } from './table.ts'

const NAMES: readonly string[] = [...PIECES.keys(), 'gateway', 'ingester', 'elasticsearch', 'loki', 'agent']
/** With a table of its own, when it is asked for: it costs no CPU a sample. */
const APART = 'kubernetes'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: NAMES.join(',') },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
  },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const wanted = values.only.split(',')
const unknown = wanted.filter((name) => name !== APART && !NAMES.includes(name))
if (unknown.length > 0 || !(rounds > 0) || !(seconds > 0)) {
  process.stderr.write(`--only takes ${[...NAMES, APART].join(', ')}; --rounds and --seconds a number over 0\n`)
  process.exit(2)
}

let kafka: Kafka | undefined
const benches: Bench[] = []
try {
  for (const name of PIECES.keys()) if (wanted.includes(name)) benches.push(pieceBench(name))
  benches.push(...(await kafkaBenches()))
  if (wanted.includes('agent')) benches.push(...agentBenches())
  if (benches.length > 0) process.stdout.write(tableOf(await readAll()))
  if (wanted.includes(APART)) process.stdout.write(await kubernetesBench(rounds))
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
