import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

import type { Generation } from './log-file.ts'

/**
 * Puts a `.gz` in the place of a rotated file, through a `.tmp` as the kubelet does. logrotate's keeps the time of the last line,
 * the kubelet's is as old as itself.
 */
export function compressRotated(generation: Generation, { keepsTime }: { readonly keepsTime: boolean }): void {
  const { at } = generation
  if (at === undefined || at.endsWith('.gz')) return
  const { atime, mtime } = statSync(at)
  writeFileSync(`${at}.tmp`, gzipSync(readFileSync(at), { level: 1 }))
  if (keepsTime) utimesSync(`${at}.tmp`, atime, mtime)
  renameSync(`${at}.tmp`, `${at}.gz`)
  rmSync(at)
  generation.at = `${at}.gz`
}
