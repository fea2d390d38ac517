/**
 * `npm run chaos -- --seeds=50 --seed=1`, or `--minutes=60`: seed after seed until either is reached. Each prints its faults and
 * what was found; ends with the table of docs/reliability.md, and with status 1 when anything was found.
 */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startEngines } from './engines.ts'
import { impossibleFaults } from './impossible.ts'
import { readOptions, USAGE } from './options.ts'
import { runSeed, type SeedReport } from './run-seed.ts'
import { describeReport, tableOf } from './table.ts'

const asked = readOptions(process.argv.slice(2))
if (typeof asked === 'string' || asked.isHelp) {
  process[typeof asked === 'string' ? 'stderr' : 'stdout'].write(typeof asked === 'string' ? `${asked}\n` : USAGE)
  process.exit(typeof asked === 'string' ? 2 : 0)
}
const { seeds, minutes, faults, loadMs, table, first } = asked
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
if (table !== undefined) writeFileSync(table, tableOf(reports))
const failed = reports.filter(({ findings }) => findings.length > 0).map(({ seed }) => seed)
process.stdout.write(failed.length === 0 ? `\n${reports.length} seeds, all clean\n` : `\nnot clean: ${failed.join(', ')}\n`)
process.exit(failed.length === 0 ? 0 : 1)
