import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { errorCode, errorMessage, RetryableError, type LedgerStore } from '@clymene/model'

const ENDING = '.book'
/** A name is a file's name: what is longer is not taken. Linux has 255 bytes. */
const MAX_NAME = 240

/**
 * Books as files, one a name, for one process. A file is written beside the old one, synced and renamed: after a crash or a power cut
 * there is the old state or the new one. The directory is made when something is saved first.
 */
export function createDirectoryLedgerStore(directory: string): LedgerStore {
  const turns = new Map<string, Promise<void>>()
  const pathOf = (name: string): string => join(directory, fileName(name))
  const retryable = async <T>(what: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (signal.aborted && error === signal.reason) throw error
      throw new RetryableError(`${directory}: ${what}: ${errorMessage(error)}`, { cause: error })
    }
  }
  const save = async (name: string, state: Buffer, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await writeDurably(pathOf(name), state)
    await syncDirectory(directory)
  }
  return {
    load: (name, signal) => retryable('a book cannot be read', signal, () => readIfThere(pathOf(name))),
    save: (name, state, signal) =>
      retryable('a book cannot be saved', signal, async () => {
        const turn = (turns.get(name) ?? Promise.resolve()).catch(() => undefined).then(() => save(name, state, signal))
        turns.set(name, turn)
        try {
          await turn
        } finally {
          if (turns.get(name) === turn) turns.delete(name)
        }
      }),
    all: (signal) =>
      retryable('the books cannot be read', signal, async () => {
        const states = new Map<string, Buffer>()
        for (const file of await filesOf(directory)) {
          signal.throwIfAborted()
          const state = await readIfThere(join(directory, file))
          if (state !== undefined) states.set(decodeURIComponent(file.slice(0, -ENDING.length)), state)
        }
        return states
      }),
    close: async () => {
      await Promise.allSettled(turns.values())
    },
  }
}

function fileName(name: string): string {
  const file = `${encodeURIComponent(name)}${ENDING}`
  if (file.length > MAX_NAME) throw new RetryableError(`the name of a book is too long for a file: ${name}`)
  return file
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function filesOf(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((file) => file.endsWith(ENDING))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

async function writeDurably(path: string, state: Buffer): Promise<void> {
  const temporary = `${path}.new`
  try {
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(state)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    // On a full disk the half of a file takes room that others need.
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  }
}

/** Makes a rename survive a power cut. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
