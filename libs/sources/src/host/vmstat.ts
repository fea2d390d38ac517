import { join } from 'node:path'

import { type Collector, type Family, single } from './family.ts'
import { linesOf, numberIn, readText, wordsOf } from './proc-file.ts'

/** The fields that node-exporter takes by default. */
const FIELDS = /^(?:oom_kill|pgpg|pswp|pg.*fault)/

/** /proc/vmstat. @see proc_vmstat(5) */
export function parseVmstat(vmstat: string): Family[] {
  return linesOf(vmstat)
    .map(wordsOf)
    .filter(([field = '']) => FIELDS.test(field))
    .map(([field = '', value]) =>
      single('untyped', `node_vmstat_${field}`, `/proc/vmstat information field ${field}.`, numberIn(value, `/proc/vmstat ${field}`)),
    )
}

export const vmstat: Collector = { name: 'vmstat', collect: async ({ proc }) => parseVmstat(await readText(join(proc, 'vmstat'))) }
