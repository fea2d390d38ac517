import { closeSync, readFileSync } from 'node:fs'

import { errorCode } from '@clymene/model'

/** Files that a source holds open by itself: a quarter of what the process may open (getrlimit(2), RLIMIT_NOFILE), sockets and others need theirs. */
export function maxOpenFiles(limits: string = readLimits()): number {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
  return Math.min(MOST, Math.max(LEAST, Math.floor(Number(soft ?? 1024) / 4)))
}

const LEAST = 64
const MOST = 10_000

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return ''
  }
}

/** Closes a file that was only read: what a server or a disk has to say then (EIO, ESTALE) is of no use, and the descriptor is free all the same, close(2). */
export function closeFile(fd: number): void {
  try {
    closeSync(fd)
  } catch (error) {
    if (errorCode(error) === 'EBADF') throw error
  }
}
