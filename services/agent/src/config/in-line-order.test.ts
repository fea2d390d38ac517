import { expect, test } from 'vitest'

import { inLineOrder } from './in-line-order.ts'

test.each<[name: string, mistakes: readonly string[], expected: readonly string[]]>([
  ['none', [], []],
  ['by number, not by letters', ['a.yml:10: x', 'a.yml:9: y'], ['a.yml:9: y', 'a.yml:10: x']],
  ['those of one line as they were found', ['a.yml:1: b', 'a.yml:1: a'], ['a.yml:1: b', 'a.yml:1: a']],
  ['file by file', ['b.yml:2: x', 'a.yml:1: y', 'b.yml:1: z'], ['b.yml:1: z', 'b.yml:2: x', 'a.yml:1: y']],
  ['without a line', ['no such file', 'a.yml:2: y', 'a.yml:1: x'], ['no such file', 'a.yml:1: x', 'a.yml:2: y']],
])('%s', (_name, mistakes, expected) => {
  expect(inLineOrder(mistakes)).toEqual(expected)
})
