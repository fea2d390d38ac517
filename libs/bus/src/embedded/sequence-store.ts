import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { errorCode } from '@clymene/model'

/** Numbers messages so that what a power cut took shows as a gap. One process uses the directory at a time. */
export type SequenceStore = {
  /** When this numbering began, milliseconds since the epoch; greater than every one before in the directory. */
  readonly epoch: number
  /**
   * The next number of the key: 0 for a new one, then one more each time. After a clean close it goes on in the next epoch,
   * after anything else behind the end of the reserved block.
   *
   * @throws the error of the file system when a new block cannot be reserved; the number is not used then.
   */
  readonly next: (key: string) => number
  /** Gives back what is reserved and not used. */
  readonly close: () => void
}

export type SequenceStoreOptions = {
  /** Numbers that are reserved at once for each key: one write and sync (some milliseconds) for so many messages. Default 4096. */
  readonly blockSize?: number
  /** Keys that are kept; the one that was not used longest makes room, and its numbers are jumped over when it comes again. Default 10,000. */
  readonly maxKeys?: number
  readonly now?: () => number
}

type Numbering = { next: number; reserved: number }
/** `floor`: where the numbers of a key begin that is not listed. */
type Stored = { readonly epoch: number; readonly floor: number; readonly keys: readonly (readonly [string, number])[] }

/** @throws Error when the file is there and is not such a file. */
export function createSequenceStore(directory: string, options: SequenceStoreOptions = {}): SequenceStore {
  const { blockSize = 4096, maxKeys = 10_000, now = Date.now } = options
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, 'sequences.json')
  const stored = read(path)
  const epoch = Math.max(now(), stored.epoch + 1)
  // In the order of their last reservation: a Map keeps the order of insertion.
  const keys = new Map<string, Numbering>(stored.keys.map(([key, next]) => [key, { next, reserved: next }]))
  let floor = stored.floor
  let closed = false

  const save = (numbers: (numbering: Numbering) => number): void =>
    replace(path, { epoch, floor, keys: [...keys].map(([key, numbering]) => [key, numbers(numbering)]) })
  const reserve = (key: string): Numbering => {
    if (closed) throw new Error(`${path} is closed: no number for a further message`)
    const known = keys.get(key)
    if (known === undefined && keys.size >= maxKeys) forgetOldest()
    const numbering = known ?? { next: floor, reserved: floor }
    keys.delete(key)
    keys.set(key, numbering)
    numbering.reserved += blockSize
    try {
      save(({ reserved }) => reserved)
    } catch (error) {
      numbering.reserved -= blockSize
      if (known === undefined) keys.delete(key)
      throw error
    }
    return numbering
  }
  const forgetOldest = (): void => {
    const [oldest] = keys
    if (oldest === undefined) return
    const [key, { reserved }] = oldest
    floor = Math.max(floor, reserved)
    keys.delete(key)
  }
  save(({ reserved }) => reserved)
  return {
    epoch,
    next: (key) => {
      const known = keys.get(key)
      const numbering = known !== undefined && known.next < known.reserved ? known : reserve(key)
      return numbering.next++
    },
    close: () => {
      if (closed) return
      closed = true
      save(({ next }) => next)
    },
  }
}

function read(path: string): Stored {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { epoch: 0, floor: 0, keys: [] }
    throw error
  }
  const stored = parse(text)
  if (stored === undefined) throw new Error(`${path}: expected {"epoch":…,"floor":…,"keys":[["key",next],…]}, found other text`)
  return stored
}

function parse(text: string): Stored | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('epoch' in value && 'floor' in value && 'keys' in value)) return undefined
    const { epoch, floor, keys } = value
    if (!isCount(epoch) || !isCount(floor) || !Array.isArray(keys)) return undefined
    const pairs: (readonly [string, number])[] = []
    for (const pair of keys as readonly unknown[]) {
      if (!Array.isArray(pair) || typeof pair[0] !== 'string' || !isCount(pair[1])) return undefined
      pairs.push([pair[0], pair[1]])
    }
    return { epoch, floor, keys: pairs }
  } catch {
    return undefined
  }
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** Not asynchronous: a number is wanted at once, and a write comes once in thousands of messages. */
function replace(path: string, stored: Stored): void {
  const temporary = `${path}.new`
  const file = openSync(temporary, 'w')
  try {
    writeFileSync(file, JSON.stringify(stored))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
