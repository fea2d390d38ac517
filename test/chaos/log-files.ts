import { appendFileSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'

import { formatRfc3339 } from '@clymene/wire'

export type WrittenLine = { readonly file: string; readonly number: number; readonly timestampNs: bigint; readonly line: string }

/** Log files as a container runtime writes them, every line numbered and at a time of its own; now and then one is rotated. */
export function createLogFiles(directory: string, options: { readonly files: number; readonly linesPerFile: number }) {
  mkdirSync(directory, { recursive: true })
  const files = Array.from({ length: options.files }, (_, index) => ({ path: join(directory, `${index}.log`), number: 0, lastNs: 0n }))
  const lines: WrittenLine[] = []
  return {
    lines: lines as readonly WrittenLine[],
    /** So many lines at the end of each file. */
    write: (count: number): void => {
      for (const file of files) {
        const rows: string[] = []
        for (let index = 0; index < count; index++) {
          const nowNs = BigInt(Date.now()) * 1_000_000n
          file.lastNs = nowNs > file.lastNs ? nowNs : file.lastNs + 1n
          file.number++
          const line = `line ${file.number} of ${file.path}`
          rows.push(`${formatRfc3339(file.lastNs)} stdout F ${line}\n`)
          lines.push({ file: file.path, number: file.number, timestampNs: file.lastNs, line })
        }
        const isFull = Math.floor((file.number - count) / options.linesPerFile) < Math.floor(file.number / options.linesPerFile)
        appendFileSync(file.path, rows.join(''))
        if (isFull) renameSync(file.path, `${file.path}.${new Date().toISOString().replaceAll(/[^0-9]/g, '')}-${file.number}`)
      }
    },
  }
}
