import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { LongLines } from './cut-marks.ts'
import { pipelineOf, entryOf } from './run-stages.test-kit.ts'

const T = '2024-01-01T00:00:00Z'
/** Content of lines as a runtime writes them: all but the last are parts. */
const criLines = (parts: readonly string[]): readonly string[] =>
  parts.map((part, index) => `${T} stdout ${index === parts.length - 1 ? 'F' : 'P'} ${part}`)

type Cut = { readonly entries: readonly string[]; readonly told: readonly (string | number)[] }

function cut(lines: readonly string[], longLines: LongLines, { options = {}, marks = {} } = {}): Cut {
  const told: (string | number)[] = []
  const onCut = (_line: string, how: string, maxBytes: number): void => void told.push(how, maxBytes)
  const pipeline = pipelineOf([{ cri: options }], { maxLineBytes: 4, longLines, onCut })
  const entries = lines
    .flatMap((line, index) =>
      pipeline.push({
        ...entryOf(line),
        metadata: index === 0 && Object.keys(marks).length > 0 ? new Map(Object.entries(marks)) : undefined,
      }),
    )
    .concat(pipeline.flush())
  return { entries: entries.map(({ line, metadata }) => [line, ...[...(metadata ?? [])].map((pair) => pair.join('='))].join(' ')), told }
}

const part = (line: string, ordinal: number, isLast = false): string =>
  `${line} partial_message=true partial_ordinal=${ordinal} partial_last=${isLast}`

describe('a line put together of parts that is longer than the limit', () => {
  test.each<[name: string, parts: readonly string[], truncated: readonly string[], split: readonly string[]]>([
    ['as long as may be', ['ab', 'cd'], ['abcd'], ['abcd']],
    ['one byte more', ['ab', 'cde'], ['abcd truncated=true'], [part('abcd', 1), part('e', 2, true)]],
    ['many parts', ['abc', 'def', 'ghi', ''], ['abcd truncated=true'], [part('abcd', 1), part('efgh', 2), part('i', 3, true)]],
    ['bytes are counted, not characters', ['가', '나'], ['가 truncated=true'], [part('가', 1), part('나', 2, true)]],
    ['a character of two units stays whole', ['a', '😀'], ['a truncated=true'], [part('a', 1), part('😀', 2, true)]],
  ])('%s', (_, parts, truncated, split) => {
    const tells = truncated[0]?.includes(' ') === true
    expect(cut(criLines(parts), 'truncate')).toEqual({ entries: truncated, told: tells ? ['truncate', 4] : [] })
    expect(cut(criLines(parts), 'split')).toEqual({ entries: split, told: tells ? ['split', 4] : [] })
  })

  test('a limit of less than a character takes one at a time', () => {
    const pipeline = pipelineOf(['cri'], { maxLineBytes: 1, longLines: 'split' })
    const lines = criLines(['가', '나']).flatMap((line) => pipeline.push(entryOf(line)).map((entry) => entry.line))
    expect(lines.join('')).toBe('가나')
  })

  test.each<[LongLines]>([['truncate'], ['split']])('max_partial_line_size cuts with --logs.long-lines=%s, too', (longLines) => {
    const options = { max_partial_line_size: 3, max_partial_line_size_truncate: true }
    expect(cut(criLines(['ab', 'cd']), longLines, { options })).toEqual({ entries: ['abc truncated=true'], told: ['truncate', 3] })
  })

  test('a part that was cut when it was read ends the text, and is not told again', () => {
    expect(cut(criLines(['abc', 'def']), 'truncate', { marks: { truncated: 'true' } })).toEqual({
      entries: ['abc truncated=true'],
      told: [],
    })
  })

  test('parts of a part are numbered anew', () => {
    const marks = { partial_message: 'true', partial_ordinal: '1', partial_last: 'false' }
    expect(cut(criLines(['abc', 'def']), 'split', { marks })).toEqual({ entries: [part('abcd', 1), part('ef', 2, true)], told: [] })
  })

  test('nothing is lost or doubled by splitting', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\n', '')),
          { minLength: 1 },
        ),
        (parts) => {
          const pipeline = pipelineOf(['cri'], { maxLineBytes: 4, longLines: 'split' })
          const entries = criLines(parts).flatMap((line) => pipeline.push(entryOf(line)))
          expect(entries.map(({ line }) => line).join('')).toBe(parts.join(''))
          expect(pipeline.held()).toBe(0)
        },
      ),
    )
  })
})

test('a character that the runtime cut in two is whole again', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
      fc.array(fc.nat(40)),
      (content, places) => {
        const ends = [...places.filter((place) => place < content.length).toSorted((a, b) => a - b), content.length]
        const pipeline = pipelineOf(['cri'])
        const entries = ends.flatMap((end, index) => {
          const bytes = Buffer.concat([
            Buffer.from(`${T} stdout ${index === ends.length - 1 ? 'F' : 'P'} `),
            content.subarray(ends[index - 1] ?? 0, end),
          ])
          return pipeline.push({ ...entryOf(bytes.toString()), bytes })
        })
        expect(entries.map(({ line }) => line)).toEqual([content.toString()])
      },
    ),
  )
})

test('a line that a stage has changed is what that made of it', () => {
  const pipeline = pipelineOf([{ replace: { expression: '(secret)', replace: '***' } }, 'cri'])
  const bytes = Buffer.concat([Buffer.from(`${T} stdout P secret`), Buffer.of(0xea, 0xb0)])
  pipeline.push({ ...entryOf(bytes.toString()), bytes })
  expect(pipeline.push(entryOf(`${T} stdout F .`)).map(({ line }) => line)).toEqual(['***\ufffd.'])
})

test('half a character of which nothing more comes is a replacement character', () => {
  const pipeline = pipelineOf(['cri'])
  const bytes = Buffer.concat([Buffer.from(`${T} stdout P a`), Buffer.of(0xea, 0xb0)])
  pipeline.push({ ...entryOf(bytes.toString()), bytes })
  expect(pipeline.flush().map(({ line }) => line)).toEqual(['a\ufffd'])
})
