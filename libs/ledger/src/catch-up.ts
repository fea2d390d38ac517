import { DecodeError, type Bus, type BusRecord, type LedgerStore, type Logger, type PartitionBatch } from '@clymene/model'

import { newBookState, openBook, type Book, type BookState } from './book.ts'
import { dropBefore, expiredWithin, mergeInto, settlementOf, type Exceptions } from './exceptions.ts'
import { bookName, exceptionsName } from './names.ts'
import type { LedgerObserver } from './observer.ts'
import type { BookPlace } from './outcome.ts'
import { untilDone, type Patience } from './patience.ts'
import type { Roster } from './roster.ts'
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
  readonly onLoaded: (book: Book, hasBegun: boolean) => void
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
  const { state, kept, isNew } = await untilDone(() => load(options, signal), backoff, onFailure, signal)
  const book = openBook(state, roster)
  const isAnew = first.records.some((record) => book.isOfAnewTopic(record))
  if (isAnew) {
    logger.info('the topic was made anew: its book begins at offset 0 again, the counts stay', { ...place, upTo: state.upTo })
    book.beginAnew()
  } else {
    mergeInto(exceptions, kept)
  }
  dropBefore(exceptions, state.upTo)
  onLoaded(book, isNew || isAnew)
  while (state.upTo < options.settledUpTo()) await untilDone(() => readOn(book, options, signal), backoff, onFailure, signal)
  return book
}

async function load({ store, place, first, logger }: CatchUpOptions, stop: AbortSignal) {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(LOAD_MS)])
  const [bytes, kept] = [await store.load(bookName(place), signal), await store.load(exceptionsName(place), signal)]
  try {
    const state = bytes && decodeBook(bytes)
    if (state !== undefined)
      return { state: { ...state, place }, kept: kept === undefined ? NOTHING : decodeExceptions(kept), isNew: false }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    logger.error('the saved book is damaged: a new one begins, what it counted is lost', { ...place, error: error.message })
  }
  return { state: newState(place, first), kept: NOTHING, isNew: true }
}

const NOTHING: Exceptions = { settled: new Map(), expired: new Map() }

function newState(place: BookPlace, { committed, records, expired = 0 }: PartitionBatch): BookState {
  const firstOffset = records[0]?.origin.offset ?? 0n
  return newBookState(place, committed ?? firstOffset - BigInt(expired))
}

/** Reads up to what is settled now. What the bus does not give there is not there. */
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
  for await (const records of read(topic, partition, book.state.upTo, to, signal)) {
    signal.throwIfAborted()
    for (const record of records) settle(record)
  }
  skipTo(to)
}
