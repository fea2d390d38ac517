import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

import { errorCode } from '@clymene/model'

/**
 * Below the range that the system takes source ports from: nothing else gets such a port by chance while its engine is
 * down between a stop and a restart.
 */
const LOWEST = 20_000
const HIGHEST = 32_000

/** A file for each port that was given away, with the process that has it: test files run in processes of their own, side by side. */
const reservations = join(tmpdir(), `clymene-ports-${userInfo().uid}`)

/** A loopback TCP port that nobody listens on and that no process was given which still runs. */
export async function freePort(): Promise<number> {
  mkdirSync(reservations, { recursive: true })
  for (let tries = 0; tries < 1000; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (reserve(port) && (await isFree(port))) return port
  }
  throw new Error(`no free TCP port between ${LOWEST} and ${HIGHEST}`)
}

/** @returns false when a process has it, and where it was left over from one that has ended: the file is then taken away for the next who asks. */
function reserve(port: number): boolean {
  const file = join(reservations, `${port}`)
  try {
    writeFileSync(file, `${process.pid}`, { flag: 'wx' })
    return true
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
    if (!isRunning(file)) rmSync(file, { force: true })
    return false
  }
}

function isRunning(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'latin1')), 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
