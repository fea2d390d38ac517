import type { BusRecord } from '@clymene/model'

import { isExceptional, storedAgain, type Settlement } from './outcome.ts'

type Exception = Omit<Settlement, 'record'>

/**
 * What could not be told by reading messages again, of those that a saved book may lack: by offset. It is small, so it is kept safe
 * before each commit, where a whole book is kept every few seconds.
 */
export type Exceptions = {
  readonly settled: Map<bigint, Exception>
  /** Messages that expired right before the message at this offset. */
  readonly expired: Map<bigint, number>
}

export const createExceptions = (): Exceptions => ({ settled: new Map(), expired: new Map() })

export const sizeOf = ({ settled, expired }: Exceptions): number => settled.size + expired.size

/** Kept at most, 10 MB: so many come together only while the store of the ledger is away. */
const MAX_EXCEPTIONS = 100_000

/** @returns whether it is one; also when there is no room for it: then it is only in the book in memory. */
export function addException({ settled }: Exceptions, settlement: Settlement): boolean {
  if (!isExceptional(settlement)) return false
  if (settled.size >= MAX_EXCEPTIONS) return true
  const { outcome, records, refused } = settlement
  settled.set(settlement.record.origin.offset, { outcome, records, refused })
  return true
}

/** What came of a message that is read again. */
export function settlementOf({ settled }: Exceptions, record: BusRecord): Settlement {
  const exception = settled.get(record.origin.offset)
  return exception === undefined ? storedAgain(record) : { record, ...exception }
}

/** Those that lie in a book that is kept up to before `upTo` are needed no more. */
export function dropBefore({ settled, expired }: Exceptions, upTo: bigint): void {
  for (const offset of settled.keys()) if (offset < upTo) settled.delete(offset)
  for (const offset of expired.keys()) if (offset < upTo) expired.delete(offset)
}

/** Messages that expired between the two offsets; several may have been told of the same. */
export function expiredWithin({ expired }: Exceptions, from: bigint, to: bigint): number {
  let messages = 0n
  let counted = from
  for (const [offset, count] of [...expired].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (offset <= counted || offset > to) continue
    const first = offset - BigInt(count)
    messages += offset - (first > counted ? first : counted)
    counted = offset
  }
  return Number(messages)
}

export function mergeInto(into: Exceptions, other: Exceptions): void {
  for (const [offset, exception] of other.settled) if (!into.settled.has(offset)) into.settled.set(offset, exception)
  for (const [offset, messages] of other.expired) if (!into.expired.has(offset)) into.expired.set(offset, messages)
}
