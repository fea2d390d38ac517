import { DecodeError } from '@clymene/model'

import type { PartitionAccount } from './account.ts'
import { reportOfBook } from './book.ts'
import { bookName, isBookName } from './names.ts'
import { decodeBook } from './state.ts'

export type ReportOptions = {
  /** Books of this process as they are now: newer than what it saved last. */
  readonly live?: readonly PartitionAccount[]
  /** Offset of the next message of a partition; undefined when it is not known. */
  readonly endOf?: (account: PartitionAccount) => bigint | undefined
  readonly onDamaged?: (name: string, error: DecodeError) => void
}

/** The books in a store, of whatever replica, by name. What else it keeps is left out. */
export function reportOf(states: ReadonlyMap<string, Buffer>, options: ReportOptions = {}): readonly PartitionAccount[] {
  const { live = [], endOf, onDamaged } = options
  const books = new Map<string, PartitionAccount>()
  for (const [name, bytes] of states) {
    const account = isBookName(name) ? read(name, bytes, onDamaged) : undefined
    if (account !== undefined) books.set(name, account)
  }
  for (const account of live) {
    const saved = books.get(bookName(account))
    if (saved === undefined || isNewer(account, saved)) books.set(bookName(account), account)
  }
  return [...books]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, account]) => {
      const end = endOf?.(account)
      return end === undefined ? account : { ...account, end: String(end) }
    })
}

/** Somebody else may have the partition since: then his book goes further, or was saved later. */
const isNewer = (live: PartitionAccount, saved: PartitionAccount): boolean =>
  live.savedAt >= saved.savedAt || BigInt(live.upTo) >= BigInt(saved.upTo)

function read(name: string, bytes: Buffer, onDamaged: ReportOptions['onDamaged']): PartitionAccount | undefined {
  try {
    const state = decodeBook(bytes)
    return state && reportOfBook(state)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    onDamaged?.(name, error)
    return undefined
  }
}
