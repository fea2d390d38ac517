import fc from 'fast-check'
import { expect, test } from 'vitest'

import { formatRefused, parseRefused } from './refused-records.ts'

test.each<[readonly number[], string | undefined]>([
  [[], undefined],
  [[3], '3'],
  [[0, 1, 2], '0-2'],
  [[7, 0, 1, 9, 7, 8], '0-1,7-9'],
  [Array.from({ length: 1000 }, (_, index) => 2 * index), undefined],
])('%j is written %j', (records, text) => {
  expect(formatRefused(records)).toBe(text)
})

test.each([undefined, '', 'x', '1,', '-1', '1-', '2-1', '3,2', '1-3,3', '10', '0-10', '1 2', '9999999999', '0,'.repeat(600)])(
  '%j says nothing about a message of ten records',
  (text) => {
    expect(parseRefused(text, 10)).toBeUndefined()
  },
)

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200), { minLength: 1, maxLength: 60 }), (records) => {
      const text = formatRefused(records)
      const read = parseRefused(text, 201)?.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index))
      expect(read).toEqual(records.toSorted((a, b) => a - b))
    }),
  )
})
