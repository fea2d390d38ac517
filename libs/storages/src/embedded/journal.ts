import { DecodeError } from '@clymene/model'

/** Samples of many series in the order in which they were taken: one journal row. */
export type JournalRow = {
  count: number
  series: Uint32Array
  times: Float64Array
  bits: Uint32Array
}

export const createJournalRow = (capacity: number): JournalRow => ({
  count: 0,
  series: new Uint32Array(capacity),
  times: new Float64Array(capacity),
  bits: new Uint32Array(capacity * 2),
})

// A row, little endian:
//   f64 time * n    milliseconds
//   u32 bits * 2n   low half first
//   u32 series * n  id
// Not packed: it lives for minutes, and copying typed arrays costs 3 ns a sample where packing costs 60.
const SAMPLE_BYTES = 20

export function encodeJournalRow({ count, series, times, bits }: JournalRow): Uint8Array {
  const row = new Uint8Array(count * SAMPLE_BYTES)
  row.set(bytesOf(times, count), 0)
  row.set(bytesOf(bits, count * 2), count * 8)
  row.set(bytesOf(series, count), count * 16)
  return row
}

/** @throws DecodeError when the row is cut. */
export function decodeJournalRow(row: Uint8Array): JournalRow {
  const count = row.length / SAMPLE_BYTES
  if (!Number.isInteger(count)) throw new DecodeError(`journal row of ${row.length} bytes is cut`, row.length)
  // A copy, because typed arrays want their own alignment.
  const copy = row.slice().buffer
  return {
    count,
    times: new Float64Array(copy, 0, count),
    bits: new Uint32Array(copy, count * 8, count * 2),
    series: new Uint32Array(copy, count * 16, count),
  }
}

const bytesOf = (array: Float64Array | Uint32Array, length: number): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, length * array.BYTES_PER_ELEMENT)

export function appendToRow(row: JournalRow, series: number, timeMs: number, low: number, high: number): void {
  if (row.count === row.times.length) grow(row)
  const at = row.count++
  row.series[at] = series
  row.times[at] = timeMs
  row.bits[2 * at] = low
  row.bits[2 * at + 1] = high
}

function grow(row: JournalRow): void {
  const bigger = createJournalRow(row.times.length * 2)
  bigger.series.set(row.series)
  bigger.times.set(row.times)
  bigger.bits.set(row.bits)
  Object.assign(row, { series: bigger.series, times: bigger.times, bits: bigger.bits })
}
