import { errorMessage, type LedgerStore, type Logger } from '@clymene/model'

import type { Book } from './book.ts'
import { dropBefore, sizeOf, type Exceptions } from './exceptions.ts'
import { bookName, exceptionsName } from './names.ts'
import type { LedgerObserver } from './observer.ts'
import type { BookPlace } from './outcome.ts'
import { createOnceAMinute, noLaterThan } from './patience.ts'
import { encodeBook, encodeExceptions } from './state.ts'

export type SafeOptions = {
  readonly store: LedgerStore
  readonly place: BookPlace
  readonly observer: LedgerObserver
  readonly logger: Logger
  readonly patienceMs: number
  readonly now: () => number
  readonly exceptions: Exceptions
  /** Undefined until the saved one was loaded: nothing may be saved over it before. */
  readonly book: () => Book | undefined
}

/** Brings a book, and what it must not forget, into the store. */
export type Safe = {
  readonly changed: () => void
  /** The next thing to be kept is the whole book: else nobody would know where it began. */
  readonly begun: () => void
  /** @returns for how many milliseconds it held up everything else. @throws what the store throws */
  readonly save: (signal: AbortSignal) => Promise<number>
  /** Never rejects but for the signal, and takes a bounded time. `messages` is how many are at stake. */
  readonly keepExceptions: (messages: number, signal: AbortSignal) => Promise<void>
}

/** With more of them the whole book is saved, and they are needed no more. */
const MANY_EXCEPTIONS = 1000
/** After a store did not answer in time nobody waits for it for so long. */
const AWAY_MS = 10_000

export function createSafe({ store, place, observer, logger, patienceMs, now, exceptions, book }: SafeOptions): Safe {
  const onceAMinute = createOnceAMinute(now)
  let changes = 0
  let hasBegun = false
  let savedChanges = 0
  let savedUpTo = 0n
  let awayUntil = -Infinity
  let turn: Promise<void> = Promise.resolve()

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.catch(() => undefined).then(work)
    turn = done.then(() => undefined)
    turn.catch(() => undefined)
    return done
  }

  const saveBook = async (signal: AbortSignal): Promise<number> => {
    const state = book()?.state
    if (state === undefined || changes === savedChanges) return 0
    const start = now()
    const [saving, { upTo }] = [changes, state]
    state.savedAt = start
    const begun = performance.now()
    const encoding = encodeBook(state)
    const busyMs = performance.now() - begun
    const bytes = await encoding
    await noLaterThan(store.save(bookName(place), bytes, signal), signal)
    savedChanges = saving
    hasBegun = false
    // Not those since the save before this: somebody who had the partition before us may save his older book even now.
    dropBefore(exceptions, savedUpTo)
    savedUpTo = upTo
    observer.saved?.(place, { seconds: (now() - start) / 1000, bytes: bytes.length })
    return busyMs
  }

  const saveExceptions = async (signal: AbortSignal): Promise<void> => {
    if (book() === undefined) throw new Error('the saved book could not be read yet')
    const bytes = await encodeExceptions(place, exceptions)
    await noLaterThan(store.save(exceptionsName(place), bytes, signal), signal)
  }

  const save = (signal: AbortSignal): Promise<number> =>
    inTurn(async () => {
      try {
        return await saveBook(signal)
      } catch (error) {
        observer.saveFailed?.(place)
        throw error
      }
    })

  const keep = async (signal: AbortSignal): Promise<void> => {
    if (hasBegun || sizeOf(exceptions) > MANY_EXCEPTIONS) await saveBook(signal)
    await saveExceptions(signal)
  }

  return {
    changed: () => {
      changes++
    },
    begun: () => {
      hasBegun = true
      changes++
    },
    save,
    keepExceptions: async (messages, signal) => {
      try {
        if (now() < awayUntil) throw new Error('the store of the ledger did not answer before')
        const soon = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
        await noLaterThan(
          inTurn(() => keep(soon)),
          soon,
        )
      } catch (error) {
        signal.throwIfAborted()
        if (now() >= awayUntil) {
          observer.saveFailed?.(place)
          awayUntil = now() + AWAY_MS
        }
        observer.unsafe?.(place, messages)
        onceAMinute(() =>
          logger.error('dead letters and repeats cannot be booked safely now; if this process ends before they are, they count as stored', {
            ...place,
            error: errorMessage(error),
          }),
        )
      }
    },
  }
}
