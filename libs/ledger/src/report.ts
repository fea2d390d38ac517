import { DecodeError } from '@clymene/model'

import type { PartitionAccount } from './account.ts'
import { reportOfBook } from './book.ts'
import { bookName, isBookName } from './names.ts'
import { decodeBook } from './state.ts'

export type ReportOptions = {
  /** Books of this process as they are now: newer than what it saved last. */
  readonly live?: readonly PartitionAccount[]
  readonly onDamaged?: (name: string, error: DecodeError) => void
}

/** The books in a store, of whatever replica, by name. What else it keeps is left out. */
export function reportOf(states: ReadonlyMap<string, Buffer>, options: ReportOptions = {}): readonly PartitionAccount[] {
  const { live = [], onDamaged } = options
  const books = new Map<string, PartitionAccount>()
  for (const [name, bytes] of states) {
    const account = isBookName(name) ? read(name, bytes, onDamaged) : undefined
    if (account !== undefined) books.set(name, account)
  }
  for (const account of live) {
    const saved = books.get(bookName(account))
    // Where somebody else has the partition since, his book goes further.
    if (saved === undefined || BigInt(account.upTo) >= BigInt(saved.upTo)) books.set(bookName(account), account)
  }
  return [...books].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, account]) => account)
}

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
