import { DecodeError, type LogStream, type TimeSeries } from '@clymene/model'
import { encodePushRequest, encodeWriteRequest, formatStreamLabels } from '@clymene/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { readLabels, readMetadata } from './read-labels.ts'
import { visitPushRequest, type PushRequestPosition } from './visit-push-request.ts'
import { isStale, visitWriteRequest } from './visit-write-request.ts'

/** What a walk says, `step` samples at a time. */
function walkMetrics(message: Buffer, step = Infinity): unknown[] {
  const seen: unknown[] = []
  let samples = 0
  const visitor = {
    series: (bytes: Buffer, start: number, end: number) => seen.push(readLabels(bytes, start, end)),
    sample: (timestampMs: number, low: number, high: number) => {
      samples++
      seen.push([timestampMs, new Float64Array(Uint32Array.of(low, high).buffer)[0]])
    },
  }
  for (let at = 0, until = step; at < message.length; until = samples + step) {
    const next = visitWriteRequest(message, visitor, at, () => samples >= until)
    if (next === at && next < message.length) throw new Error('no progress')
    at = next
  }
  return seen
}

function walkLogs(message: Buffer, step = Infinity): unknown[] {
  const seen: unknown[] = []
  let entries = 0
  let labels = ''
  const visitor = {
    stream: (bytes: Buffer, start: number, end: number) => {
      labels = bytes.toString('utf8', start, end)
    },
    entry: (timestampNs: bigint, bytes: Buffer, start: number, end: number, metadata: readonly Buffer[]) => {
      entries++
      seen.push([labels, timestampNs, bytes.toString('utf8', start, end), readMetadata(metadata)])
    },
  }
  let position: PushRequestPosition | undefined = { stream: 0, entry: 0 }
  while (position !== undefined) {
    const until = entries + step
    position = visitPushRequest(message, visitor, position, () => entries >= until)
  }
  return seen
}

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const labels = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z_]{1,6}$/), text), { selector: ([name]) => name, maxLength: 5, minLength: 1 })
  .map((pairs) => pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)))
const timestampMs = fc.integer({ min: -(2 ** 50), max: 2 ** 50 })
const series: fc.Arbitrary<TimeSeries[]> = fc.array(
  fc.record({ labels, samples: fc.array(fc.record({ timestampMs, value: fc.double({ noNaN: true }) }), { maxLength: 5 }) }),
  { maxLength: 6 },
)
const streams: fc.Arbitrary<LogStream[]> = fc.array(
  fc.record({
    labels,
    entries: fc.array(
      fc.record({ timestampNs: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), line: fc.string({ unit: 'grapheme' }), metadata: labels }),
      { maxLength: 5 },
    ),
  }),
  { maxLength: 6 },
)
const step = fc.integer({ min: 1, max: 4 })

describe('visitWriteRequest', () => {
  test('sees every series and sample, in one go or in steps', () => {
    fc.assert(
      fc.property(series, step, (all, some) => {
        const expected = all.flatMap((one) => [one.labels, ...one.samples.map((sample) => [sample.timestampMs, sample.value])])
        const message = encodeWriteRequest(all)
        expect(walkMetrics(message)).toEqual(expected)
        expect(walkMetrics(message, some)).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })

  test('gathers labels that stand among samples', () => {
    const label = (name: string, value: string) =>
      Buffer.from([
        0x0a,
        4 + name.length + value.length,
        0x0a,
        name.length,
        ...Buffer.from(name),
        0x12,
        value.length,
        ...Buffer.from(value),
      ])
    const oneSample = Buffer.from([0x12, 2, 0x10, 5])
    const body = Buffer.concat([label('b', '2'), oneSample, label('a', '1')])
    expect(walkMetrics(Buffer.from([0x0a, body.length, ...body]))).toEqual([
      [
        ['a', '1'],
        ['b', '2'],
      ],
      [5, 0],
    ])
  })

  test('gives the bits of a staleness marker', () => {
    const sample = Buffer.from([0x09, 2, 0, 0, 0, 0, 0, 0xf0, 0x7f, 0x10, 1])
    const body = Buffer.from([0x12, sample.length, ...sample])
    const seen: boolean[] = []
    visitWriteRequest(Buffer.from([0x0a, body.length, ...body]), {
      series: () => {},
      sample: (_, low, high) => seen.push(isStale(low, high)),
    })
    expect(seen).toEqual([true])
  })

  test('gives negative times', () => {
    expect(walkMetrics(encodeWriteRequest([{ labels: [['a', 'b']], samples: [{ timestampMs: -1, value: 1 }] }]))[1]).toEqual([-1, 1])
  })
})

describe('visitPushRequest', () => {
  test('sees every entry, in one go or in steps', () => {
    fc.assert(
      fc.property(streams, step, (all, some) => {
        const expected = all.flatMap((stream) =>
          stream.entries.map((entry) => [formatStreamLabels(stream.labels), entry.timestampNs, entry.line, entry.metadata]),
        )
        const message = encodePushRequest(all)
        expect(walkLogs(message)).toEqual(expected)
        expect(walkLogs(message, some)).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })
})

describe('bytes that no scan let through', () => {
  const walks = [
    {
      name: 'metrics',
      walk: walkMetrics,
      message: encodeWriteRequest([{ labels: [['a', 'b']], samples: [{ timestampMs: 2 ** 40, value: 1.5 }] }]),
    },
    {
      name: 'logs',
      walk: walkLogs,
      message: encodePushRequest([{ labels: [['a', 'b']], entries: [{ timestampNs: 2n ** 60n, line: 'x', metadata: [['c', 'd']] }] }]),
    },
  ]
  test.each(walks)('$name: every cut is a DecodeError', ({ walk, message }) => {
    for (let length = 1; length < message.length; length++)
      expect(() => walk(message.subarray(0, length)), `cut at ${length}`).toThrow(DecodeError)
  })

  test.each(walks)('$name: no bytes hang or read past the end', ({ walk }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          walk(Buffer.from(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
      { numRuns: 300 },
    )
  })
})
