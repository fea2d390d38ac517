/** Writes rounds of three samples and a line for ever and prints the number of each round that was acknowledged. */
import { writeSync } from 'node:fs'

import { silentLogger } from '@clymene/runtime'

import { line, logsDelivery, metricsDelivery, sample } from '../../testing/messages.ts'
import { openEmbeddedStore } from '../store.ts'

const [directory = '', from = '0'] = process.argv.slice(2)
const store = await openEmbeddedStore({ directory, maxAgeMs: Number.MAX_SAFE_INTEGER, logger: silentLogger })
const { signal } = new AbortController()
for (let round = Number(from); ; round++) {
  const series = ['a', 'b', 'c'].map((name) => sample(name, round))
  await Promise.all([
    store.sinks.metrics.write([metricsDelivery(series)], signal),
    store.sinks.logs.write([logsDelivery([line('x', BigInt(round), String(round))])], signal),
  ])
  writeSync(1, `${round}\n`)
}
