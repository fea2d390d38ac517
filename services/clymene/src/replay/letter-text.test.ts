import type { Kind } from '@clymene/model'
import type { Letter } from '@clymene/storages'
import { compress, encodePushRequest, encodeWriteRequest } from '@clymene/wire'
import { describe, expect, test } from 'vitest'

import { contentLines, letterLine, timeText } from './letter-text.ts'
import { createProgress } from './progress.ts'
import { createSummary } from './summary.ts'
import { printable } from './terminal.ts'

function letter(value: Buffer, kind: Kind = 'metrics', note: Partial<Letter['note']> = {}): Letter {
  const origin = { topic: 'clymene', partition: 2, offset: 17n, timestampMs: 1 }
  return {
    place: { ...origin, logId: 'log', topic: 'clymene-dead-letter', offset: 3n },
    note: {
      storage: 'prometheus',
      reason: 'out of order',
      status: 400,
      timeMs: 1_000_000_000_000,
      cluster: 'c1',
      position: 0,
      origin,
      ...note,
    },
    message: { kind, key: '/c1/a/', value, headers: { records: 3, agent: 'a', sequence: 7, newestMs: 9000 }, extra: { further: 'x' } },
    parts: 1,
  }
}

const series = (name: string, count: number) => ({
  labels: [['__name__', name] as const, ['cluster', 'c1'] as const],
  samples: Array.from({ length: count }, (_, index) => ({ timestampMs: index * 1000, value: index + 0.5 })),
})

test('a letter is one line', () => {
  const line = '2001-09-09T01:46:40.000Z  prometheus  c1  clymene/2/17  3 records  400  -  out of order'
  expect(letterLine(letter(Buffer.alloc(0)), false)).toBe(line)
  expect(letterLine(letter(Buffer.alloc(0)), true)).toBe(line.replace('400  -', '400  sent'))
})

test('whatever is in its reason', () => {
  const reason = 'first\nsecond\u001B[2Jthird\u0000\u009B\u2028'
  expect(letterLine(letter(Buffer.alloc(0), 'metrics', { reason, cluster: '', timeMs: 9e15 }), false)).toBe(
    '9000000000000000  prometheus  -  clymene/2/17  3 records  400  -  first\\nsecond\\u001b[2Jthird\\u0000\\u009b\\u2028',
  )
})

describe('what is in it', () => {
  const about = '    further=x records=3 agent=a sequence=7 key=/c1/a/'

  test('samples, so many of them', () => {
    const value = compress(encodeWriteRequest([series('up', 2), series('down', 3)]))
    expect(contentLines(letter(value), 3)).toEqual([
      about,
      '    up{cluster="c1"} 0.5 1970-01-01T00:00:00.000Z',
      '    up{cluster="c1"} 1.5 1970-01-01T00:00:01.000Z',
      '    down{cluster="c1"} 0.5 1970-01-01T00:00:00.000Z',
      '    … and 2 more',
    ])
  })

  test('lines, one a line', () => {
    const value = compress(encodePushRequest([{ labels: [['app', 'a']], entries: [{ timestampNs: 1_500_000_000n, line: 'x\n\u001By' }] }]))
    expect(contentLines(letter(value, 'logs'), 3)).toEqual([about, '    {app="a"} 1970-01-01T00:00:01.500Z x\\n\\u001by'])
  })

  test.each<[value: Buffer, expected: readonly (string | RegExp)[]]>([
    [Buffer.from('garbage'), [/^ {4}it cannot be read: snappy/, '    7 bytes: 67617262616765']],
    [Buffer.alloc(0), [/^ {4}it cannot be read: snappy/, '    0 bytes: ']],
    [Buffer.alloc(100, 0xff), [/^ {4}it cannot be read: /, `    100 bytes: ${'ff'.repeat(64)}…`]],
    [compress(Buffer.alloc(0)), ['    (nothing)']],
  ])('what nobody can read, or nothing: %j', (value, expected) => {
    expect(contentLines(letter(value), 3)).toEqual([
      about,
      ...expected.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))),
    ])
  })
})

test('a time that is no date is a number', () => {
  expect([timeText(0), timeText(9e15), timeText(NaN)]).toEqual(['1970-01-01T00:00:00.000Z', '9000000000000000', 'NaN'])
})

describe('the summary', () => {
  const rowsOf = (letters: readonly Letter[]): readonly (readonly string[])[] => {
    const summary = createSummary()
    for (const [index, one] of letters.entries()) summary.add(one, index === 0)
    return summary.lines().map((line) => line.split(/ {2,}/))
  }
  const reasoned = (reason: string, cluster = 'c1', timeMs = 0): Letter => letter(Buffer.alloc(0), 'metrics', { reason, cluster, timeMs })

  test('counts together what differs in names and numbers only', () => {
    expect(
      rowsOf([reasoned('series up{a="1"} at 17 of "x"'), reasoned('series up{b="2"} at 18 of "y"', 'c1', 1000), reasoned('other', '')]),
    ).toEqual([
      ['letters', 'records', 'sent', 'storage', 'cluster', 'status', 'first', 'last', 'reason'],
      ['2', '6', '1', 'prometheus', 'c1', '400', timeText(0), timeText(1000), 'series up{…} at # of "…"'],
      ['1', '3', '0', 'prometheus', '-', '400', timeText(0), timeText(0), 'other'],
    ])
  })

  test('of nothing is nothing', () => {
    expect(rowsOf([])).toEqual([])
  })

  test('has at most a thousand rows, and one for all others', () => {
    const rows = rowsOf(Array.from({ length: 1500 }, (_, index) => reasoned('x', `c${index}`)))
    expect(rows).toHaveLength(1 + 1000 + 1)
    expect(rows[1]?.slice(0, 5)).toEqual(['500', '1500', '0', '(others)', '(others)'])
  })
})

describe('the progress', () => {
  const run = (isInteractive: boolean) => {
    const [drawn, told]: [string[], string[]] = [[], []]
    let clock = 0
    const progress = createProgress({ draw: (line) => drawn.push(line), tell: (line) => told.push(line), isInteractive }, () => clock)
    for (let step = 1; step <= 60; step++) {
      clock += 100
      progress.sent()
      progress.read(step, 60)
    }
    progress.end()
    return { drawn, told }
  }

  test('is a bar on a terminal', () => {
    const { drawn, told } = run(true)
    expect(told).toEqual([])
    expect(drawn[30]).toMatch(/^\[#{15}\.{15}\] 50% read, 31 sent, 0 refused$/)
    expect(drawn.at(-1)).toBe('')
  })

  test('is a line every five seconds elsewhere', () => {
    expect(run(false).told).toEqual(['82% read, 50 sent, 0 refused'])
  })
})

test.each([
  ['plain ünï', 'plain ünï'],
  ['a\tb\rc', 'a\\tb\\rc'],
  ['\u007F', '\\u007f'],
])('%j is printed as %j', (text, expected) => {
  expect(printable(text)).toBe(expected)
})
