import { statSync } from 'node:fs'
import { basename, dirname } from 'node:path'

import type { Logger } from '@clymene/model'

/** What this program keeps on disk: each line read of it would have it written again, for ever. */
export type OwnStateOptions = {
  /** Files that are written durably; what is kept beside each under its name (`.bak`, `.tmp`, `.lock`) is meant too. */
  readonly files: readonly string[]
  /** With everything below them. */
  readonly folders: readonly string[]
  readonly logger: Logger
}

export type OwnState = {
  /** A search begins: folders may be others by now. */
  readonly search: () => void
  /** Whether the file is one of it, by whatever mount its place is reached. Says once of each file and folder that it is left out. */
  readonly has: (realPath: string) => boolean
  /** The own folder that a folder is, or is below. */
  readonly folderOf: (folder: string) => string | undefined
}

const BESIDE = /^(?:\.bak|\.tmp|\.bak\.tmp|\.lock(?:\..*)?)?$/

export function createOwnState({ files, folders, logger }: OwnStateOptions): OwnState {
  const told = new Set<string>()
  let ownFolders: ReadonlyMap<string | undefined, string> = new Map()
  let ownFiles: readonly { readonly path: string; readonly folder: string | undefined }[] = []
  /** The own folder that each folder is or is below. */
  let known = new Map<string, string | undefined>()

  const folderAbove = (folder: string): string | undefined => {
    if (known.has(folder)) return known.get(folder)
    const above = dirname(folder)
    const found = ownFolders.get(placeOf(folder)) ?? (above === folder ? undefined : folderAbove(above))
    known.set(folder, found)
    return found
  }
  const fileBeside = (realPath: string): string | undefined => {
    const name = basename(realPath)
    const near = ownFiles.filter(({ path }) => name.startsWith(basename(path)) && BESIDE.test(name.slice(basename(path).length)))
    return near.length === 0 ? undefined : near.find(({ folder }) => folder === placeOf(dirname(realPath)))?.path
  }
  return {
    folderOf: folderAbove,
    search: () => {
      known = new Map()
      ownFolders = new Map(folders.flatMap((folder) => (placeOf(folder) === undefined ? [] : [[placeOf(folder), folder]])))
      ownFiles = files.map((path) => ({ path, folder: placeOf(dirname(path)) }))
    },
    has: (realPath) => {
      const own = folderAbove(dirname(realPath)) ?? fileBeside(realPath)
      if (own !== undefined && !told.has(own)) {
        told.add(own)
        logger.info('what this program keeps for itself is not read: each line of it would make another', { path: own })
      }
      return own !== undefined
    },
  }
}

/** The same folder may be mounted at several places. */
function placeOf(folder: string): string | undefined {
  try {
    const stat = statSync(folder, { bigint: true, throwIfNoEntry: false })
    return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`
  } catch {
    return undefined
  }
}
