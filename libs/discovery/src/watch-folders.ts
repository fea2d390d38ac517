import { type FSWatcher, watch } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { errorMessage, type Logger } from '@clymene/model'

export type FolderChanges = {
  /**
   * Watches these folders and no others; those that could not be watched before are tried again. True when there are new ones among
   * them: what changed before they were watched was not seen.
   */
  readonly follow: (folders: Iterable<string>) => boolean
  /** As if something had changed. */
  readonly wake: () => void
  /** Resolves after the next change (writers are given 100 ms to finish), after `timeoutMs`, or when `signal` aborts. */
  readonly next: (timeoutMs: number, signal: AbortSignal) => Promise<void>
  readonly close: () => void
}

const SETTLE_MS = 100
/** Folders beyond are left to the time-out. */
const MAX_FOLDERS = 1024

/** Watches folders, not files: editors and config maps replace files by renaming. A folder that cannot be watched is left to the time-out. */
export function watchFolders(folders: Iterable<string>, logger: Logger): FolderChanges {
  const watchers = new Map<string, FSWatcher>()
  let changed = false
  let wake: (() => void) | undefined
  const note = (): void => {
    changed = true
    wake?.()
  }

  const drop = (folder: string, watcher: FSWatcher): void => {
    watcher.close()
    if (watchers.get(folder) === watcher) watchers.delete(folder)
  }
  const open = (folder: string): boolean => {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        // What is told under the folder's own name may be its own end: another one of that name has to be watched anew.
        if (name === basename(folder)) drop(folder, watcher)
        note()
      })
      watcher.on('error', () => drop(folder, watcher))
      watchers.set(folder, watcher)
      return true
    } catch (error) {
      logger.debug('folder cannot be watched, it is looked at from time to time', { path: folder, error: errorMessage(error) })
      return false
    }
  }
  const follow = (wanted: Iterable<string>): boolean => {
    const names = new Set([...wanted].slice(0, MAX_FOLDERS))
    for (const [folder, watcher] of watchers) if (!names.has(folder)) drop(folder, watcher)
    return [...names].filter((folder) => !watchers.has(folder) && open(folder)).length > 0
  }
  follow(folders)
  return {
    follow,
    wake: note,
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
      for (const watcher of watchers.values()) watcher.close()
      watchers.clear()
    },
  }
}

/** A sleep that an abort ends early, not with an error. */
const rest = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal, ref: false }).catch(() => undefined)
