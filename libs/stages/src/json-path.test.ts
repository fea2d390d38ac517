import { describe, expect, test } from 'vitest'

import { parseJsonPath } from './json-path.ts'

const value: unknown = JSON.parse('{"a":{"b":[1,{"c d":"x"}],"n":null},"t.u":2,"__proto__":{"p":3},"länge":4}')

describe('parseJsonPath', () => {
  test.each([
    ['a.n', null],
    ['a.b[0]', 1],
    ['a.b[1]."c d"', 'x'],
    ['a.b[-1]."c d"', 'x'],
    ['"t.u"', 2],
    ['"l\\u00e4nge"', 4],
    ['__proto__.p', 3],
    ['a.b[7]', null],
    ['a.x.y', null],
    ['a.b.length', null],
    ['toString', null],
    ['a[0]', null],
    ['@', value],
    ['a.b[*]."c d" | [0]', 'x'],
    ['length(a.b)', 2],
    ['{p: __proto__.p}', { p: 3 }],
  ])('%s', (expression, expected) => {
    expect(parseJsonPath(expression)(value)).toEqual(expected)
  })

  test.each([
    ['', 0, 'it ends too early'],
    ['.a', 0, 'unexpected .'],
    ['a.', 2, 'it ends too early'],
    ['a..b', 2, 'unexpected .'],
    ['a b', 2, 'unexpected b'],
    ['a.[0', 3, 'unexpected 0'],
    ['"a', 0, 'expected a key'],
    ['a-b', 1, 'expected a key'],
    ['aé', 1, 'expected a key'],
    ['lenght(a)', 0, 'unknown function lenght (known: abs, '],
    ['length(a, b)', 0, 'length takes 1 arguments, found 2'],
    ['a[::0]', 6, 'the step of a slice must not be 0'],
    ['`{`', 0, '`{` holds no JSON'],
    ['"\\q"', 0, String.raw`"\q" holds no JSON`],
    ['('.repeat(200), 100, 'more than 100 expressions'],
  ])('refuses %j at %i', (expression, position, reason) => {
    expect(() => parseJsonPath(expression)).toThrow(`${JSON.stringify(expression)} at position ${position}: ${reason}`)
  })
})
