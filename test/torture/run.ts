/**
 * `npm run torture -- --seeds=1-30`: seed after seed. Each prints its world, its faults and what was found; ends with the table of
 * docs/reliability.md, and with status 1 when anything was found.
 */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { readOptions, USAGE } from './options.ts'
import { planOf } from './plan.ts'
import { runSeed, type SeedReport } from './run-seed.ts'
import { describeReport, tableOf } from './table.ts'

const asked = readOptions(process.argv.slice(2))
if (typeof asked === 'string' || asked.isHelp) {
  process[typeof asked === 'string' ? 'stderr' : 'stdout'].write(typeof asked === 'string' ? `${asked}\n` : USAGE)
  process.exit(typeof asked === 'string' ? 2 : 0)
}
const { first, last, faults, loadMs, table } = asked
const keepIn = join(tmpdir(), `clymene-torture-logs-${process.pid}`)

process.on('SIGINT', () => process.exit(130)).on('SIGTERM', () => process.exit(143))

const reports: SeedReport[] = []
for (let seed = first; seed <= last; seed++) {
  const report = await runSeed({ plan: planOf({ seed, faults, loadMs }), loadMs, keepIn })
  reports.push(report)
  process.stdout.write(`${describeReport(report)}\n`)
}
process.stdout.write(`\n${tableOf(reports)}`)
if (table !== undefined) writeFileSync(table, tableOf(reports))
const failed = reports.filter(({ findings }) => findings.length > 0).map(({ plan }) => plan.seed)
process.stdout.write(failed.length === 0 ? `\n${reports.length} seeds, all clean\n` : `\nnot clean: ${failed.join(', ')}\n`)
process.exit(failed.length === 0 ? 0 : 1)
