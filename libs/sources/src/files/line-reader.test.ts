import { createLabelSet, parseStages } from '@clymene/stages'
import { decodePushRequest } from '@clymene/wire'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { LOKI_LABEL_LIMITS } from '../lines/label-limits.ts'
import { createLane } from '../lines/lane.ts'
import { createReadClock } from '../lines/read-clock.ts'
import { createLineReader, type Cursor } from './line-reader.ts'

const ignored = { inc: () => undefined }

type Read = { readonly entries: readonly string[]; readonly cursor: Cursor; readonly held: number }

/** Reads `bytes` in pieces that end at the given places, each going on where the one before stopped. */
function readPieces(
  stages: readonly unknown[],
  bytes: Buffer,
  ends: readonly number[],
  options: { quietUntil?: number; maxLineBytes?: number; longLines?: 'truncate' | 'split'; count?: (what: string) => void } = {},
): Read {
  const lane = createLane({
    stream: '0',
    batchBytes: 100_000,
    batchWaitMs: 1,
    maxLineBytes: 1000,
    labelLimits: LOKI_LABEL_LIMITS,
    offended: () => undefined,
    now: () => 0,
    emit: () => Promise.resolve(),
    signal: new AbortController().signal,
    onSettled: () => undefined,
  })
  Object.assign(lane, { full: () => false })
  const cursor: Cursor = { offset: 0, heldFrom: 0, quietTo: 0, skipping: false, quietUntil: options.quietUntil ?? 0 }
  const reader = createLineReader({
    stages: parseStages(stages, 'stages'),
    labels: createLabelSet([['job', 'j']]),
    lane,
    clock: createReadClock(() => 0),
    maxLineBytes: options.maxLineBytes ?? 40,
    longLines: options.longLines ?? 'truncate',
    metrics: {
      readBytes: ignored,
      readLines: ignored,
      truncatedLines: { inc: () => options.count?.('truncated') },
      splitLines: { inc: () => options.count?.('split') },
      nulBytes: { inc: (more = 0) => options.count?.(`${more} NUL bytes`) },
    },
    onCut: () => options.count?.('told'),
  })
  for (const end of [...ends.toSorted((a, b) => a - b), bytes.length]) {
    if (end > cursor.offset) reader.read(bytes.subarray(cursor.offset, end), cursor, false)
  }
  const held = reader.held()
  const entries = lane.collector
    .take(1_000_000)
    .flatMap(({ body }) =>
      decodePushRequest(body).flatMap((stream) =>
        stream.entries.map(
          ({ timestampNs, line, metadata }) =>
            `${JSON.stringify(stream.labels)} ${timestampNs > 1000n * 1_000_000_000n ? timestampNs : ''} ${line} ${JSON.stringify(metadata ?? [])}`,
        ),
      ),
    )
  return { entries: entries.toSorted((a, b) => (a < b ? -1 : 1)), cursor, held }
}

const TIME = '2024-01-01T00:00:00.5Z'
const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      `${TIME} stdout F hello\n`,
      `${TIME} stderr F a\r\n`,
      `${TIME} stdout P he\n`,
      `${TIME} stdout F {"log":"a"}\n`,
      '{"log":"d\\n","stream":"stderr"}\n',
      'no cri\n',
      '\n',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('x'.repeat(30), '가', '\r', '\n', '\0\0', '\0'.repeat(50), `${TIME} stdout F ${'y'.repeat(50)}\n`),
  },
)
const content = fc
  .array(fc.oneof({ weight: 9, arbitrary: piece.map((text) => Buffer.from(text)) }, { weight: 1, arbitrary: fc.constant(Buffer.of(0xff)) }))
  .map((parts) => Buffer.concat(parts))
const places = fc.array(fc.nat(400))

test.each([[[]], [[{ cri: {} }]], [[{ docker: {} }, { cri: {} }]]])('stages %j: it does not matter where reading is cut', (stages) => {
  fc.assert(
    fc.property(content, places, fc.constantFrom('truncate', 'split'), (bytes, ends, longLines) => {
      const whole = readPieces(stages, bytes, [], { longLines })
      const cut = readPieces(
        stages,
        bytes,
        ends.filter((end) => end < bytes.length),
        { longLines },
      )
      expect(cut.entries).toEqual(whole.entries)
      expect(cut.cursor.offset).toBe(whole.cursor.offset)
      expect(cut.held).toBe(whole.held)
    }),
    { numRuns: 300 },
  )
})

