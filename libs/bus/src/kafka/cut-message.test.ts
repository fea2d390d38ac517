import { randomBytes } from 'node:crypto'

import { JSON_TYPE, PROTOBUF, type Envelope, type LogStream, type TimeSeries } from '@clymene/model'
import {
  compress,
  decodeBatchJson,
  decodeMetricsJson,
  decodePushRequest,
  decodeWriteRequest,
  decompress,
  encodeBatchJson,
  encodeMetricsJson,
  encodePushRequest,
  encodeWriteRequest,
} from '@clymene/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { cutMessage, type Piece } from './cut-message.ts'

const NUMBERED = { agent: 'a', epoch: 7, sequence: 3, cluster: 'c', contentType: PROTOBUF, scanned: true, records: 1000 }
const open = (value: Buffer): Buffer => decompress(value, 1 << 26)

const incompressible = (bytes: number): string => randomBytes(bytes / 2).toString('hex')
const series = (name: string, samples: number): TimeSeries => ({
  labels: [
    ['__name__', 'up'],
    ['i', name],
  ],
  samples: Array.from({ length: samples }, (_, index) => ({ timestampMs: 1000 + index * 997, value: Math.random() })),
})
const stream = (name: string, lines: readonly string[]): LogStream => ({
  labels: [['app', name]],
  entries: lines.map((line, index) => ({ timestampNs: BigInt(index), line })),
})
const metrics = (all: readonly TimeSeries[]): Envelope => ({
  kind: 'metrics',
  key: 'k',
  value: compress(encodeWriteRequest(all)),
  headers: NUMBERED,
})
const logs = (all: readonly LogStream[]): Envelope => ({
  kind: 'logs',
  key: 'k',
  value: compress(encodePushRequest(all)),
  headers: NUMBERED,
})

/** Series or streams of all pieces one after the other; those that were divided are joined again. */
function rejoined<T extends { readonly labels: unknown }>(parts: readonly T[], join: (a: T, b: T) => T): readonly T[] {
  const found: T[] = []
  for (const part of parts) {
    const last = found.at(-1)
    if (last !== undefined && JSON.stringify(last.labels) === JSON.stringify(part.labels)) found[found.length - 1] = join(last, part)
    else found.push(part)
  }
  return found
}
const joinSeries = (all: readonly TimeSeries[]) => rejoined(all, (a, b) => ({ ...a, samples: [...a.samples, ...b.samples] }))
const joinStreams = (all: readonly LogStream[]) => rejoined(all, (a, b) => ({ ...a, entries: [...a.entries, ...b.entries] }))
const seriesOf = (pieces: readonly Piece[]) => joinSeries(pieces.flatMap(({ envelope }) => decodeWriteRequest(open(envelope.value))))
const streamsOf = (pieces: readonly Piece[]) => joinStreams(pieces.flatMap(({ envelope }) => decodePushRequest(open(envelope.value))))

const expectWithin = (pieces: readonly Piece[], maxBytes: number): void => {
  for (const { envelope } of pieces) expect(envelope.value.length).toBeLessThanOrEqual(maxBytes)
}

