import { join } from 'node:path'

import { type Collector, type Family, single } from './family.ts'
import { linesOf, numberIn, readText } from './proc-file.ts'

/** /proc/meminfo: `Active(anon): 12 kB` is node_memory_Active_anon_bytes. @see proc_meminfo(5) */
export function parseMeminfo(meminfo: string): Family[] {
  return linesOf(meminfo).map((line) => {
    const match = /^(\S+):\s+(\d+)(?:\s+(kB))?$/.exec(line.trim())
    if (match === null) throw new Error(`/proc/meminfo: expected "Name: number [kB]", found ${JSON.stringify(line)}`)
    const [, field = '', amount, unit] = match
    const name = `${field.replace(/\((.*)\)/, '_$1')}${unit === undefined ? '' : '_bytes'}`
    const value = numberIn(amount, `/proc/meminfo ${field}`) * (unit === undefined ? 1 : 1024)
    return single('gauge', `node_memory_${name}`, `Memory information field ${name}.`, value)
  })
}

export const meminfo: Collector = { name: 'meminfo', collect: async ({ proc }) => parseMeminfo(await readText(join(proc, 'meminfo'))) }
