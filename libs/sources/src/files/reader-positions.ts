import { existsSync } from 'node:fs'
import { readFile, rename, rm } from 'node:fs/promises'

import { errorCode, type Logger } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'

import { durableFiles } from '../durable-file.ts'
import { loadPositions, savePositions, type StoredPositions } from './positions.ts'

/** Where one of several readers keeps its positions. */
export const positionsOfReader = (path: string, reader: string): string => `${path}.${reader}`

/**
 * Makes positions ready for these readers, none of which runs yet: a single one keeps its own at `path`, each of several beside it. However readers came and
 * went, and whenever the process was killed, `<path>.<reader>` says how far a reader is when it is there, else `path` when that reader was alone with it
 * last (its `readers`), else the reader is new, and begins where `path` stands. What is damaged counts as not there.
 *
 * @throws a system error when files that have to be moved cannot be, or not be read: the reader would begin elsewhere
 */
export async function settlePositions(path: string, readers: readonly string[], logger: Logger): Promise<void> {
  const [first, second] = readers
  const alone = second === undefined ? first : undefined
  const stored = await loadPositions([path], silentLogger)
  const [last, another] = stored.readers ?? []
  // It may come back, and others write to `path` from now on.
  if (last !== undefined && another === undefined && last !== alone && !isThere(positionsOfReader(path, last)))
    await savePositions(positionsOfReader(path, last), stored)
  if (alone === undefined) return
  const own = positionsOfReader(path, alone)
  if (!isThere(own)) return
  await requireReadable(own)
  const owned = await loadPositions([own], logger)
  const [, backup] = durableFiles(own)
  if (saysNothing(owned) || isLater(stored, owned)) {
    for (const old of durableFiles(own)) await rm(old, { force: true })
    return
  }
  // Whole under its name before the one before it goes; then in one step from one name to the other.
  await savePositions(own, { ...owned, readers: [alone] })
  await rm(backup, { force: true })
  await rename(own, path)
}

/** The file in which a reader will go on, for who only looks. */
export async function positionsToReadOf(path: string, reader: string, isAlone: boolean): Promise<string> {
  const own = positionsOfReader(path, reader)
  if (!isThere(own)) return path
  if (!isAlone) return own
  const owned = await loadPositions([own], silentLogger)
  return saysNothing(owned) || isLater(await loadPositions([path], silentLogger), owned) ? path : own
}

const isThere = (path: string): boolean => durableFiles(path).some((file) => existsSync(file))

/** A disk that fails, or a right that is missing, is mended without a word of what the file says being lost. */
async function requireReadable(path: string): Promise<void> {
  for (const file of durableFiles(path))
    await readFile(file).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error
    })
}

const saysNothing = ({ files, offsets, others, searchedMs }: StoredPositions): boolean =>
  files.length + offsets.size + others.size === 0 && searchedMs === undefined

/** Whether somebody else went on with the file of the configuration: Promtail, or a version that did not say who. */
const isLater = ({ readers, searchedMs, offsetsMs }: StoredPositions, own: StoredPositions): boolean =>
  readers === undefined && (searchedMs ?? offsetsMs ?? 0) > (own.searchedMs ?? 0)
