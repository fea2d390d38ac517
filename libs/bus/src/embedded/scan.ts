import { intactBytes, MIN_RECORD_BYTES, offsetAt, statedBytes, timestampAt } from './record.ts'

/** A stretch of a segment that no record can be read from. */
export type Damage = { readonly position: number; readonly firstOffset: number; readonly records: number }

export type Scan = {
  /** Position after the last intact record. */
  readonly length: number
  /** Offset after the last intact record. */
  readonly end: number
  readonly newestMs: number | undefined
  /** Damaged stretches that intact records follow. What follows the last intact record is a torn write, not damage. */
  readonly damages: readonly Damage[]
}

/**
 * Walks through a segment, or the beginning of one.
 *
 * @param position where the first record begins.
 * @param offset the offset that the first record has.
 * @param until an offset where the walk ends, that record not included.
 */
export function scanRecords(bytes: Buffer, position: number, offset: number, until = Infinity): Scan {
  const damages: Damage[] = []
  let at = position
  let end = offset
  let newestMs: number | undefined
  while (end < until) {
    const length = recordBytes(bytes, at, end)
    if (length > 0) {
      newestMs = timestampAt(bytes, at)
      at += length
      end++
      continue
    }
    const next = findRecord(bytes, at, end)
    if (next === undefined || offsetAt(bytes, next) >= until) break
    damages.push({ position: at, firstOffset: end, records: offsetAt(bytes, next) - end })
    at = next
    end = offsetAt(bytes, next)
  }
  return { length: at, end, newestMs, damages }
}

/** Whole length of the record at `at` when it is intact and has that offset, else 0. */
export function recordBytes(bytes: Buffer, at: number, offset: number): number {
  const length = intactBytes(bytes, at)
  return length > 0 && offsetAt(bytes, at) === offset ? length : 0
}

/** Most bytes whose checksum is taken in a search, about 0.1 s: crafted values could make every place look like a record. */
const MAX_CHECKED_BYTES = 256 * 1024 ** 2

/** Position of the first intact record after a damaged one at `from` that should have had `offset`. */
export function findRecord(bytes: Buffer, from: number, offset: number): number | undefined {
  const highest = offset + (bytes.length - from) / MIN_RECORD_BYTES
  let checked = 0
  for (let at = from + 1; at + MIN_RECORD_BYTES <= bytes.length && checked < MAX_CHECKED_BYTES; at++) {
    const found = offsetAt(bytes, at)
    const length = statedBytes(bytes, at)
    if (found < offset || found > highest || at + length > bytes.length) continue
    if (intactBytes(bytes, at) > 0) return at
    checked += length
  }
  return undefined
}
