import { setImmediate as turn } from 'node:timers/promises'

import {
  DecodeError,
  errorMessage,
  KINDS,
  PermanentError,
  RetryableError,
  type Delivery,
  type Kind,
  type RefusedRecord,
} from '@clymene/model'
import { createDecompressor } from '@clymene/wire'

import type { Database } from './database.ts'
import { lineProgress, type LineProgress, type LineWriter } from './line-writer.ts'
import type { Memory } from './memory.ts'
import type { Room, SampleProgress, SampleWriter } from './sample-writer.ts'
import type { Upkeep } from './upkeep.ts'

/** A transaction of at most this takes 15 ms of the event loop, then others have their go. */
const MAX_TURN_BYTES = 512 * 1024

export type WriteQueue = {
  /** Resolves when a transaction with all of it is committed. Rejects as a Sink does. */
  readonly write: (kind: Kind, deliveries: readonly Delivery[], signal: AbortSignal) => Promise<void>
  /** Has the upkeep run, a slice a turn, until it says that it is done. */
  readonly wake: () => void
  /** Resolves when everything that was asked for is done; nothing more may be asked. */
  readonly close: () => Promise<void>
}

export type WriteQueueOptions = {
  readonly database: Database
  readonly samples: SampleWriter
  readonly lines: LineWriter
  readonly maxMessageBytes: number
  readonly upkeep: Pick<Upkeep, 'slice' | 'blocked' | 'makeRoom'>
  /** New records of a transaction, called inside it. */
  readonly storing: (kind: Kind, records: number) => void
  /** The same once they are committed. */
  readonly stored: (kind: Kind, records: number) => void
  readonly memory: Memory
}

type Job = {
  readonly kind: Kind
  readonly deliveries: readonly Delivery[]
  readonly signal: AbortSignal
  refused: RefusedRecord[]
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  /** The delivery that is being written, and how far. */
  index: number
  message: Buffer | undefined
  samples: SampleProgress
  lines: LineProgress
  triedFull: boolean
}

/** One writer: everything that changes the store goes through here, in order, a short transaction a turn of the event loop. */
export function createWriteQueue(options: WriteQueueOptions): WriteQueue {
  const { database, samples, lines, upkeep, memory } = options
  const decompress = createDecompressor(options.maxMessageBytes)
  // A turn's transaction fits into the share of the pages that the retention keeps free.
  const turnBytes = Math.min(MAX_TURN_BYTES, Math.floor(database.pageLimitBytes / 32))
  const jobs: Job[] = []
  let awake = false
  let draining: Promise<void> | undefined
  let closed = false
  /** Writes on with the first job; true when it is done. */
  const advance = (job: Job, room: Room): boolean => {
    const delivery = job.deliveries[job.index]
    if (delivery === undefined) return true
    job.message ??= decompress(delivery.value)
    const refuse = (refused: Omit<RefusedRecord, 'delivery'>): void => void job.refused.push({ ...refused, delivery: job.index })
    const done =
      job.kind === 'metrics' ? samples.write(job.message, job.samples, room, refuse) : lines.write(job.message, job.lines, room, refuse)
    if (!done) return false
    job.index++
    Object.assign(job, emptyProgress())
    return job.index >= job.deliveries.length
  }

  /** Puts what a turn may take into the transaction; gives who is to be told what once it is committed. */
  const writeSome = (touched: Job[]): (() => void)[] => {
    const room = { bytes: turnBytes }
    const settled: (() => void)[] = []
    for (let job = jobs[0]; job !== undefined && room.bytes > 0; job = jobs[0]) {
      if (touched.at(-1) !== job) touched.push(job)
      const outcome = outcomeOf(job, room)
      if (outcome === undefined) continue
      settled.push(outcome)
      jobs.shift()
    }
    return settled
  }

  /** Writes on with a job: what to tell its caller, undefined when it is not done. */
  const outcomeOf = (job: Job, room: Room): (() => void) | undefined => {
    const began = job.message !== undefined || job.index > 0
    if (!began && job.signal.aborted) return () => job.reject(asError(job.signal.reason))
    try {
      if (!advance(job, room)) return undefined
      return job.refused.length === 0 ? job.resolve : () => job.reject(refusal(job))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return () => job.reject(new PermanentError(`delivery ${job.index}: ${error.message}`, { cause: error }))
    }
  }

  /** One transaction: as many jobs, or as much of the first one, as a turn may take. Group commit comes from this. */
  const commitSome = (): void => {
    const touched: Job[] = []
    const records = { metrics: 0, logs: 0 }
    try {
      memory.refresh()
      const settled = database.transaction(() => {
        const outcomes = writeSome(touched)
        records.metrics = samples.endTransaction()
        records.logs = lines.endTransaction()
        for (const kind of KINDS) options.storing(kind, records[kind])
        return outcomes
      })
      for (const kind of KINDS) options.stored(kind, records[kind])
      for (const settle of settled) settle()
    } catch (error) {
      memory.invalidate()
      samples.forget()
      lines.endTransaction()
      failed(touched, error)
    }
  }

  /** A transaction that did not fit is tried once more after room was made; any other failure is the callers' to try again. */
  const failed = (touched: readonly Job[], error: unknown): void => {
    const waiting = jobs.splice(0).filter((job) => !touched.includes(job))
    const isFull = resultCode(error) === SQLITE_FULL
    if (isFull) upkeep.makeRoom()
    for (const job of touched) {
      if (isFull && !job.triedFull) jobs.push(Object.assign(job, { ...emptyProgress(), index: 0, refused: [], triedFull: true }))
      else job.reject(storeFailure(database.path, error))
    }
    // Nothing was touched when reading back failed: then nobody can be served.
    if (touched.length > 0) jobs.push(...waiting)
    else for (const job of waiting) job.reject(storeFailure(database.path, error))
  }

  /** Ends in the same turn in which it saw that nothing is left, so whoever asks for more starts it again. */
  const drain = async (): Promise<void> => {
    while (jobs.length > 0 || awake) {
      await turn()
      awake = upkeep.slice()
      if (jobs.length > 0 && !upkeep.blocked()) commitSome()
    }
    draining = undefined
  }

  const start = (): void => {
    draining ??= drain()
  }

  return {
    write: (kind, deliveries, signal) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new RetryableError(`embedded store ${database.path} is closed`))
        jobs.push({ kind, deliveries, signal, refused: [], resolve, reject, index: 0, triedFull: false, ...emptyProgress() })
        start()
      }),
    wake: () => {
      awake = true
      start()
    },
    close: async () => {
      closed = true
      await draining
    },
  }
}

const emptyProgress = (): Pick<Job, 'message' | 'samples' | 'lines'> => ({
  message: undefined,
  samples: { position: 0, samples: 0 },
  lines: lineProgress(),
})

function refusal({ refused }: Job): PermanentError {
  const [first] = refused
  return new PermanentError(`embedded store: ${refused.length} refused: ${first?.reason}`, { refused })
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)))

// SQLite's result codes (sqlite.org/rescode.html).
const SQLITE_FULL = 13
/** Read-only, I/O error, damaged, full, cannot open: somebody has to see to the disk. */
const OPERATOR = new Set([8, 10, 11, SQLITE_FULL, 14])

const resultCode = (error: unknown): number => (error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0)

const storeFailure = (path: string, error: unknown): RetryableError =>
  new RetryableError(`embedded store ${path}: ${errorMessage(error)}`, { cause: error, needsOperator: OPERATOR.has(resultCode(error)) })
