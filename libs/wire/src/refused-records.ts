/** Header of an answer and trailer of a call: which samples or entries of the message were refused; all others are stored. */
export const REFUSED_HEADER = 'clymene-refused'

/** Indices from `from` up to before `to`. */
export type RecordRange = { readonly from: number; readonly to: number }

/** Longer lists are not told: their sender finds out by halving. */
const MAX_LENGTH = 1024

/**
 * Writes indices as ranges, `0-4,7`: counted from 0 in the order of the message, both ends included.
 *
 * @returns undefined when there is none or the text would be too long for a header.
 */
export function formatRefused(records: readonly number[]): string | undefined {
  const ranges: { from: number; to: number }[] = []
  for (const record of records.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && record <= last.to) last.to = Math.max(last.to, record + 1)
    else ranges.push({ from: record, to: record + 1 })
  }
  const text = ranges.map(({ from, to }) => (to === from + 1 ? String(from) : `${from}-${to - 1}`)).join(',')
  return text === '' || text.length > MAX_LENGTH ? undefined : text
}

/** @returns undefined for any other text, ranges that do not rise, and indices that a message of so many records does not have. */
export function parseRefused(text: string | undefined, records: number): readonly RecordRange[] | undefined {
  if (text === undefined || text.length > MAX_LENGTH || !/^\d{1,9}(?:-\d{1,9})?(?:,\d{1,9}(?:-\d{1,9})?)*$/.test(text)) return undefined
  const ranges = text.split(',').map((part): RecordRange => {
    const [from = 0, last = from] = part.split('-').map(Number)
    return { from, to: last + 1 }
  })
  const isRising = ranges.every(({ from, to }, index) => from < to && from >= (ranges[index - 1]?.to ?? 0) && to <= records)
  return isRising ? ranges : undefined
}
