import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { errorCode } from '@clymene/model'

/** A folder on a disk of its own that can be filled to the last byte. */
export type SmallDisk = {
  readonly directory: string
  readonly fill: () => void
  readonly empty: () => void
  readonly remove: () => void
}

const BYTES = 16 * 1024 * 1024
const BLOCK = Buffer.alloc(64 * 1024)

let answer: boolean | undefined

/** Only root may mount, and not in every container. */
export function canMountSmallDisk(): boolean {
  if (answer !== undefined) return answer
  try {
    makeSmallDisk().remove()
    answer = true
  } catch {
    answer = false
  }
  return answer
}

export function makeSmallDisk(): SmallDisk {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-small-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${BYTES}`, 'tmpfs', directory], { stdio: 'pipe' })
  } catch (error) {
    rmdirSync(directory)
    throw error
  }
  mounted.add(directory)
  const ballast = join(directory, 'ballast')
  mkdirSync(ballast)
  return {
    directory,
    fill: () => {
      const file = openSync(join(ballast, 'file'), 'a')
      try {
        // By blocks, then by bytes.
        for (const bytes of [BLOCK, BLOCK.subarray(0, 1)]) while (wrote(file, bytes));
      } finally {
        closeSync(file)
      }
    },
    empty: () => rmSync(join(ballast, 'file'), { force: true }),
    remove: () => unmount(directory),
  }
}

const mounted = new Set<string>()
process.on('exit', () => mounted.forEach(unmount))

function unmount(directory: string): void {
  execFileSync('umount', ['-l', directory], { stdio: 'pipe' })
  rmdirSync(directory)
  mounted.delete(directory)
}

function wrote(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) > 0
  } catch (error) {
    if (errorCode(error) === 'ENOSPC') return false
    throw error
  }
}
