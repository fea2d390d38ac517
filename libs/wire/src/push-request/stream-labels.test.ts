import { DecodeError, sortedLabels } from '@clymene/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { formatStreamLabels, parseStreamLabels } from './stream-labels.ts'

describe('formatStreamLabels', () => {
  // The quoted texts are what strconv.Quote of Go 1.26 gives.
  test.each([
    { name: 'none', labels: [], text: '{}' },
    { name: 'sorted', labels: [['pod', 'web-0'] as const, ['cluster', 'c1'] as const], text: '{cluster="c1", pod="web-0"}' },
    { name: 'quote and backslash', labels: [['a', '"\\'] as const], text: '{a="\\"\\\\"}' },
    { name: 'white space', labels: [['a', ' \t\n\r\v\f'] as const], text: '{a=" \\t\\n\\r\\v\\f"}' },
    { name: 'control characters', labels: [['a', '\u0000\u0007\b\u001b\u007f'] as const], text: '{a="\\x00\\a\\b\\x1b\\x7f"}' },
    { name: 'printable letters stay', labels: [['a', 'Köln 東京 🏙'] as const], text: '{a="Köln 東京 🏙"}' },
    {
      name: 'what is not printable',
      labels: [['a', '\u0085\u00a0\u200b\u2028\ufeff\ue000\u{10ffff}'] as const],
      text: '{a="\\u0085\\u00a0\\u200b\\u2028\\ufeff\\ue000\\U0010ffff"}',
    },
    { name: 'a lone surrogate is U+FFFD', labels: [['a', '\ud800'] as const], text: '{a="\ufffd"}' },
    { name: 'empty values are left out', labels: [['a', ''] as const, ['b', 'x'] as const], text: '{b="x"}' },
  ])('$name', ({ labels, text }) => {
    expect(formatStreamLabels(labels)).toBe(text)
  })
})

describe('parseStreamLabels', () => {
  test.each([
    { text: '{}', labels: [] },
    { text: '{a="b"}', labels: [['a', 'b']] },
    {
      text: ' { b = "2" ,a="1", } ',
      labels: [
        ['a', '1'],
        ['b', '2'],
      ],
    },
    { text: '{a=`C:\\dir "x"`}', labels: [['a', 'C:\\dir "x"']] },
    { text: '{a="\\u00fc\\x41\\101\\U0001f3d9\\n"}', labels: [['a', 'üAA🏙\n']] },
    {
      text: '{__proto__="x", a.b-c/d="y"}',
      labels: [
        ['__proto__', 'x'],
        ['a.b-c/d', 'y'],
      ],
    },
    { text: '{a="", b="}"}', labels: [['b', '}']] },
  ])('$text', ({ text, labels }) => {
    expect(parseStreamLabels(text)).toEqual(labels)
  })

  test.each([
    { text: '', error: 'stream labels: expected "{" at byte 0' },
    { text: 'a="b"', error: 'stream labels: expected "{" at byte 0' },
    { text: '{', error: 'stream labels: expected a label name at byte 1' },
    { text: '{a', error: 'stream labels: expected "=" at byte 2' },
    { text: '{a}', error: 'stream labels: expected "=" at byte 2' },
    { text: '{a=b}', error: 'stream labels: expected a quoted value at byte 3' },
    { text: '{a="b}', error: 'stream labels: expected a quoted value at byte 3' },
    { text: '{a="b\n"}', error: 'stream labels: expected a quoted value at byte 3' },
    { text: '{a="b"', error: 'stream labels: expected "," or "}" at byte 6' },
    { text: '{a="b" c="d"}', error: 'stream labels: expected "," or "}" at byte 7' },
    { text: '{,}', error: 'stream labels: expected a label name at byte 1' },
    { text: '{a!="b"}', error: 'stream labels: expected "=" at byte 2' },
    { text: '{a=~"b"}', error: 'stream labels: expected a quoted value at byte 3' },
    { text: '{a="b"} |= "x"', error: 'stream labels: expected the end after "}" at byte 8' },
    { text: '{a="1", a="2"}', error: 'stream labels: a comes twice at byte 8' },
    { text: '{a="x\\q"}', error: 'stream labels: unknown escape \\q at byte 5' },
    { text: '{a="\\x4"}', error: 'stream labels: unknown escape \\x at byte 4' },
    { text: '{a="\\U00110000"}', error: 'stream labels: unknown escape \\U00110000 at byte 4' },
  ])('refuses $text', ({ text, error }) => {
    expect(() => parseStreamLabels(text)).toThrow(DecodeError)
    expect(() => parseStreamLabels(text)).toThrow(expect.objectContaining({ message: error }))
  })

  test('reads what formatStreamLabels writes', () => {
    const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/)
    const value = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 })
    const labels = fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 5 }).map((list) => sortedLabels(list))
    fc.assert(
      fc.property(labels, (list) => {
        expect(parseStreamLabels(formatStreamLabels(list))).toEqual(list)
      }),
    )
  })

  test('a long text is read in linear time', () => {
    const value = '\\"'.repeat(2_000_000)
    expect(parseStreamLabels(`{a="${value}"}`)).toEqual([['a', '"'.repeat(2_000_000)]])
    expect(() => parseStreamLabels(`{a="${value}`)).toThrow(DecodeError)
  })
})
