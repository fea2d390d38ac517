import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { RegexError } from './error.ts'
import { compileRegex, engineRegex } from './regex.ts'
import { findShortcut } from './shortcut.ts'

describe('compileRegex, anchored', () => {
  const cases: readonly [pattern: string, text: string, groups: readonly string[] | undefined][] = [
    ['foo', 'foo', ['foo']],
    ['foo', 'foobar', undefined],
    ['', '', ['']],
    ['', 'a', undefined],
    ['a|b', 'b', ['b']],
    ['a|', '', ['']],
    ['(a|b)', 'b', ['b', 'b']],
    [String.raw`a\.b`, 'a.b', ['a.b']],
    [String.raw`a\.b`, 'axb', undefined],
    [String.raw`a\|b|c`, 'a|b', ['a|b']],
    ['a|bc', 'ac', undefined],
    ['.*', '', ['']],
    ['(.*)', 'x\ny', ['x\ny', 'x\ny']],
    ['.+', '', undefined],
    ['(.+)', 'x', ['x', 'x']],
    ['kube_.*', 'kube_', ['kube_']],
    ['kube_.+', 'kube_', undefined],
    ['.+_total', 'x_total', ['x_total']],
    ['.+_total', '_total', undefined],
    ['.*a.*', 'bab', ['bab']],
    ['.+a.+', 'aba', undefined],
    ['.+a.+', 'aaa', ['aaa']],
    ['(a)(b)?', 'a', ['a', 'a', '']],
    ['(?i)FOO', 'foo', ['foo']],
    ['a.c', 'a\nc', ['a\nc']],
    ['(?-s)a.c', 'a\nc', undefined],
    ['.', '\u{1F600}', ['\u{1F600}']],
    [String.raw`\Qa.b\E`, 'a.b', ['a.b']],
    ['(a+)+$', 'aaab', undefined],
    ['^;*([^;]+)(;.*)?$', ';;web;web-7f', [';;web;web-7f', 'web', ';web-7f']],
    ['([0-9a-z-.]+?)(-[0-9a-f]{8,10})?', 'web-7f9c8d6b5', ['web-7f9c8d6b5', 'web', '-7f9c8d6b5']],
    ['([0-9a-z-.]+?)(-[0-9a-f]{8,10})?', 'web', ['web', 'web', '']],
  ]
  test.each(cases)('%j on %j', (pattern, text, groups) => {
    const regex = compileRegex(pattern, { anchored: true })
    expect(regex.match(text)?.groups).toEqual(groups)
    expect(regex.test(text)).toBe(groups !== undefined)
  })
})

describe('compileRegex, not anchored', () => {
  const cases: readonly [pattern: string, text: string, index: number | undefined, groups: readonly string[]][] = [
    ['b', 'abc', 1, ['b']],
    ['(b)(x)?', 'abc', 1, ['b', 'b', '']],
    ['^b', 'abc', undefined, []],
    ['a.c', 'a\nc', undefined, []],
    ['.*', 'a\nc', 0, ['a']],
    ['c$', 'abc', 2, ['c']],
    ['', 'abc', 0, ['']],
    ['z', 'abc', undefined, []],
  ]
  test.each(cases)('%j on %j', (pattern, text, index, groups) => {
    const match = compileRegex(pattern).match(text)
    expect(match?.index).toBe(index)
    expect(match?.groups ?? []).toEqual(groups)
    expect(compileRegex(pattern).test(text)).toBe(index !== undefined)
  })

  test('both spellings of a named group, also __proto__', () => {
    const match = compileRegex('(?P<level>[a-z]+)=(?<__proto__>.*)').match('warn=x')
    expect([...(match?.names ?? [])]).toEqual([
      ['level', 1],
      ['__proto__', 2],
    ])
    expect(match?.groups).toEqual(['warn=x', 'warn', 'x'])
  })
})

