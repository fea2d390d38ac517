import { type FSWatcher, watch } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { errorMessage, type Logger } from '@clymene/model'

export type FolderChanges = {
  /** Resolves after the next change (writers are given 100 ms to finish), after `timeoutMs`, or when `signal` aborts. */
  readonly next: (timeoutMs: number, signal: AbortSignal) => Promise<void>
  readonly close: () => void
}

const SETTLE_MS = 100

/** Watches folders, not files: editors and config maps replace files by renaming. A folder that cannot be watched is left to the time-out. */
export function watchFolders(folders: readonly string[], logger: Logger): FolderChanges {
  let changed = false
  let wake: (() => void) | undefined
  const watchers = folders.flatMap((folder): FSWatcher[] => {
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        changed = true
        wake?.()
      })
      watcher.on('error', () => watcher.close())
      return [watcher]
    } catch (error) {
      logger.debug('folder cannot be watched, it is looked at from time to time', { path: folder, error: errorMessage(error) })
      return []
    }
  })
  return {
    next: async (timeoutMs, signal) => {
      const timer = new AbortController()
      const woken = new Promise<void>((resolve) => {
        wake = resolve
        if (changed) resolve()
      })
      try {
        await Promise.race([woken, rest(timeoutMs, AbortSignal.any([signal, timer.signal]))])
        if (changed) await rest(SETTLE_MS, signal)
        changed = false
      } finally {
        wake = undefined
        timer.abort()
      }
    },
    close: () => {
      for (const watcher of watchers) watcher.close()
    },
  }
}

/** A sleep that an abort ends early, not with an error. */
const rest = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal, ref: false }).catch(() => undefined)