describe('cutMessage', () => {
  test.each([
    { name: 'many series', all: Array.from({ length: 300 }, (_, index) => series(`s${index}`, 2)) },
    { name: 'one series with many samples', all: [series('one', 2000)] },
    { name: 'a large one among small ones', all: [series('a', 1), series('b', 2000), series('c', 1)] },
  ])('metrics, $name: every sample once and in order', ({ all }) => {
    const whole = metrics(all)
    const maxBytes = whole.value.length / 5
    const pieces = cutMessage(whole, maxBytes)!
    expectWithin(pieces, maxBytes)
    // Halves: at most twice as many as needed.
    expect(pieces.length).toBeLessThan(12)
    expect(seriesOf(pieces)).toEqual(all)
  })

  test.each([
    { name: 'many streams', all: Array.from({ length: 100 }, (_, index) => stream(`s${index}`, [incompressible(100)])) },
    {
      name: 'one stream of many lines',
      all: [
        stream(
          'one',
          Array.from({ length: 100 }, () => incompressible(100)),
        ),
      ],
    },
  ])('logs, $name: every line once and in order', ({ all }) => {
    const whole = logs(all)
    const maxBytes = whole.value.length / 5
    const pieces = cutMessage(whole, maxBytes)!
    expectWithin(pieces, maxBytes)
    expect(streamsOf(pieces)).toEqual(all)
  })

  test('pieces keep key, number and headers, count their own records and tell where they begin', () => {
    const pieces = cutMessage(metrics([series('a', 3), series('b', 2)]), 1)!
    expect(pieces.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4])
    for (const { envelope, position } of pieces)
      expect(envelope).toMatchObject({ kind: 'metrics', key: 'k', headers: { ...NUMBERED, records: 1, position } })
  })

  test('a piece that is cut again keeps its place in the whole', () => {
    const whole = metrics([series('a', 2000)])
    const pieces = cutMessage(whole, whole.value.length / 3)!
    const again = pieces.flatMap(({ envelope }) => cutMessage(envelope, whole.value.length / 9)!)
    const ends = again.map(({ envelope: { headers } }) => headers.position! + headers.records!)
    expect(again.length).toBeGreaterThan(pieces.length)
    expect(again.map(({ envelope }) => envelope.headers.position)).toEqual([0, ...ends.slice(0, -1)])
    expect(ends.at(-1)).toBe(2000)
  })

  test('what cannot be cut stays larger, and its neighbours do not suffer', () => {
    const all = [stream('s', ['a', incompressible(5000), 'b'])]
    const pieces = cutMessage(logs(all), 500)!
    expect(pieces.map(({ envelope }) => envelope.value.length > 500)).toEqual([false, true, false])
    expect(streamsOf(pieces)).toEqual(all)
  })

  test('JSON is cut as well, and its tenant goes with every piece', () => {
    const lines = [stream('a', ['1', '2', '3']), stream('b', ['4'])]
    const headers = { ...NUMBERED, contentType: JSON_TYPE, scanned: false, tenant: 't' }
    const pieces = cutMessage({ ...logs(lines), headers, value: encodeBatchJson(lines, 't') }, 1)!
    const batches = pieces.map(({ envelope }) => decodeBatchJson(envelope.value))
    expect(batches.map(({ tenant }) => tenant)).toEqual(['t', 't', 't', 't'])
    expect(joinStreams(batches.flatMap(({ streams }) => streams))).toEqual(lines)
    const all = [series('a', 2), series('b', 1)]
    const cutMetrics = cutMessage({ ...metrics(all), headers, value: encodeMetricsJson(all) }, 1)!
    expect(joinSeries(cutMetrics.flatMap(({ envelope }) => decodeMetricsJson(envelope.value)))).toEqual(all)
  })

  const unscanned = { ...NUMBERED, scanned: false }
  test.each([
    { name: 'one sample', envelope: metrics([series('a', 1)]) },
    { name: 'one entry', envelope: logs([stream('a', ['x'])]) },
    { name: 'what nobody has scanned', envelope: { ...metrics([series('a', 9)]), headers: unscanned } },
    { name: 'damage', envelope: { ...metrics([series('a', 9)]), value: Buffer.from('damage') } },
    { name: 'a dead letter', envelope: { ...metrics([series('a', 9)]), extra: { 'clymene-dl-reason': '400' } } },
  ])('does not cut $name', ({ envelope }) => {
    expect(cutMessage(envelope, 1)).toBeUndefined()
  })

  test('whatever comes, nothing is lost, invented or moved', () => {
    const shape = fc.array(fc.nat(6), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(shape, fc.integer({ min: 1, max: 400 }), (counts, maxBytes) => {
        const all = counts.map((count, index) => series(`s${index}`, count))
        const pieces = cutMessage(metrics(all), maxBytes)
        if (pieces === undefined) return
        expect(seriesOf(pieces)).toEqual(all)
      }),
      { numRuns: 100 },
    )
  })
})
