/**
 * `npm run chaos -- --seeds=50 --seed=1`, or `--minutes=60`: seed after seed until either is reached. Each prints its faults and
 * what was found; ends with the table of docs/reliability.md, and with status 1 when anything was found.
 */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { startEngines } from './engines.ts'
import { impossibleFaults } from './impossible.ts'
import { runSeed, type SeedReport } from './run-seed.ts'
import { describeReport, tableOf } from './table.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    faults: { type: 'string', default: '6' },
    'load-seconds': { type: 'string', default: '18' },
    table: { type: 'string' },
  },
})
const first = numberOf('seed', values.seed ?? String(Math.floor(Math.random() * 1_000_000)))
const minutes = values.minutes === undefined ? Infinity : numberOf('minutes', values.minutes)
const seeds = values.seeds === undefined ? (values.minutes === undefined ? 1 : Infinity) : numberOf('seeds', values.seeds)
const faults = numberOf('faults', values.faults)
const loadMs = numberOf('load-seconds', values['load-seconds']) * 1000
const keepIn = join(tmpdir(), `clymene-chaos-logs-${process.pid}`)

process.on('SIGINT', () => process.exit(130)).on('SIGTERM', () => process.exit(143))

const impossible = impossibleFaults()
for (const { kind, why } of impossible) process.stdout.write(`no fault ${kind}: ${why}\n`)
const without = impossible.map(({ kind }) => kind)

const until = performance.now() + minutes * 60_000
const engines = await startEngines()
const reports: SeedReport[] = []
for (let seed = first; seed < first + seeds && performance.now() < until; seed++) {
  const report = await runSeed({ engines, seed, faults, loadMs, without, keepIn })
  reports.push(report)
  process.stdout.write(`${describeReport(report)}\n`)
}
await engines.stop()
process.stdout.write(`\n${tableOf(reports)}`)
if (values.table !== undefined) writeFileSync(values.table, tableOf(reports))
const failed = reports.filter(({ findings }) => findings.length > 0).map(({ seed }) => seed)
process.stdout.write(failed.length === 0 ? `\n${reports.length} seeds, all clean\n` : `\nnot clean: ${failed.join(', ')}\n`)
process.exit(failed.length === 0 ? 0 : 1)

function numberOf(name: string, text: string): number {
  const number = Number(text)
  return Number.isFinite(number) && number >= 0 ? number : misuse(name, text)
}

function misuse(name: string, text: string): never {
  process.stderr.write(`--${name} is ${JSON.stringify(text)}, expected a number\n`)
  process.exit(2)
}
