import { describe, expect, test } from 'vitest'

import { booleanOf, mappingOf, scalarText, shown } from './config-value.ts'

describe('mappingOf', () => {
  test.each<[what: string, value: unknown, fields: readonly (readonly [string, unknown])[] | undefined]>([
    [
      'an object',
      { a: 1, b: null },
      [
        ['a', 1],
        ['b', null],
      ],
    ],
    ['a Map, whose keys may be numbers', new Map([[1, 'x']]), [['1', 'x']]],
    ['a name that is dangerous elsewhere', JSON.parse('{"__proto__": 1}'), [['__proto__', 1]]],
    ['a list', [1], undefined],
    ['null', null, undefined],
    ['text', 'a', undefined],
  ])('%s', (_what, value, fields) => expect(mappingOf(value)).toEqual(fields && new Map(fields)))
})

test.each<[unknown, string | undefined]>([
  ['a', 'a'],
  ['', ''],
  [9100, '9100'],
  [true, 'true'],
  [2n ** 64n, '18446744073709551616'],
  [null, undefined],
  [undefined, undefined],
  [['a'], undefined],
  [new Map(), undefined],
])('scalarText of %s', (value, text) => expect(scalarText(value)).toBe(text))

test.each<[unknown, string]>([
  ['a "b"', '"a \\"b\\""'],
  [undefined, 'undefined'],
  [null, 'null'],
  [[new Map([['a', new Map([['b', 1]])]])], '[{"a":{"b":1}}]'],
  [[1n], '["1"]'],
])('shown %s', (value, text) => expect(shown(value)).toBe(text))

test.each<[value: unknown, expected: boolean | undefined]>([
  [true, true],
  [false, false],
  ['yes', true],
  ['On', true],
  ['Y', true],
  ['no', false],
  ['OFF', false],
  ['yEs', undefined],
  ['true', undefined],
  ['maybe', undefined],
  ['', undefined],
  [1, undefined],
  [null, undefined],
])('booleanOf(%j) is %j', (value, expected) => {
  expect(booleanOf(value)).toBe(expected)
})
