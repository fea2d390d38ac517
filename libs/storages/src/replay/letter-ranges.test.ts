import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createLetterRanges, type LetterPlace } from './letter-ranges.ts'

const place = (offset: number, timestampMs = 1000 + offset, partition = 0): LetterPlace => ({
  partition,
  offset: BigInt(offset),
  timestampMs,
})

test('letters one after the other are one range, also with those of other storages between', () => {
  const ranges = createLetterRanges()
  ranges.add(place(3), undefined)
  ranges.add(place(7), place(3))
  ranges.add(place(9), place(7))
  expect(ranges.list()).toEqual([{ partition: 0, from: 3n, to: 10n, minMs: 1003, maxMs: 1009 }])
})

test('a letter that was left out is left out', () => {
  const ranges = createLetterRanges()
  ranges.add(place(3), undefined)
  ranges.add(place(7), place(5))
  expect([3, 5, 7].map((offset) => ranges.has(place(offset)))).toEqual([true, false, true])
})

test('a topic that was made anew has the same offsets, and none of them is in', () => {
  const ranges = createLetterRanges([{ partition: 0, from: 0n, to: 100n, minMs: 1000, maxMs: 2000 }])
  expect(ranges.has(place(5, 1500))).toBe(true)
  expect(ranges.has(place(5, 9000))).toBe(false)
  ranges.add(place(0, 9000), undefined)
  ranges.add(place(1, 9001), place(0, 9000))
  expect([0, 1, 2].map((offset) => ranges.has(place(offset, 9000)))).toEqual([true, true, false])
})

test('partitions are apart', () => {
  const ranges = createLetterRanges()
  ranges.add(place(3, 1003, 0), undefined)
  expect(ranges.has(place(3, 1003, 1))).toBe(false)
})

test('whatever is added in whatever order and over however many runs: what was added is in, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 40 }), fc.array(fc.nat(39), { maxLength: 60 }), fc.nat(59), (own, order, save) => {
      const offsets = own.flatMap((isOwn, offset) => (isOwn ? [offset] : []))
      let ranges = createLetterRanges()
      const added = new Set<number>()
      for (const [step, at] of order.entries()) {
        const offset = offsets[at]
        if (offset === undefined) continue
        const previous = offsets[at - 1]
        ranges.add(place(offset), previous === undefined ? undefined : place(previous))
        added.add(offset)
        if (step === save) ranges = createLetterRanges(ranges.list())
      }
      for (const offset of offsets) expect(ranges.has(place(offset))).toBe(added.has(offset))
    }),
    { numRuns: 300 },
  )
})
