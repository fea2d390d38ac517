import { DecodeError, RetryableError, type Bus, type BusRecord, type LedgerStore, type Logger, type PartitionBatch } from '@clymene/model'

import { newBookState, openBook, type Book, type BookState } from './book.ts'
import { dropBefore, expiredWithin, mergeInto, settlementOf, type Exceptions } from './exceptions.ts'
import { bookName, exceptionsName } from './names.ts'
import type { LedgerObserver } from './observer.ts'
import type { BookPlace } from './outcome.ts'
import { untilDone, type Patience } from './patience.ts'
import type { Roster } from './roster.ts'
import type { Found } from './safe.ts'
import { decodeBook, decodeExceptions } from './state.ts'

export type CatchUpOptions = {
  readonly store: LedgerStore
  readonly read: Bus['read']
  readonly place: BookPlace
  readonly roster: Roster
  readonly observer: LedgerObserver
  readonly logger: Logger
  /** Between attempts at a store or bus that is away. */
  readonly backoff: Patience
  /** The batch with which the partition was taken over. */
  readonly first: PartitionBatch
  /** What is known of messages that the saved book lacks; gets what was saved of them. */
  readonly exceptions: Exceptions
  /** Everything before this offset is done with, as far as is known when it is asked. */
  readonly settledUpTo: () => bigint
  /** The saved book is here, or one that begins, or begins anew, and has to be saved before anything is committed. */
  readonly onLoaded: (book: Book, found: Found, hasBegun: boolean) => void
  readonly onFailure: (error: unknown) => void
}

/** How long one reading of a saved book may take. */
const LOAD_MS = 30_000

/**
 * Opens the saved book and brings it to where the group stands: what somebody settled who ended before he saved is read again
 * and booked as stored, as a repeat where its number came before, or as what was kept of it. What is not in the bus any more is expired or
 * unattributed. Goes on until the signal aborts.
 */
export async function catchUp(options: CatchUpOptions, signal: AbortSignal): Promise<Book> {
  const { roster, first, exceptions, backoff, onLoaded, onFailure, logger, place } = options
  const { state, kept, isNew, found } = await untilDone(() => load(options, signal), backoff, onFailure, signal)
  const book = openBook(state, roster)
  const isAnew = first.records.some((record) => book.isOfAnewTopic(record))
  if (isAnew) {
    logger.info('the topic was made anew: its book begins at offset 0 again, the counts stay', { ...place, upTo: state.upTo })
    book.beginAnew()
  } else {
    mergeInto(exceptions, kept)
  }
  dropBefore(exceptions, state.upTo)
  onLoaded(book, found, isNew || isAnew)
  while (state.upTo < options.settledUpTo()) await untilDone(() => readOn(book, options, signal), backoff, onFailure, signal)
  return book
}

async function load({ store, place, first, logger }: CatchUpOptions, stop: AbortSignal) {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(LOAD_MS)])
  const found: Found = { book: await store.load(bookName(place), signal), exceptions: await store.load(exceptionsName(place), signal) }
  try {
    const saved = found.book && decodeBook(found.book)
    const kept = found.exceptions === undefined ? NOTHING : decodeExceptions(found.exceptions)
    if (saved !== undefined) return { state: { ...saved, place, generation: saved.generation + 1 }, kept, isNew: false, found }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    logger.error('the saved book is damaged: a new one begins, what it counted is lost', { ...place, error: error.message })
  }
  return { state: newState(place, first), kept: NOTHING, isNew: true, found }
}

const NOTHING: Exceptions = { settled: new Map(), expired: new Map() }

function newState(place: BookPlace, first: PartitionBatch): BookState {
  const { committed, records, expired = 0 } = first
  return newBookState(place, committed === undefined ? (records[0]?.origin.offset ?? 0n) - BigInt(expired) : standOf(first))
}

/** Everything before it was settled before this batch: a group that stood further than what it is handed over now is handed it again. */
export function standOf({ committed, records }: PartitionBatch): bigint {
  const firstOffset = records[0]?.origin.offset
  if (committed === undefined || firstOffset === undefined) return firstOffset ?? committed ?? 0n
  return committed > firstOffset ? firstOffset : committed
}

/** Where no log ends. */
const ANY_END = 2n ** 63n - 1n

/**
 * Reads up to what is settled now. What the bus passes over there, when it gives something behind it, is not there (any more). A log that ends
 * before it is another matter: a leader that was just chosen may not know yet how far it goes.
 *
 * @throws RetryableError
 */
async function readOn(book: Book, { read, place, exceptions, settledUpTo, observer }: CatchUpOptions, signal: AbortSignal): Promise<void> {
  const { topic, partition } = place
  const to = settledUpTo()
  const skipTo = (offset: bigint): void => {
    const { expired, unattributed } = book.skipTo(offset, expiredWithin(exceptions, book.state.upTo, offset))
    if (expired > 0) observer.booked?.(place, 'expired', expired)
    if (unattributed > 0) observer.booked?.(place, 'unattributed', unattributed)
  }
  const settle = (record: BusRecord): void => {
    skipTo(record.origin.offset)
    const outcome = book.settle(settlementOf(exceptions, record))
    if (outcome !== undefined) observer.booked?.(place, outcome, 1)
  }
  for await (const records of read(topic, partition, book.state.upTo, ANY_END, signal)) {
    signal.throwIfAborted()
    const isBehind = (record: BusRecord): boolean => record.origin.offset >= to
    for (const record of records) if (!isBehind(record)) settle(record)
    if (records.some(isBehind)) skipTo(to)
    if (book.state.upTo >= to) return
  }
  throw new RetryableError(`the log ends at offset ${book.state.upTo}, before ${to}, up to where it was read before`)
}
