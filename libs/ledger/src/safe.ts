import { DecodeError, errorMessage, type LedgerStore, type Logger } from '@clymene/model'

import type { Book } from './book.ts'
import { dropBefore, mergeInto, sizeOf, type Exceptions } from './exceptions.ts'
import { bookName, exceptionsName } from './names.ts'
import type { LedgerObserver } from './observer.ts'
import type { BookPlace } from './outcome.ts'
import { createOnceAMinute, noLaterThan } from './patience.ts'
import { decodeBook, decodeExceptions, encodeBook, encodeExceptions } from './state.ts'

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
  /** What the book was made of: what else is found in the store later is somebody else's. */
  readonly loaded: (found: Found) => void
  /** The next thing to be kept is the whole book: else nobody would know where it began. */
  readonly begun: () => void
  /**
   * Leaves what is in the store alone when somebody has saved there who took the partition over since.
   *
   * @returns for how many milliseconds it held up everything else. @throws what the store throws
   */
  readonly save: (signal: AbortSignal) => Promise<number>
  /** Never rejects but for the signal, and takes a bounded time. `messages` is how many are at stake. */
  readonly keepExceptions: (messages: number, signal: AbortSignal) => Promise<void>
}

/** The states as they are in the store; undefined when there is none. */
export type Found = { readonly book: Buffer | undefined; readonly exceptions: Buffer | undefined }

/** With more of them the whole book is saved, and they are needed no more. */
const MANY_EXCEPTIONS = 1000
/** After a store did not answer in time nobody waits for it for so long. */
const AWAY_MS = 10_000
/** An answer that took longer tells what was before: this process may have been stopped meanwhile, and have lost the partition. */
const STALE_MS = 1000

export function createSafe({ store, place, observer, logger, patienceMs, now, exceptions, book }: SafeOptions): Safe {
  const onceAMinute = createOnceAMinute()
  let changes = 0
  let hasBegun = false
  let savedChanges = 0
  let savedUpTo = 0n
  let known: Found = { book: undefined, exceptions: undefined }
  let awayUntil = -Infinity
  let turn: Promise<void> = Promise.resolve()

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.catch(() => undefined).then(work)
    turn = done.then(() => undefined)
    turn.catch(() => undefined)
    return done
  }

  const load = async (name: string, signal: AbortSignal): Promise<Buffer | undefined> => {
    const begun = performance.now()
    const state = await noLaterThan(store.load(name, signal), signal)
    return performance.now() - begun < STALE_MS ? state : noLaterThan(store.load(name, signal), signal)
  }

  /** Did somebody save who took the partition over after us, or with us and has come further? */
  const isBehind = async ({ generation, upTo }: Mark, signal: AbortSignal): Promise<boolean> => {
    const bytes = await load(bookName(place), signal)
    if (bytes === undefined || known.book?.equals(bytes) === true) return false
    const other = unlessDamaged(() => decodeBook(bytes))
    return other !== undefined && (other.generation > generation || (other.generation === generation && other.upTo > upTo))
  }

  const saveBook = async (signal: AbortSignal): Promise<number> => {
    const state = book()?.state
    if (state === undefined || changes === savedChanges) return 0
    const begun = performance.now()
    const [saving, mark] = [changes, { generation: state.generation, upTo: state.upTo }]
    state.savedAt = now()
    const encoding = encodeBook(state)
    const busyMs = performance.now() - begun
    const bytes = await encoding
    const isLeft = await isBehind(mark, signal)
    if (!isLeft) await noLaterThan(store.save(bookName(place), bytes, signal), signal)
    savedChanges = saving
    hasBegun = false
    if (isLeft) {
      logger.debug('the book is not saved: somebody else has taken the partition over', { ...place, ...mark })
      return busyMs
    }
    known = { ...known, book: bytes }
    // Not those since the save before this: somebody who had the partition before us may save his older book even now.
    dropBefore(exceptions, savedUpTo)
    savedUpTo = mark.upTo
    observer.saved?.(place, { seconds: (performance.now() - begun) / 1000, bytes: bytes.length })
    return busyMs
  }

  /** With those of somebody who has, or had, the partition as well: what came of their messages is lost otherwise. */
  const saveExceptions = async (signal: AbortSignal): Promise<void> => {
    if (book() === undefined) throw new Error('the saved book could not be read yet')
    for (;;) {
      const bytes = await encodeExceptions(place, exceptions)
      const found = await load(exceptionsName(place), signal)
      if (found === undefined || known.exceptions?.equals(found) === true) {
        await noLaterThan(store.save(exceptionsName(place), bytes, signal), signal)
        known = { ...known, exceptions: bytes }
        return
      }
      const others = unlessDamaged(() => decodeExceptions(found))
      if (others !== undefined) mergeInto(exceptions, others)
      known = { ...known, exceptions: found }
    }
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
    loaded: (found) => {
      known = found
    },
    begun: () => {
      hasBegun = true
      changes++
    },
    save,
    keepExceptions: async (messages, signal) => {
      try {
        if (performance.now() < awayUntil) throw new Error('the store of the ledger did not answer before')
        const soon = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
        await noLaterThan(
          inTurn(() => keep(soon)),
          soon,
        )
      } catch (error) {
        signal.throwIfAborted()
        if (performance.now() >= awayUntil) {
          observer.saveFailed?.(place)
          awayUntil = performance.now() + AWAY_MS
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

type Mark = { readonly generation: number; readonly upTo: bigint }

/** What is damaged stands in nobody's way. */
function unlessDamaged<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return undefined
  }
}
