import { emptyColumns, type SampleColumns } from './sample-chunk.ts'

/** Puts a sample where its time belongs; false when that time is there already, which is what a repeat looks like. */
export function addSample(columns: SampleColumns, timeMs: number, low: number, high: number): boolean {
  const { count } = columns
  let at = count
  while (at > 0 && (columns.times[at - 1] ?? 0) > timeMs) at--
  if (at > 0 && columns.times[at - 1] === timeMs) return false
  if (count === columns.times.length) grow(columns)
  const { times, bits } = columns
  if (at < count) {
    times.copyWithin(at + 1, at, count)
    bits.copyWithin(2 * at + 2, 2 * at, 2 * count)
  }
  times[at] = timeMs
  bits[2 * at] = low
  bits[2 * at + 1] = high
  columns.count = count + 1
  return true
}

function grow(columns: SampleColumns): void {
  const { times, bits } = columns
  columns.times = new Float64Array(Math.max(4, times.length * 2))
  columns.times.set(times)
  columns.bits = new Uint32Array(columns.times.length * 2)
  columns.bits.set(bits)
}

/** Samples [from, to) as columns of their own. */
export function sliceColumns({ times, bits }: SampleColumns, from: number, to: number): SampleColumns {
  const part = emptyColumns(to - from)
  part.times.set(times.subarray(from, to))
  part.bits.set(bits.subarray(2 * from, 2 * to))
  part.count = to - from
  return part
}

export const firstTime = ({ times }: SampleColumns): number => times[0] ?? 0
export const lastTime = ({ count, times }: SampleColumns): number => times[count - 1] ?? 0
