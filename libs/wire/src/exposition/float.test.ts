import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { formatFloatLabel, parseFloatText, readShortFloat } from './float.ts'

const short = (text: string): number => readShortFloat(Buffer.from(text), 0, text.length)

describe('parseFloatText', () => {
  test.each([
    ['1', 1],
    ['+1', 1],
    ['.5', 0.5],
    ['5.', 5],
    ['1E+3', 1000],
    ['1e00005', 100_000],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['2.4e-324', 0],
    ['inf', Infinity],
    ['-Infinity', -Infinity],
    ['NaN', Number.NaN],
  ])('%s is %d', (text, value) => expect(parseFloatText(text)).toBe(value))

  test.each([
    '',
    '.',
    '+',
    '1e',
    '1e+',
    '--1',
    '1 ',
    ' 1',
    '0x1',
    '0b1',
    '1_0',
    '+nan',
    '-nan',
    'infinit',
    '1e400',
    '1.7976931348623159e308',
    '١',
  ])('%j is refused', (text) => expect(parseFloatText(text)).toBeUndefined())
})

describe('readShortFloat', () => {
  test('gives the value of the text or leaves it to parseFloatText', () => {
    const text = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.integer().map(String),
      fc.tuple(fc.integer(), fc.nat(999_999), fc.integer({ min: -30, max: 30 })).map(([a, b, c]) => `${a}.${b}e${c}`),
      fc.stringMatching(/^[-+0-9.eE]{1,12}$/),
    )
    fc.assert(
      fc.property(text, (input) => {
        const value = short(input)
        expect(Number.isNaN(value) ? parseFloatText(input) : value).toBe(parseFloatText(input))
      }),
      { numRuns: 5000 },
    )
  })

  test('reads what pages hold most', () => {
    expect(['0', '42', '-1', '0.25', '1.7e9', '1.234567e+09', '123456789012345'].map(short)).toEqual([
      0, 42, -1, 0.25, 1.7e9, 1.234567e9, 123_456_789_012_345,
    ])
  })
})

describe('formatFloatLabel', () => {
  test.each([
    [0, '0.0'],
    [-0, '0.0'],
    [1, '1.0'],
    [-1, '-1.0'],
    [0.5, '0.5'],
    [100_000, '100000.0'],
    [123_456, '123456.0'],
    [1_000_000, '1e+06'],
    [1_234_567, '1.234567e+06'],
    [0.0001, '0.0001'],
    [0.000_01, '1e-05'],
    [1e100, '1e+100'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [Number.NaN, 'NaN'],
  ])('%d is %s', (value, text) => expect(formatFloatLabel(value)).toBe(text))
})
