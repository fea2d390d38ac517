import { errorMessage, type Bus, type LedgerStore, type Logger, type PartitionBatch } from '@clymene/model'

import type { PartitionAccount } from './account.ts'
import { reportOfBook, type BookState } from './book.ts'
import { gapsOf, type Gap } from './gaps.ts'
import { bookName } from './names.ts'
import type { LedgerObserver } from './observer.ts'
import type { BookPlace } from './outcome.ts'
import { openPartitionBook, type OpenedBook, type PartitionBook } from './partition-book.ts'
import { createOnceAMinute, waitAWhile, type Patience } from './patience.ts'
import { createRoster } from './roster.ts'

export type LedgerOptions = {
  readonly store: LedgerStore
  /** Reads messages again that were settled, but not booked. */
  readonly read: Bus['read']
  readonly logger: Logger
  readonly observer?: LedgerObserver
  /** How often books that changed are saved, milliseconds; at least 100. Default 10 s. */
  readonly saveEveryMs?: number
  /** Agents that are told apart in all books together, and clusters. Default 10,000. */
  readonly maxAgents?: number
  /** Keys whose numbers are followed, for each of those agents. Default 8. */
  readonly keysPerAgent?: number
  /** How long delivery waits at most for the store: at a takeover, and for what it cannot find out again. Default 5 s. */
  readonly patienceMs?: number
  readonly backoff?: Patience
  readonly now?: () => number
}

/** Which storage reads a topic through which group. */
export type BookOwner = Pick<BookPlace, 'kind' | 'storage' | 'group'>

/** The books of all partitions that this process reads. */
export type Ledger = {
  /** The book of the batch's partition. To be called with each batch, before anything is done with it. */
  readonly take: (batch: PartitionBatch, owner: BookOwner, signal: AbortSignal) => Promise<PartitionBook>
  /** Saves every book that changed. @throws AggregateError of what the store said */
  readonly save: (signal: AbortSignal) => Promise<void>
  /** The books that stand where their groups stand, as they are now: as if they had been saved now. */
  readonly accounts: () => readonly PartitionAccount[]
  readonly gaps: () => readonly Gap[]
  readonly agents: () => number
  /** Agents, clusters and keys that had to make room. */
  readonly forgotten: () => number
  /** Saves what changed, within the patience, and forgets the books. The store stays open. */
  readonly close: () => Promise<void>
}

const MIN_SAVE_MS = 100
/** A timer takes no more. */
const MAX_TIMER_MS = 2 ** 31 - 1
/** Large books are saved less often: making the text takes half a hundredth of the time at most, and compressing it as much of another thread's. */
const BUSY = 200
const BACKOFF: Patience = { minMs: 200, maxMs: 10_000 }

export function createLedger(options: LedgerOptions): Ledger {
  const { store, read, logger, observer = {}, now = Date.now, backoff = BACKOFF } = options
  const { saveEveryMs = 10_000, maxAgents = 10_000, keysPerAgent = 8, patienceMs = 5000 } = options
  const waitMs = Math.min(Math.max(saveEveryMs, MIN_SAVE_MS), MAX_TIMER_MS)
  const roster = createRoster({ maxAgents, maxKeys: maxAgents * keysPerAgent })
  const books = new Map<string, OpenedBook>()
  const releasing = new Map<string, Promise<void>>()
  const onceAMinute = createOnceAMinute()
  const closing = new AbortController()

  const release = (name: string, book: OpenedBook): Promise<void> => {
    if (books.get(name) === book) books.delete(name)
    const before = releasing.get(name) ?? Promise.resolve()
    const done = before.then(() => book.release())
    releasing.set(name, done)
    return done.finally(() => {
      if (releasing.get(name) === done) releasing.delete(name)
    })
  }

  let busyMs = 0
  const save = async (signal: AbortSignal): Promise<void> => {
    const failures: unknown[] = []
    busyMs = 0
    // One after the other: each is some milliseconds of work at once.
    for (const book of books.values()) {
      try {
        busyMs += await book.save(signal)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, errorMessage(failures[0]))
  }

  const states = (): readonly BookState[] =>
    [...books.values()].flatMap((book) => {
      const state = book.state()
      return state === undefined ? [] : [state]
    })

  const saveNow = async (): Promise<void> => {
    try {
      await save(AbortSignal.any([closing.signal, AbortSignal.timeout(Math.max(waitMs, patienceMs))]))
    } catch (error) {
      if (closing.signal.aborted) return
      onceAMinute(() => logger.warn('books cannot be saved now; delivery goes on', { error: errorMessage(error) }))
    }
  }
  const saveLater = (): NodeJS.Timeout =>
    setTimeout(
      () => {
        void saveNow().then(() => {
          if (!closing.signal.aborted) timer = saveLater()
        })
      },
      Math.max(waitMs, busyMs * BUSY),
    ).unref()
  let timer = saveLater()

  return {
    take: async (batch, owner, signal) => {
      const { topic, partition, takeover } = batch
      const place = { ...owner, topic, partition }
      const name = bookName(place)
      let book = books.get(name)
      let patience: AbortSignal | undefined
      if (book === undefined || takeover) {
        patience = AbortSignal.timeout(patienceMs)
        if (book !== undefined) void release(name, book)
        const released = releasing.get(name)
        // A book that is saved after all is older than what is saved from now on, and is left out then.
        if (released !== undefined) await waitAWhile(released, AbortSignal.any([signal, patience]))
        signal.throwIfAborted()
        const opened = openPartitionBook({ store, read, place, roster, observer, logger, backoff, first: batch, patienceMs, now })
        books.set(name, opened)
        signal.addEventListener('abort', () => void release(name, opened), { once: true })
        book = opened
      }
      await book.arrive(batch, patience, signal)
      return book
    },
    save,
    accounts: () => states().map((state) => ({ ...reportOfBook(state), savedAt: now() })),
    gaps: () => gapsOf(states()),
    agents: roster.agents,
    forgotten: roster.forgotten,
    close: async () => {
      clearTimeout(timer)
      closing.abort(new Error('the ledger is closed'))
      for (const [name, book] of books) void release(name, book)
      await Promise.all(releasing.values())
    },
  }
}
