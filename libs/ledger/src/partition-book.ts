import { errorMessage, type BusRecord, type PartitionBatch } from '@clymene/model'

import type { Book, BookState } from './book.ts'
import { catchUp, standOf, type CatchUpOptions } from './catch-up.ts'
import { addException, createExceptions, expiredWithin } from './exceptions.ts'
import type { Settlement } from './outcome.ts'
import { createOnceAMinute, noLaterThan, waitAWhile } from './patience.ts'
import { createSafe, type Safe } from './safe.ts'

/** The book of one partition and storage, while this process reads it. */
export type PartitionBook = {
  /** The book has the number of this message already, from one before it: a refusal that looks like that of a repeat is one. */
  readonly isSeen: (record: BusRecord) => boolean
  /**
   * Books what came of the next messages, in the order of their offsets; what is booked already is left out. Resolves when what
   * cannot be found out again is safe, or after a bounded time without: a store of the ledger that is away holds nothing up.
   */
  readonly settle: (settlements: readonly Settlement[], signal: AbortSignal) => Promise<void>
}

export type OpenedBook = PartitionBook & {
  /** A batch is here. Resolves when the book stands where the batch begins, or, of a takeover, when the patience aborts. */
  readonly arrive: (batch: PartitionBatch, patience: AbortSignal | undefined, signal: AbortSignal) => Promise<void>
  /** Keeps the book safe if it changed, within the patience and as long as it is open. See {@link Safe.save}. */
  readonly save: Safe['save']
  /** As it is now; undefined until it stands where the group stands. */
  readonly state: () => BookState | undefined
  /** The partition is somebody else's: saves the book, if that is possible soon, and closes it. */
  readonly release: () => Promise<void>
}

export type PartitionBookOptions = Omit<CatchUpOptions, 'exceptions' | 'settledUpTo' | 'onLoaded' | 'onFailure'> & {
  /** How long delivery waits for the ledger, milliseconds. */
  readonly patienceMs: number
  readonly now: () => number
}

export function openPartitionBook(options: PartitionBookOptions): OpenedBook {
  const { first, place, logger, observer, patienceMs } = options
  const exceptions = createExceptions()
  const stop = new AbortController()
  const onceAMinute = createOnceAMinute()
  let settledUpTo = standOf(first)
  let loaded: Book | undefined
  /** There once the book stands where the group stands. */
  let book: Book | undefined
  let hasChangedSafety = false
  const safe: Safe = createSafe({ ...options, exceptions, book: () => loaded })

  const ready = catchUp(
    {
      ...options,
      exceptions,
      settledUpTo: () => settledUpTo,
      onLoaded: (opened, found, hasBegun) => {
        loaded = opened
        safe.loaded(found)
        if (hasBegun) safe.begun()
        hasChangedSafety ||= hasBegun
      },
      onFailure: (error) =>
        onceAMinute(() => logger.warn('the books are behind: they cannot be read now', { ...place, error: errorMessage(error) })),
    },
    stop.signal,
  ).then((caughtUp) => {
    book = caughtUp
    safe.changed()
    return undefined
  })
  ready.catch(() => undefined)

  const skipTo = (offset: bigint): void => {
    if (book === undefined || offset <= book.state.upTo) return
    const { expired, unattributed } = book.skipTo(offset, expiredWithin(exceptions, book.state.upTo, offset))
    if (expired > 0) observer.booked?.(place, 'expired', expired)
    if (unattributed > 0) observer.booked?.(place, 'unattributed', unattributed)
    safe.changed()
  }

  const settleNow = (into: Book, settlements: readonly Settlement[]): boolean => {
    let isExceptional = false
    const counts = { stored: 0, repeatedInBus: 0, repeatedInStorage: 0, deadLetter: 0 }
    for (const settlement of settlements) {
      skipTo(settlement.record.origin.offset)
      const outcome = into.settle(settlement)
      if (outcome === undefined) continue
      counts[outcome]++
      isExceptional = addException(exceptions, settlement) || isExceptional
    }
    const { stored, repeatedInBus, repeatedInStorage, deadLetter } = counts
    if (stored > 0) observer.booked?.(place, 'stored', stored)
    if (repeatedInBus > 0) observer.booked?.(place, 'repeatedInBus', repeatedInBus)
    if (repeatedInStorage > 0) observer.booked?.(place, 'repeatedInStorage', repeatedInStorage)
    if (deadLetter > 0) observer.booked?.(place, 'deadLetter', deadLetter)
    safe.changed()
    return isExceptional
  }

  /** The book does not stand here yet: it reads these messages again. */
  const settleLater = (settlements: readonly Settlement[]): boolean => {
    const last = settlements.at(-1)
    if (last !== undefined) settledUpTo = last.record.origin.offset + 1n
    return settlements.filter((settlement) => addException(exceptions, settlement)).length > 0
  }

  return {
    arrive: async ({ records, expired = 0 }, patience, signal) => {
      const [record] = records
      if (record !== undefined && expired > 0) {
        exceptions.expired.set(record.origin.offset, expired)
        hasChangedSafety = true
      }
      if (patience !== undefined) await waitAWhile(ready, AbortSignal.any([signal, patience]))
      if (record !== undefined) skipTo(record.origin.offset)
      signal.throwIfAborted()
    },
    isSeen: (record) => book !== undefined && !stop.signal.aborted && book.isSeen(record),
    settle: async (settlements, signal) => {
      if (stop.signal.aborted) return
      const isExceptional = book === undefined ? settleLater(settlements) : settleNow(book, settlements)
      if (!isExceptional && !hasChangedSafety) return
      hasChangedSafety = false
      await safe.keepExceptions(settlements.length, signal)
    },
    save: async (signal) => {
      try {
        return await safe.save(AbortSignal.any([signal, stop.signal, AbortSignal.timeout(patienceMs)]))
      } catch (error) {
        // Whoever gives the partition up saves it once more.
        if (stop.signal.aborted) return 0
        throw error
      }
    },
    state: () => book?.state,
    release: async () => {
      if (stop.signal.aborted) return
      stop.abort(new Error('the partition was given up'))
      try {
        const patience = AbortSignal.timeout(patienceMs)
        await noLaterThan(safe.save(patience), patience)
      } catch (error) {
        logger.debug('the book of a partition that was given up is not saved; who has it now reads on from the one before', {
          ...place,
          error: errorMessage(error),
        })
      }
      loaded?.close()
    },
  }
}
