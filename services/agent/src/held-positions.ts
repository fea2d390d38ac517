import { mkdir } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'

import { acquireLock, type Lock } from '@clymene/bus'
import { ConfigError, errorCode, errorMessage, type Logger } from '@clymene/model'
import { settlePositions } from '@clymene/sources'

import type { LogConfig } from './config/log-config.ts'

/** Positions files that no other agent may move. */
export type HeldPositions = {
  /**
   * Makes the folders of those that are new, locks them by `<file>.lock`, and makes them ready for their readers.
   *
   * @throws ConfigError naming the file and the process that has it; a system error when there can be no folder, or positions of a reader cannot be moved
   */
  readonly take: (configs: readonly Pick<LogConfig, 'positionsPath' | 'stdinJob'>[]) => Promise<void>
  /** Aborted when another process took one over: this one was silent for too long. */
  readonly lost: AbortSignal
  readonly release: () => Promise<void>
}

/**
 * @param readers of each: a storage has one
 * @param patienceMs how long a process that has them is waited for; default as of other locks
 */
export function createHeldPositions(logger: Logger, readers: readonly string[], patienceMs?: number): HeldPositions {
  const locks = new Map<string, Lock | undefined>()
  const settled = new Set<string>()
  const losing = new AbortController()

  const takeOne = async (path: string): Promise<void> => {
    if (!locks.has(path)) {
      await mkdir(dirname(path), { recursive: true })
      const lock = await lockOf(path)
      locks.set(path, lock)
      lock?.lost.addEventListener('abort', () => losing.abort(lock.lost.reason), { once: true })
    }
    if (settled.has(path)) return
    await settlePositions(path, readers, logger)
    settled.add(path)
  }
  const lockOf = async (path: string): Promise<Lock | undefined> => {
    const patience = patienceMs === undefined ? {} : { patienceMs }
    try {
      return await acquireLock(dirname(path), { name: `${basename(path)}.lock`, syncedLater: false, ...patience })
    } catch (error) {
      const reason = errorMessage(error)
      if (errorCode(error) === '') throw new ConfigError(`positions.filename: ${path} is for one agent at a time: ${reason}`)
      // Where nothing can be written nobody moves positions.
      logger.warn('positions file cannot be locked: a second agent with it would not be noticed', { path, error: reason })
      return undefined
    }
  }
  return {
    take: async (configs) => {
      const paths = configs.flatMap(({ positionsPath, stdinJob }) => (stdinJob === undefined ? [resolve(positionsPath)] : []))
      for (const path of new Set(paths)) await takeOne(path)
    },
    lost: losing.signal,
    release: async () => {
      for (const lock of locks.values()) await lock?.release()
      locks.clear()
    },
  }
}
