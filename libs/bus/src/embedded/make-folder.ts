import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

import { errorCode } from '@clymene/model'

/**
 * Makes a folder and those above it that are missing. Where a file system says ENOENT though the folder above is there, as /proc does, Node's own
 * `recursive` tries for ever.
 */
export async function makeFolder(path: string, mode: number): Promise<void> {
  const isThere = await tryMake(path, mode, 'ENOENT')
  if (isThere || dirname(path) === path) return
  await makeFolder(dirname(path), mode)
  await tryMake(path, mode)
}

/** False when it fails with `expected`. */
async function tryMake(path: string, mode: number, expected?: string): Promise<boolean> {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    // Something is there; when it is no folder, the next step in it says so.
    if (errorCode(error) === 'EEXIST') return true
    if (errorCode(error) !== expected) throw error
    return false
  }
  return true
}