test.each<[what: string, text: string, lines: readonly string[], counted: readonly string[], offset: number]>([
  ['before a line: passed over', `${'\0'.repeat(100)}one\ntwo\n`, ['one', 'two'], ['100 NUL bytes'], 108],
  ['before a later line', 'one\n\0\0two\n', ['one', 'two'], ['2 NUL bytes'], 10],
  ['in a line: stay', 'o\0ne\n', ['o\0ne'], [], 5],
  ['at the end: wait for what may be written over them', 'one\n\0\0\0', ['one'], [], 4],
  ['at the end, more than the longest line: passed over', `one\n${'\0'.repeat(81)}`, ['one'], ['80 NUL bytes'], 84],
  ['before a line without its end', '\0\0one', [], ['2 NUL bytes'], 2],
])('NULs %s', (_, text, lines, counted, offset) => {
  const counts: string[] = []
  const { entries, cursor } = readPieces([], Buffer.from(text), [], { count: (what) => counts.push(what) })
  expect(entries.map((entry) => entry.split(' ').at(-2))).toEqual(lines)
  expect(counts).toEqual(counted)
  expect(cursor.offset).toBe(offset)
})

test.each([
  ['plain', [], [{ json: { expressions: { none: '' } } }]],
  ['cri', [{ cri: {} }], [{ cri: {} }, { json: { expressions: { none: '' } } }]],
  ['docker and cri', [{ docker: {} }, { cri: {} }], [{ docker: {} }, { cri: {} }, { json: { expressions: { none: '' } } }]],
])('%s: lines that are copied as bytes and lines that go through the stages come out the same', (_, quick, slow) => {
  fc.assert(
    fc.property(content, (bytes) => {
      expect(readPieces(quick, bytes, [])).toEqual(readPieces(slow, bytes, []))
    }),
    { numRuns: 300 },
  )
})

test('what an earlier run handed over is not handed over again, and brings the stages to where they were', () => {
  fc.assert(
    fc.property(content, fc.nat(400), (bytes, place) => {
      const earlier = readPieces([{ cri: {} }], bytes.subarray(0, Math.min(place, bytes.length)), [])
      const { offset } = earlier.cursor
      const whole = readPieces([{ cri: {} }], bytes, [])
      const later = readPieces([{ cri: {} }], bytes, [], { quietUntil: offset })
      const both = [...earlier.entries, ...later.entries].toSorted((a, b) => (a < b ? -1 : 1))
      expect(both).toEqual(whole.entries)
    }),
    { numRuns: 300 },
  )
})

const marked = (read: Read): readonly string[] => read.entries.map((entry) => entry.slice(entry.indexOf(']] ') + 4))
const TRUNCATED = '[["truncated","true"]]'
const part = (ordinal: number, isLast = false): string =>
  JSON.stringify([
    ['partial_last', String(isLast)],
    ['partial_message', 'true'],
    ['partial_ordinal', String(ordinal)],
  ])

describe('a line put together of parts that is longer than the limit', () => {
  const bytes = Buffer.from(['P', 'P', 'P', 'P', 'F'].map((flag, index) => `${TIME} stdout ${flag} ${String(index).repeat(15)}\n`).join(''))
  const first = `${'0'.repeat(15)}${'1'.repeat(15)}${'2'.repeat(15)}33333`
  const expected = {
    truncate: [`${first} ${TRUNCATED}`],
    split: [`${first} ${part(1)}`, `${'3'.repeat(10)}${'4'.repeat(15)} ${part(2, true)}`],
  }
  const readAll = (longLines: 'truncate' | 'split', end = bytes.length, quietUntil = 0) => {
    const seen: string[] = []
    const read = readPieces([{ cri: {} }], bytes.subarray(0, end), [], {
      maxLineBytes: 50,
      longLines,
      quietUntil,
      count: (what) => seen.push(what),
    })
    return { ...read, lines: read.entries.map((entry) => entry.split(' ').slice(2).join(' ')), seen }
  }

  test.each([
    ['truncate', ['truncated', 'told']],
    ['split', ['split', 'told']],
  ] as const)('%s: it is marked, counted and told as others are', (longLines, seen) => {
    const read = readAll(longLines)
    expect(read.lines).toEqual(expected[longLines])
    expect(read.seen).toEqual(seen)
  })

  test.each(['truncate', 'split'] as const)('%s: a restart in the middle sends only what is missing', (longLines) => {
    for (const end of [1, 2, 3, 4].map((lines) => (bytes.length / 5) * lines)) {
      const before = readAll(longLines, end)
      expect(before.cursor.heldFrom).toBe(0)
      const after = readAll(longLines, bytes.length, before.cursor.quietTo)
      expect([...before.lines, ...after.lines]).toEqual(expected[longLines])
    }
  })
})

