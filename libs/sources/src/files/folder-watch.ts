import { type FSWatcher, statfsSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'

import { errorCode, errorMessage, type Logger } from '@clymene/model'

/** Tells when a name appears in a folder or goes: by inotify, and where that does not work by the time of the folder. */
export type FolderWatch = {
  /** Watches these folders and no others. */
  readonly follow: (folders: Iterable<string>) => void
  /** Looks at folders that inotify says nothing of, when it is time by the steady clock. */
  readonly tick: (nowMs: number) => void
  /** Whether writes to files of the folder are told. */
  readonly tells: (folder: string) => boolean
  readonly close: () => void
}

export type FolderWatchOptions = {
  readonly onNames: () => void
  /** A file was written to, or its name came or went. */
  readonly onFile: (path: string) => void
  /** Of this folder's files nothing more is told, until it is followed anew. */
  readonly onSilent: (folder: string) => void
  readonly logger: Logger
  /** How often the other folders are looked at. */
  readonly pollMs: number
  /** Folders watched by inotify at most: the kernel has a limit for all processes of a user. Default 2048. */
  readonly maxWatches?: number
}

type Watched = {
  watcher: FSWatcher | undefined
  /** Which folder had the name then: another may come, by a rename, a mount or a link. */
  readonly place: string
  modifiedNs: bigint | undefined
  events: number
}

/** Every write in a folder is an event of some microseconds: where so many come between two looks, the time of the folder costs less. */
const MAX_EVENTS = 200
/** Kinds of file systems where others write without this kernel being told: statfs(2) NFS, SMB, SMB2, CIFS, FUSE, 9P, CEPH, AFS. */
const REMOTE = new Set([0x6969, 0x517b, 0xfe534d42, 0xff534d42, 0x65735546, 0x01021997, 0x00c36400, 0x5346414f])

export function createFolderWatch({ onNames, onFile, onSilent, logger, pollMs, maxWatches = 2048 }: FolderWatchOptions): FolderWatch {
  const folders = new Map<string, Watched>()
  let watches = 0
  let nextMs = 0
  let full = false

  const stop = (watched: Watched): void => {
    if (watched.watcher === undefined) return
    watched.watcher.close()
    watched.watcher = undefined
    watches--
  }
  const start = (folder: string): Watched => {
    const watched: Watched = { watcher: undefined, ...lookAt(folder), events: 0 }
    if (full || watches >= maxWatches || isRemote(folder)) return watched
    try {
      const watcher = watch(folder, { persistent: false }, (event, name) => {
        if (event === 'rename') onNames()
        if (name !== null) onFile(join(folder, name))
        if (++watched.events <= MAX_EVENTS) return
        watched.modifiedNs = lookAt(folder).modifiedNs
        stop(watched)
        onSilent(folder)
      })
      watcher.on('error', () => {
        stop(watched)
        onSilent(folder)
      })
      watched.watcher = watcher
      watches++
    } catch (error) {
      // No watch or no descriptor is left: the next folders need not try.
      full = ['ENOSPC', 'EMFILE'].includes(errorCode(error) ?? '')
      logger.debug('folders cannot be watched, they are looked at from time to time', { path: folder, error: errorMessage(error) })
    }
    return watched
  }
  return {
    follow: (wanted) => {
      const names = new Set(wanted)
      for (const [folder, watched] of folders) {
        const isOther = watched.watcher !== undefined && lookAt(folder).place !== watched.place
        if (names.has(folder) && !isOther) continue
        stop(watched)
        folders.delete(folder)
        if (isOther) onSilent(folder)
      }
      full = false
      const isNew = [...names].some((folder) => !folders.has(folder))
      // Where there was too much to tell once there may be less now.
      for (const folder of names) if (folders.get(folder)?.watcher === undefined) folders.set(folder, start(folder))
      // Between the search and the watch nobody told.
      if (isNew) onNames()
    },
    tick: (nowMs) => {
      if (nowMs < nextMs) return
      nextMs = nowMs + pollMs
      for (const [folder, watched] of folders) {
        watched.events = 0
        if (watched.watcher !== undefined) continue
        const before = watched.modifiedNs
        watched.modifiedNs = lookAt(folder).modifiedNs
        if (before !== watched.modifiedNs) onNames()
      }
    },
    tells: (folder) => folders.get(folder)?.watcher !== undefined,
    close: () => {
      for (const watched of folders.values()) stop(watched)
      folders.clear()
    },
  }
}

function lookAt(folder: string): { readonly place: string; readonly modifiedNs: bigint | undefined } {
  try {
    const stat = statSync(folder, { bigint: true, throwIfNoEntry: false })
    return { place: stat === undefined ? '' : `${stat.dev}:${stat.ino}`, modifiedNs: stat?.mtimeNs }
  } catch {
    // It may not be entered, for now.
    return { place: '', modifiedNs: undefined }
  }
}

function isRemote(folder: string): boolean {
  try {
    return REMOTE.has(statfsSync(folder).type)
  } catch {
    return false
  }
}
