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
    ['a.b[7]', undefined],
    ['a.x.y', undefined],
    ['a.b.length', undefined],
    ['toString', undefined],
    ['a[0]', undefined],
    ['@', value],
  ])('%s', (expression, expected) => {
    expect(parseJsonPath(expression)(value)).toEqual(expected)
  })

  test.each([
    ['', 0],
    ['.a', 0],
    ['a.', 1],
    ['a..b', 1],
    ['a b', 1],
    ['a.b[*]', 3],
    ['a | b', 1],
    ['a.[0]', 1],
    ['length(a)', 6],
    ['"a', 0],
    ['a-b', 1],
    ['aé', 1],
  ])('refuses %j at %i', (expression, position) => {
    expect(() => parseJsonPath(expression)).toThrow(`${JSON.stringify(expression)} at position ${position}: expected a key`)
  })
})
