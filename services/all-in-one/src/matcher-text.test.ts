import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { parseMatchers } from './matcher-text.ts'

describe('parseMatchers', () => {
  const cases: readonly [text: string, expected: readonly (readonly [string, string, string])[]][] = [
    ['', []],
    ['  ', []],
    ['{}', []],
    ['mode="idle"', [['mode', '=', 'idle']]],
    ['{mode="idle"}', [['mode', '=', 'idle']]],
    [
      'mode="idle",cpu!~"1|2"',
      [
        ['mode', '=', 'idle'],
        ['cpu', '!~', '1|2'],
      ],
    ],
    [
      ' { a != "x" , b =~ "y.*" , } ',
      [
        ['a', '!=', 'x'],
        ['b', '=~', 'y.*'],
      ],
    ],
    ['a=""', [['a', '=', '']]],
    [
      'a="}",b="{,="',
      [
        ['a', '=', '}'],
        ['b', '=', '{,='],
      ],
    ],
    [String.raw`a="say \"hi\" \\ \n."`, [['a', '=', 'say "hi" \\ \n.']]],
    [String.raw`path=~"\\d+"`, [['path', '=~', String.raw`\d+`]]],
    ['__proto__="x"', [['__proto__', '=', 'x']]],
    ['node:cpu.rate="x"', [['node:cpu.rate', '=', 'x']]],
  ]
  test.each(cases)('%j', (text, expected) => {
    expect(parseMatchers(text).map(({ name, op, value }) => [name, op, value])).toEqual(expected)
  })

  const mistakes: readonly [text: string, at: string][] = [
    ['a', 'a'],
    ['a=b', 'a=b'],
    ["a='b'", "a='b'"],
    ['a="b', 'a="b'],
    ['="b"', '="b"'],
    ['1a="b"', '1a="b"'],
    ['a=="b"', 'a=="b"'],
    ['a="b" c="d"', 'a="b" c="d"'],
    ['a="b",,', ','],
    ['a="b", c', ' c'],
    ['{a="b"', '{a="b"'],
    [String.raw`a="\d"`, String.raw`a="\d"`],
  ]
  test.each(mistakes)('%j is refused', (text, at) => {
    expect(() => parseMatchers(text)).toThrow(`expected name="value" (or !=, =~, !~) at ${JSON.stringify(at)}`)
  })

  test('a mistake in a long text is told by its beginning', () => {
    expect(() => parseMatchers(`?${'x'.repeat(10_000)}`)).toThrow(/^.{1,100}$/)
  })

  test('every list of matchers that is written out is read back', () => {
    const matcher = fc.record({
      name: fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_.:]{0,10}$/),
      op: fc.constantFrom('=', '!=', '=~', '!~'),
      value: fc.string({
        unit: fc.oneof(fc.constantFrom('"', '\\', '\n', ',', '{', '}', '=', '~'), fc.string({ minLength: 1, maxLength: 1 })),
      }),
    })
    const quoted = (value: string): string => `"${value.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}"`
    fc.assert(
      fc.property(fc.array(matcher, { maxLength: 5 }), fc.boolean(), (matchers, braces) => {
        const text = matchers.map(({ name, op, value }) => `${name}${op}${quoted(value)}`).join(', ')
        expect(parseMatchers(braces ? `{${text}}` : text)).toEqual(matchers)
      }),
      { numRuns: 200 },
    )
  })
})
