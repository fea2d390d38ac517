import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createPieceTexts, cutLine, type LinePiece } from './line-pieces.ts'
import { createLineSplitter } from './line-splitter.ts'

const split = (chunks: readonly string[], maxLineBytes = 100): readonly LinePiece[] => {
  const { push, end } = createLineSplitter(maxLineBytes)
  return [...chunks.flatMap((chunk) => push(Buffer.from(chunk))), ...end()]
}
/** `a|b` is a line in two pieces. */
const shown = (pieces: readonly LinePiece[]): readonly string[] =>
  pieces.map(({ bytes, begins, ends }) => `${begins ? '' : '…'}${bytes.toString()}${ends ? '' : '…'}`)

describe('lines', () => {
  test.each<[what: string, chunks: readonly string[], lines: readonly string[]]>([
    ['nothing', [], []],
    ['empty chunks', ['', ''], []],
    ['one', ['a\n'], ['a']],
    ['several in a chunk, one of them empty', ['a\n\nb\n'], ['a', '', 'b']],
    ['one in several chunks', ['a', 'b', 'c\nd', '\n'], ['abc', 'd']],
    ['the last without an end', ['a\nb'], ['a', 'b']],
    ['CRLF, also when it is cut', ['a\r\nb\r', '\nc\r'], ['a', 'b', 'c']],
    ['as long as may be', ['12345\n'], ['12345']],
    ['longer', ['123456\nx\n'], ['12345…', '…6', 'x']],
    ['longer, in chunks', ['123', '456', '789', 'ab', '\nx'], ['12345…', '…6789a…', '…b', 'x']],
    ['longer, without an end', ['123456'], ['12345…', '…6']],
    ['cut between characters', ['ääää\n'], ['ää…', '…ää']],
  ])('%s', (_what, chunks, lines) => expect(shown(split(chunks, 5))).toEqual(lines))

  test('a character that is longer than a line may be does not hold it up', () => {
    expect(split(['ää\n'], 1).map(({ bytes }) => bytes.length)).toEqual([1, 1, 1, 1])
  })

  test('whatever the chunks are, nothing is lost, and no piece is too long', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '😀', '\n', '\r\n'), maxLength: 60 })
    fc.assert(
      fc.property(text, fc.array(fc.nat(60)), fc.integer({ min: 4, max: 12 }), (all, cuts, max) => {
        const bytes = Buffer.from(all)
        const places = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length]
        const { push, end } = createLineSplitter(max)
        const pieces = [...places.flatMap((place, index) => push(bytes.subarray(place, places[index + 1] ?? place))), ...end()]
        const lines = all.split('\n').map((line) => line.replace(/\r$/, ''))
        if (lines.at(-1) === '') lines.pop()
        let joined = ''
        const found = pieces.flatMap((piece) => {
          joined = piece.begins ? piece.bytes.toString() : joined + piece.bytes.toString()
          return piece.ends ? [joined] : []
        })
        expect(found).toEqual(lines)
        expect(Math.max(0, ...pieces.map((piece) => piece.bytes.length))).toBeLessThanOrEqual(max)
      }),
    )
  })
})

test.each<[longLines: 'truncate' | 'split', texts: readonly unknown[]]>([
  ['truncate', [['abcd', 'truncated=true'], undefined, ['x', '']]],
  [
    'split',
    [
      ['abcd', 'partial_message=true,partial_ordinal=1,partial_last=false'],
      ['ef', 'partial_message=true,partial_ordinal=2,partial_last=true'],
      ['x', ''],
    ],
  ],
])('what is sent of a long line: %s', (longLines, texts) => {
  const cut: string[] = []
  const textOf = createPieceTexts(longLines, (first) => void cut.push(first.toString()))
  const pieces = [...cutLine(Buffer.from('abcdef'), 4), ...cutLine(Buffer.from('x'), 4)]
  const found = pieces.map(textOf).map((text) => text && [text.line, [...(text.metadata ?? [])].map((pair) => pair.join('=')).join()])
  expect(found).toEqual(texts)
  expect(cut).toEqual(['abcd'])
})