test('a character that the runtime cut in two is whole again', () => {
  const [first, second] = [Buffer.from('가').subarray(0, 1), Buffer.from('가').subarray(1)]
  const bytes = Buffer.concat([`${TIME} stdout P a`, first, `\n${TIME} stdout F `, second, 'b\n'].map((text) => Buffer.from(text)))
  expect(readPieces([{ cri: {} }], bytes, []).entries.map((entry) => entry.split(' ')[2])).toEqual(['a가b'])
})

describe('a line that is longer than the limit', () => {
  test.each<[name: string, text: string, truncated: readonly string[], split: readonly string[]]>([
    ['as long as may be', 'abcdefgh\n', ['abcdefgh []'], ['abcdefgh []']],
    ['and a carriage return', 'abcdefg\r\n', ['abcdefg []'], ['abcdefg []']],
    ['one byte more', 'abcdefghi\n', [`abcdefgh ${TRUNCATED}`], [`abcdefgh ${part(1)}`, `i ${part(2, true)}`]],
    [
      'three parts and a line behind it',
      'aaaaaaaabbbbbbbbcc\nnext\n',
      [`aaaaaaaa ${TRUNCATED}`, 'next []'],
      [`aaaaaaaa ${part(1)}`, `bbbbbbbb ${part(2)}`, `cc ${part(3, true)}`, 'next []'],
    ],
    [
      'a character of three bytes stands at the edge',
      'aaaaaa가나\n',
      [`aaaaaa ${TRUNCATED}`],
      [`aaaaaa ${part(1)}`, `가나 ${part(2, true)}`],
    ],
    ['a character of four bytes', 'aaaaa😀b\n', [`aaaaa ${TRUNCATED}`], [`aaaaa ${part(1)}`, `😀b ${part(2, true)}`]],
    [
      'two of them',
      'aaaaaaaaaa\nbbbbbbbbbb\n',
      [`aaaaaaaa ${TRUNCATED}`, `bbbbbbbb ${TRUNCATED}`],
      [`aa ${part(2, true)}`, `aaaaaaaa ${part(1)}`, `bb ${part(2, true)}`, `bbbbbbbb ${part(1)}`],
    ],
  ])('%s', (_, text, truncated, split) => {
    const bytes = Buffer.from(text)
    const read = (longLines: 'truncate' | 'split') => marked(readPieces([], bytes, [], { maxLineBytes: 8, longLines })).toSorted()
    expect(read('truncate')).toEqual(truncated.toSorted())
    expect(read('split')).toEqual(split.toSorted())
  })

  test('parts of a line that the container runtime wrote have its labels and time, and no beginning', () => {
    const bytes = Buffer.from(`${TIME} stderr F ${'x'.repeat(30)}\n${TIME} stderr F short\n`)
    const { entries } = readPieces([{ cri: {} }], bytes, [], { maxLineBytes: 40, longLines: 'split' })
    const start = '[["job","j"],["stream","stderr"]] 1704067200500000000'
    expect(entries).toEqual(
      [`${start} short []`, `${start} ${'x'.repeat(22)} ${part(2, true)}`, `${start} ${'x'.repeat(8)} ${part(1)}`].toSorted(),
    )
  })

  test('is read again from its beginning after a restart, without a part twice', () => {
    const bytes = Buffer.from(`first\n${'a'.repeat(8)}${'b'.repeat(8)}${'c'.repeat(8)}dd`)
    const options = { maxLineBytes: 8, longLines: 'split' } as const
    const before = readPieces([], bytes, [], options)
    expect(before.cursor).toMatchObject({ skipping: true, heldFrom: 6, offset: 30 })
    const after = readPieces([], Buffer.concat([bytes.subarray(before.cursor.heldFrom), Buffer.from('\n')]), [], {
      ...options,
      quietUntil: before.cursor.offset - before.cursor.heldFrom,
    })
    expect(marked(after)).toEqual([`dd ${part(4, true)}`])
    expect(after.cursor).toMatchObject({ skipping: false, offset: 27, heldFrom: 27 })
  })
})

test('a restart goes back to the line that stages hold the longest, not to the first that they ever held', () => {
  const bytes = Buffer.from([`${TIME} stdout P a`, `${TIME} stderr P b`, `${TIME} stdout F c`, `${TIME} stderr P d`, ''].join('\n'))
  const line = `${TIME} stdout P a\n`.length
  const { cursor, held } = readPieces([{ cri: {} }], bytes, [])
  expect(held).toBeGreaterThan(0)
  expect(cursor.heldFrom).toBe(line)
})
