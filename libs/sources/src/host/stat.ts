import { join } from 'node:path'

import { type Collector, type Family, single } from './family.ts'
import { linesOf, numberIn, readText, wordsOf } from './proc-file.ts'

const FIELDS: readonly (readonly [field: string, type: Family['type'], name: string, help: string])[] = [
  ['intr', 'counter', 'node_intr_total', 'Total number of interrupts serviced.'],
  ['ctxt', 'counter', 'node_context_switches_total', 'Total number of context switches.'],
  ['processes', 'counter', 'node_forks_total', 'Total number of forks.'],
  ['btime', 'gauge', 'node_boot_time_seconds', 'Node boot time, in unixtime.'],
  ['procs_running', 'gauge', 'node_procs_running', 'Number of processes in runnable state.'],
  ['procs_blocked', 'gauge', 'node_procs_blocked', 'Number of processes blocked waiting for I/O to complete.'],
]

/** The totals of /proc/stat. @see proc_stat(5) */
export function parseStat(stat: string): Family[] {
  const found = new Map(linesOf(stat).map((line) => [wordsOf(line)[0], wordsOf(line.slice(0, 64))[1]]))
  return FIELDS.filter(([field]) => found.has(field)).map(([field, type, name, help]) =>
    single(type, name, help, numberIn(found.get(field), `/proc/stat ${field}`)),
  )
}

export const stat: Collector = { name: 'stat', collect: async ({ proc }) => parseStat(await readText(join(proc, 'stat'))) }
