import { type FSWatcher, watch } from 'node:fs'

import { errorMessage, type Logger } from '@clymene/model'

export type FolderWatch = {
  /** Watches these folders and no others. */
  readonly follow: (folders: Iterable<string>) => void
  readonly close: () => void
}

/** Folders watched at most; the others are searched from time to time. */
const MAX_FOLDERS = 128
/** Every write in a folder is an event of some microseconds: a folder where much is written is searched from time to time too. */
const MAX_EVENTS = 1000

/** Tells when a name appears in a folder or goes, so that new files need not wait for the next search. */
export function createFolderWatch(onNames: () => void, logger: Logger): FolderWatch {
  const watchers = new Map<string, FSWatcher | undefined>()

  const start = (folder: string): FSWatcher | undefined => {
    let events = 0
    try {
      const watcher = watch(folder, { persistent: false }, (event) => {
        if (event === 'rename') onNames()
        if (++events > MAX_EVENTS) watcher.close()
      })
      watcher.on('error', () => watcher.close())
      return watcher
    } catch (error) {
      logger.debug('folder cannot be watched, it is searched from time to time', { path: folder, error: errorMessage(error) })
      return undefined
    }
  }
  return {
    follow: (folders) => {
      const wanted = new Set([...folders].slice(0, MAX_FOLDERS))
      for (const [folder, watcher] of watchers) {
        if (wanted.has(folder)) continue
        watcher?.close()
        watchers.delete(folder)
      }
      for (const folder of wanted) if (!watchers.has(folder)) watchers.set(folder, start(folder))
    },
    close: () => {
      for (const watcher of watchers.values()) watcher?.close()
      watchers.clear()
    },
  }
}
