import { describe, expect, test } from 'vitest'

import { createSelection, parseSelector } from './selector.ts'

describe('parseSelector', () => {
  test.each<[text: string, matchers: readonly (readonly [string, string, string])[]]>([
    ['up', [['__name__', '=', 'up']]],
    [' a:b ', [['__name__', '=', 'a:b']]],
    ['up{}', [['__name__', '=', 'up']]],
    ['{}', []],
    ['{job="x"}', [['job', '=', 'x']]],
    ['{job="x",}', [['job', '=', 'x']]],
    [
      `up{ a != "b" , c=~"d|e",f!~'g' }`,
      [
        ['__name__', '=', 'up'],
        ['a', '!=', 'b'],
        ['c', '=~', 'd|e'],
        ['f', '!~', 'g'],
      ],
    ],
    [
      '{"a name","ü"="x"}',
      [
        ['__name__', '=', 'a name'],
        ['ü', '=', 'x'],
      ],
    ],
    [String.raw`{a="\"\\\n}"}`, [['a', '=', '"\\\n}']]],
    ['{__proto__="x"}', [['__proto__', '=', 'x']]],
  ])('%s', (text, matchers) => expect(parseSelector(text).map(({ name, op, value }) => [name, op, value])).toEqual(matchers))

  test.each([
    ['', 'at 1'],
    ['up{', 'at 4'],
    ['{a}', 'at 2'],
    ['{a=b}', 'at 2'],
    ['{a="b" c="d"}', 'at 2'],
    ['{a="b"} more', 'at 8'],
    ['{a=="b"}', 'at 2'],
    ['1up', 'at 1'],
    ['{a=~"("}', 'missing closing )'],
  ])('%s is wrong %s', (text, said) => expect(() => parseSelector(text)).toThrow(said))

  test('a text that is long and wrong takes no time, and is not told whole', () => {
    expect(() => parseSelector(`{${'a="b",'.repeat(20_000)}!`)).toThrow(/^.{1,250}$/)
  })
})

test.each([
  ['{job="x"}', true],
  ['{job="y"}', false],
  ['{job!="x"}', false],
  ['{job=~"x|y"}', true],
  ['{job=~"."}', true],
  ['{job!~"x|y"}', false],
  ['{job=~"xx"}', false],
  ['{other=""}', true],
  ['{other!=""}', false],
  ['{job="x",other=~".+"}', false],
  ['{}', true],
])('%s chooses job="x": %s', (text, chosen) => expect(createSelection(parseSelector(text))([['job', 'x']])).toBe(chosen))
