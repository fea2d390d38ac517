import { join } from 'node:path'

import { type Collector, type Family, single } from './family.ts'
import { numberIn, readText, wordsOf } from './proc-file.ts'

/** /proc/sys/fs/file-nr: allocated, free, maximum. @see proc_sys_fs(5) */
export function parseFileNr(fileNr: string): Family[] {
  const [allocated, , maximum] = wordsOf(fileNr)
  return [
    single('gauge', 'node_filefd_allocated', 'File descriptor statistics: allocated.', numberIn(allocated, '/proc/sys/fs/file-nr')),
    single('gauge', 'node_filefd_maximum', 'File descriptor statistics: maximum.', numberIn(maximum, '/proc/sys/fs/file-nr')),
  ]
}

export const filefd: Collector = { name: 'filefd', collect: async ({ proc }) => parseFileNr(await readText(join(proc, 'sys/fs/file-nr'))) }
