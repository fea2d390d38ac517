import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm, writeFile } from 'node:fs/promises'

import { errorCode } from '@clymene/model'

/** Puts the lock there whole, when there is none. */
export async function put(path: string, text: string): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}`
  try {
    await writeFile(temporary, text, { flag: 'wx' })
    return await linked(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

export type Found = { readonly text: string; readonly touchedMs: number }

/** Through an open file: where the disk is another machine's, a name alone may tell old times. */
export async function look(path: string): Promise<Found | undefined> {
  let file
  try {
    file = await open(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    return { text: await file.readFile('utf8'), touchedMs: (await file.stat()).mtimeMs }
  } finally {
    await file.close()
  }
}

/** Two processes may find the same stale lock: only the file that was looked at is taken away, a newer one is put back. */
export async function removeOnly(path: string, text: string): Promise<void> {
  const aside = `${path}.stale.${randomUUID()}`
  try {
    await rename(path, aside)
    if ((await readFile(aside, 'utf8')) !== text) await linked(aside, path)
    await rm(aside, { force: true })
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}