describe('matchAll', () => {
  const cases: readonly [pattern: string, text: string, spans: readonly (readonly number[])[]][] = [
    [
      'b',
      'abcb',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'a*',
      'baac',
      [
        [0, 0],
        [1, 3],
        [4, 4],
      ],
    ],
    [
      '',
      'ab',
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    ],
    [
      '(a)|(b)',
      'ab',
      [
        [0, 1, 0, 1, -1, -1],
        [1, 2, -1, -1, 1, 2],
      ],
    ],
    ['^a', 'aa', [[0, 1]]],
    ['x', 'ab', []],
  ]
  test.each(cases)('%j in %j', (pattern, text, spans) => {
    expect(
      compileRegex(pattern)
        .matchAll(text)
        .map((match) => match.spans),
    ).toEqual(spans)
  })

  test('a text that matches is found after one that does not', () => {
    const regex = compileRegex('(?i)b(c)?')
    const texts = ['aBc', 'x', 'x', 'b', 'x', 'BC']
    expect(texts.map((text) => regex.match(text)?.groups)).toEqual([['Bc', 'c'], undefined, undefined, ['b', ''], undefined, ['BC', 'C']])
    expect(texts.map((text) => regex.matchAll(text).length)).toEqual([1, 0, 0, 1, 0, 1])
  })

  test('a whole text that needs no engine', () => {
    const regex = compileRegex('(.*)', { anchored: true })
    expect(regex.matchAll('ab')).toEqual([{ index: 0, groups: ['ab', 'ab'], names: new Map(), spans: [0, 2, 0, 2] }])
    expect(compileRegex('a', { anchored: true }).matchAll('b')).toEqual([])
  })
})

describe('compileRegex refuses', () => {
  const cases = [
    ['a(b', 'regex "a(b": missing closing ) ("a(b") at position 0'],
    ['a)(b', 'regex "a)(b": unexpected ) ("a)(b") at position 0'],
    ['ab[z-a]', 'regex "ab[z-a]": invalid character class range ("z-a") at position 3'],
    ['a**', 'regex "a**": invalid nested repetition operator ("**") at position 1'],
    [String.raw`x\8`, String.raw`regex "x\\8": invalid escape sequence ("\\8") at position 1`],
    ['x(?=y)', 'regex "x(?=y)": invalid or unsupported Perl syntax ("(?=") at position 1'],
    ['a{1001}', 'regex "a{1001}": invalid repeat count ("{1001}") at position 1'],
    ['(?P<n>x)(?P<n>y)', 'regex "(?P<n>x)(?P<n>y)": duplicate capture group name ("n") at position 4'],
    ['a\\', String.raw`regex "a\\": trailing backslash at end of expression at position 2`],
    ['*', 'regex "*": missing argument to repetition operator ("*") at position 0'],
  ]
  test.each(cases)('%j', (pattern, message) => {
    for (const anchored of [true, false]) {
      expect(() => compileRegex(pattern, { anchored })).toThrow(RegexError)
      expect(() => compileRegex(pattern, { anchored })).toThrow(message)
    }
  })
})

describe('shortcuts', () => {
  test.each(['foo', 'a|b', '(.*)', '.+', 'a.*', '.+a', '.*a.*', String.raw`\.`, ''])('%j needs no engine', (pattern) => {
    expect(findShortcut(pattern)).toBeDefined()
  })
  test.each(['a+', '[a]', '^a', 'a$', '(a)(b)', '(?i)a', '.', '.*.*', 'a.*b', String.raw`\d`, 'a{2}', '(a', 'a(b|c)'])(
    '%j is left to the engine',
    (pattern) => {
      expect(findShortcut(pattern)).toBeUndefined()
    },
  )

  test('agree with the engine, for any pattern and text of a small alphabet', () => {
    const piece = fc.constantFrom('a', 'b', String.raw`\.`, '.*', '.+', '|', '(', ')', '\u{1F600}', '\n', String.raw`\|`, '-')
    const pattern = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''))
    const text = fc
      .array(fc.constantFrom('a', 'b', '.', '\u{1F600}', '\n', '|', '-'), { maxLength: 5 })
      .map((characters) => characters.join(''))
    let compared = 0
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 5 }), (source, texts) => {
        if (findShortcut(source) === undefined) return
        const [quick, slow] = [compileRegex(source, { anchored: true }), engineRegex(source, true)]
        for (const candidate of texts) {
          expect(quick.test(candidate)).toBe(slow.test(candidate))
          expect(quick.match(candidate)).toEqual(slow.match(candidate))
          compared++
        }
      }),
      { numRuns: 3000 },
    )
    expect(compared).toBeGreaterThan(1000)
  })
})

test('time stays linear where a backtracking engine would never end', () => {
  const regex = compileRegex('(x+x+)+y', { anchored: true })
  expect(regex.test('x'.repeat(20_000))).toBe(false)
})
