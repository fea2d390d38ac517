import { link, lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

import { errorCode } from '@clymene/model'

/** Where to look for what was written: the file, else the one before it. */
export const durableFiles = (path: string): readonly [string, string] => [path, `${path}.bak`]

/**
 * Writes a small file of state, which nobody else may read, so that a crash or a full disk at any moment leaves a whole one under one of its
 * {@link durableFiles}: temporary file, fsync, rename, fsync of the folder; the file before stays as `.bak`. The folder is made when it is not there.
 *
 * @throws a system error; what was there before is there still
 */
export async function writeDurably(path: string, text: string): Promise<void> {
  const folder = dirname(path)
  const temporary = `${path}.tmp`
  const file = await openTemporary(temporary, folder)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await keep(path)
  await rename(temporary, path)
  await syncFolder(folder)
}

/** By a link, which takes no room of a disk that is full, and leaves the file where it is until the other comes. */
async function keep(path: string): Promise<void> {
  const [, backup] = durableFiles(path)
  const linked = `${backup}.tmp`
  try {
    await rm(linked, { force: true })
    await link(path, linked)
    await rename(linked, backup)
  } catch (error) {
    const code = errorCode(error) ?? ''
    const before = await lstat(path).catch(() => undefined)
    if (before === undefined) return
    if (!NO_LINKS.has(code) || !before.isFile()) throw error
    await rename(path, backup)
  }
}
/** Of file systems that have none, and of files of somebody else. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'])

const openTemporary = (temporary: string, folder: string) =>
  open(temporary, 'w', 0o600).catch(async (error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error
    await mkdir(folder, { recursive: true })
    return open(temporary, 'w', 0o600)
  })

/** Some file systems cannot, and need not. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  try {
    await handle?.sync()
  } catch {
    return
  } finally {
    await handle?.close()
  }
}
