import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

import { errorCode, errorMessage, type Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

/** What came of a number: the next one on the way has the message, or it was given up here. */
export type SentOutcome = 'acknowledged' | 'dropped'

/** Numbers given to messages of one way, and what came of them. */
export type SentCounts = {
  readonly epoch: number
  readonly sent: number
  readonly acknowledged: number
  readonly dropped: number
  /** Given by a run that ended before it heard what came of them. */
  readonly unanswered: number
}

export type SentAccount = {
  /** A message got a number. What is returned is told, once, what came of it. */
  readonly begin: () => (outcome: SentOutcome) => void
  readonly counts: () => SentCounts
  readonly close: () => void
}

export type SentAccountOptions = {
  readonly path: string
  /** Of the numbers that are given now: where a new account begins. */
  readonly epoch: number
  readonly logger: Logger
}

type Counts = { -readonly [K in keyof SentCounts]: SentCounts[K] }

/** Bytes of the file, padded with blanks: it is written over in place, also on a full disk. */
const SIZE = 256

/**
 * An account that outlives its process, however it ends: every change is written to the file at once (3 µs), and what was written
 * stays when a process is killed. It is synced when it is closed; a power cut may take it back by some seconds, or begin it anew.
 */
export function openSentAccount({ path, epoch, logger }: SentAccountOptions): SentAccount {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const before = read(path, logger)
  const counts: Counts = before ?? { epoch, sent: 0, acknowledged: 0, dropped: 0, unanswered: 0 }
  counts.unanswered = counts.sent - counts.acknowledged - counts.dropped
  const file = open(path, encode(counts))
  const onceInAMinute = createOnceIn(60_000)
  let isClosed = false
  const save = (): void => {
    if (isClosed) return
    try {
      writeSync(file, encode(counts), 0, SIZE, 0)
    } catch (error) {
      onceInAMinute('save', () => logger.warn('the account of what was sent cannot be saved', { path, error: errorMessage(error) }))
    }
  }
  return {
    begin: () => {
      counts.sent++
      save()
      return (outcome) => {
        counts[outcome]++
        save()
      }
    },
    counts: () => ({ ...counts }),
    close: () => {
      if (isClosed) return
      isClosed = true
      try {
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
    },
  }
}

const encode = (counts: SentCounts): Buffer => Buffer.from(`${JSON.stringify({ version: 1, ...counts }).padEnd(SIZE - 1)}\n`)

/** The whole file is there at once: a new one gets its name when it has its bytes. */
function open(path: string, content: Buffer): number {
  const temporary = `${path}.new`
  const file = openSync(temporary, 'w+', 0o600)
  writeSync(file, content, 0, SIZE, 0)
  renameSync(temporary, path)
  return file
}

function read(path: string, logger: Logger): Counts | undefined {
  try {
    const counts = parse(readFileSync(path, 'utf8'))
    if (counts === undefined) logger.warn('the account of what was sent cannot be read and begins anew', { path })
    return counts
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function parse(text: string): Counts | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 1) return undefined
    if (!('epoch' in value && 'sent' in value && 'acknowledged' in value && 'dropped' in value)) return undefined
    const { epoch, sent, acknowledged, dropped } = value
    if (!isCount(epoch) || !isCount(sent) || !isCount(acknowledged) || !isCount(dropped) || sent < acknowledged + dropped) return undefined
    return { epoch, sent, acknowledged, dropped, unanswered: 0 }
  } catch {
    return undefined
  }
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
