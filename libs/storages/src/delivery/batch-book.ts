import type { PartitionBook, Settlement } from '@clymene/ledger'
import type { BusRecord, Delivery } from '@clymene/model'

import type { Outcomes } from './outcomes.ts'

/** The messages of a batch on their way into the book: in the order of their offsets, when their body is done. */
export type BatchBook = {
  /** See {@link PartitionBook.isSeen}. */
  readonly isSeen: (record: BusRecord) => boolean
  /** The next message is done with… */
  readonly settled: (settlement: Settlement) => void
  /** …or is, when the body that it stands in is. */
  readonly inBody: (record: BusRecord, delivery: Delivery) => void
  /** Books everything so far: all bodies of it are done. See {@link PartitionBook.settle}. */
  readonly settle: (signal: AbortSignal) => Promise<void>
}

const NO_BOOK: BatchBook = {
  isSeen: () => false,
  settled: () => undefined,
  inBody: () => undefined,
  settle: () => Promise.resolve(),
}

export function createBatchBook(book: PartitionBook | undefined, { settlementOf }: Outcomes): BatchBook {
  if (book === undefined) return NO_BOOK
  let waiting: (Settlement | { readonly record: BusRecord; readonly delivery: Delivery })[] = []
  return {
    isSeen: book.isSeen,
    settled: (settlement) => void waiting.push(settlement),
    inBody: (record, delivery) => void waiting.push({ record, delivery }),
    settle: (signal) => {
      const settlements = waiting.map((one) => ('delivery' in one ? settlementOf(one.record, one.delivery) : one))
      waiting = []
      return settlements.length === 0 ? Promise.resolve() : book.settle(settlements, signal)
    },
  }
}
