import { join } from 'node:path'

import { type Collector, type Family, single } from './family.ts'
import { numberIn, readTextIfAny } from './proc-file.ts'

/** Resource, line of its file, name, help; `full` of the CPU is always zero for the whole system. */
const LINES = [
  ['cpu', 'some', 'node_pressure_cpu_waiting_seconds_total', 'Total time in seconds that processes have waited for CPU time'],
  ['io', 'some', 'node_pressure_io_waiting_seconds_total', 'Total time in seconds that processes have waited due to IO congestion'],
  ['io', 'full', 'node_pressure_io_stalled_seconds_total', 'Total time in seconds no process could make progress due to IO congestion'],
  ['memory', 'some', 'node_pressure_memory_waiting_seconds_total', 'Total time in seconds that processes have waited for memory'],
  [
    'memory',
    'full',
    'node_pressure_memory_stalled_seconds_total',
    'Total time in seconds no process could make progress due to memory congestion',
  ],
] as const

/** /proc/pressure/<resource>: `some avg10=… avg60=… avg300=… total=<microseconds>`. A resource that is not there is left out. */
export function parsePressure(texts: ReadonlyMap<string, string>): Family[] {
  return LINES.flatMap(([resource, line, name, help]) => {
    const text = texts.get(resource)
    if (text === undefined) return []
    const total = new RegExp(`^${line} .*total=(\\d+)`, 'm').exec(text)?.[1]
    return [single('counter', name, help, numberIn(total, `/proc/pressure/${resource} ${line} total`) / 1e6)]
  })
}

/** Kernels without PSI have no such folder: nothing is told then. */
export const pressure: Collector = {
  name: 'pressure',
  collect: async ({ proc }) => {
    const texts = new Map<string, string>()
    for (const resource of ['cpu', 'io', 'memory']) {
      const text = await readTextIfAny(join(proc, 'pressure', resource))
      if (text !== undefined) texts.set(resource, text)
    }
    return parsePressure(texts)
  },
}
