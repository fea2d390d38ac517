import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type CriLine, createCriReader } from './cri-line.ts'
import { Extracted } from './entry.ts'
import { createLabelSet } from './label-set.ts'
import { parseStages } from './parse-stages.ts'
import { createPipeline } from './pipeline.ts'

function read(text: string): object | undefined {
  const line: CriLine = { seconds: 0, nanos: 0, stream: 'stdout', partial: false, content: 0 }
  const bytes = Buffer.from(`before\n${text}\nafter Z stdout F x`)
  const end = 7 + Buffer.byteLength(text)
  if (!createCriReader(line)(bytes, 7, end)) return undefined
  const { seconds, nanos, stream, partial, content } = line
  return { time: BigInt(seconds) * 1_000_000_000n + BigInt(nanos), stream, partial, content: bytes.toString('utf8', content, end) }
}

const TIME = 1_704_067_200_123_456_789n

describe('createCriReader', () => {
  test.each([
    ['2024-01-01T00:00:00.123456789Z stdout F hello', { time: TIME, stream: 'stdout', partial: false, content: 'hello' }],
    ['2024-01-01T09:00:00.123456789+09:00 stderr P hel ', { time: TIME, stream: 'stderr', partial: true, content: 'hel ' }],
    ['2024-01-01T00:00:00.123456789Z stdout F ', { time: TIME, stream: 'stdout', partial: false, content: '' }],
    ['2024-01-01T00:00:00.123456789Z stdout P:x  y', { time: TIME, stream: 'stdout', partial: true, content: ' y' }],
    ['2024-01-01T00:00:00.123456789Z stdout F 가', { time: TIME, stream: 'stdout', partial: false, content: '가' }],
  ])('%j', (text, expected) => {
    expect(read(text)).toEqual(expected)
  })

  test.each([
    '',
    'plain text that is longer than the shortest line',
    '2024-01-01T00:00:00.123456789Z stdout F',
    '2024-01-01T00:00:00.123456789Z stdin F hello',
    '2024-01-01T00:00:00.123456789Z stdout  hello',
    '2024-01-01T00:00:00.123456789Zstdout F hello',
    '2024-01-01T00:00:00.Z stdout F hello world',
    '2024-13-01T00:00:00.123456789Z stdout F hello',
    '2024-01-01T00:00:00.123456789 stdout F hello',
    '2024-01-01T00:00:00.1',
  ])('leaves %j', (text) => {
    expect(read(text)).toBeUndefined()
  })

  test('agrees with the cri stage', () => {
    const times = fc.constantFrom(
      '2024-01-01T00:00:00.5Z',
      '2024-01-01T00:00:01Z',
      '2024-02-30T00:00:00Z',
      '2024-01-01T00:00:00-01:00',
      'x',
    )
    const line = fc
      .tuple(times, fc.constantFrom('stdout', 'stderr', 'other'), fc.constantFrom('F', 'P', 'F:a', ''), fc.string())
      .map((parts) => parts.join(' '))
    fc.assert(
      fc.property(line, (text) => {
        const fast = read(text)
        if (fast === undefined) return
        const pipeline = createPipeline(parseStages([{ cri: {} }], 'stages'), { now: () => 0n })
        const labels = createLabelSet([])
        const entries = [
          ...pipeline.push({ labels, timestampNs: 0n, line: text, extracted: new Extracted(labels), metadata: undefined }),
          ...pipeline.flush(),
        ]
        expect(entries.map((entry) => ({ time: entry.timestampNs, stream: entry.labels.get('stream'), content: entry.line }))).toEqual([
          { time: Reflect.get(fast, 'time'), stream: Reflect.get(fast, 'stream'), content: Reflect.get(fast, 'content') },
        ])
      }),
      { numRuns: 300 },
    )
  })
})
