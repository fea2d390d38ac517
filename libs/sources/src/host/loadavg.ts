import { join } from 'node:path'

import { type Collector, type Family, single } from './family.ts'
import { numberIn, readText, wordsOf } from './proc-file.ts'

/** /proc/loadavg: the first three numbers. @see proc_loadavg(5) */
export function parseLoadavg(loadavg: string): Family[] {
  const words = wordsOf(loadavg)
  return ['1', '5', '15'].map((minutes, index) =>
    single('gauge', `node_load${minutes}`, `${minutes}m load average.`, numberIn(words[index], '/proc/loadavg')),
  )
}

export const loadavg: Collector = { name: 'loadavg', collect: async ({ proc }) => parseLoadavg(await readText(join(proc, 'loadavg'))) }
