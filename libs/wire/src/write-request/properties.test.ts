import { isDeepStrictEqual } from 'node:util'

import { DecodeError, sortedLabels, type TimeSeries } from '@clymene/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { compress } from '../snappy/compress.ts'
import { decompress } from '../snappy/decompress.ts'
import { spliceBlocks } from '../snappy/splice.ts'
import { decodeReference, encodeReference, outcomeOf, WRITE_REQUEST } from '../testing/reference.ts'
import { decodeWriteRequest } from './decode.ts'
import { encodeWriteRequest } from './encode.ts'
import { firstSeriesLabels } from './first-series.ts'
import { scanWriteRequest } from './scan.ts'
import { sliceWriteRequest } from './slice.ts'
import { splitSeries } from './split-series.ts'
import { splitWriteRequest } from './split.ts'

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const labelText = fc.oneof({ weight: 8, arbitrary: text }, fc.constantFrom('__proto__', 'constructor', 'a'.repeat(130)))
const timestampMs = fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 })
const value = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0))

const series: fc.Arbitrary<TimeSeries> = fc.record({
  labels: fc
    .uniqueArray(fc.tuple(labelText, labelText), { selector: ([name]) => name, maxLength: 6 })
    .map((labels) => sortedLabels([...labels.filter(([name]) => name !== '__name__'), ['__name__', 'up']])),
  samples: fc.array(fc.record({ timestampMs, value }), { maxLength: 4 }),
})
const request = fc.array(series, { maxLength: 6 })

/** What protobufjs is given: also the parts that we only pass on. */
const richRequest = fc.record({
  timeseries: fc.array(
    fc.record({
      labels: fc
        .array(fc.record({ name: labelText, value: labelText }), { maxLength: 4 })
        .map((labels) => [{ name: '__name__', value: 'up' }, ...labels]),
      samples: fc.array(fc.record({ value: fc.double(), timestamp: timestampMs }), { maxLength: 3 }),
      exemplars: fc.array(fc.record({ labels: fc.constant([{ name: 'trace', value: '1' }]), value: fc.double(), timestamp: timestampMs }), {
        maxLength: 2,
      }),
      histograms: fc.array(
        fc.record({
          countInt: fc.nat(),
          sum: fc.double(),
          schema: fc.integer({ min: -4, max: 8 }),
          negativeSpans: fc.array(fc.record({ offset: fc.integer({ min: -99, max: 99 }), length: fc.nat(99) }), { maxLength: 2 }),
          negativeDeltas: fc.array(fc.integer(), { maxLength: 3 }),
          positiveCounts: fc.array(fc.double(), { maxLength: 3 }),
          timestamp: timestampMs,
        }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 4 },
  ),
  metadata: fc.array(fc.record({ type: fc.nat(7), metricFamilyName: text, help: text, unit: text }), { maxLength: 2 }),
})

/** What the scan refuses and protobufjs takes: what Prometheus' generated code refuses, or Prometheus drops behind a 204. */
const STRICTER =
  /without __name__|label without a name|remote write 2\.0|wire type [0-7] in field \d+|(?:tag|length) of more than 32 bits|varint of more than 10 bytes/

describe('WriteRequest', () => {
  test('decode gives what was encoded, and protobufjs reads the same', () => {
    fc.assert(
      fc.property(request, (list) => {
        const bytes = encodeWriteRequest(list)
        expect(decodeWriteRequest(bytes)).toEqual(list)
        const reference = list.map(({ labels, samples }) => ({
          labels: labels.map(([name, labelValue]) => ({ name, value: labelValue })),
          samples: samples.map((sample) => ({ value: sample.value, timestamp: sample.timestampMs })),
          exemplars: [],
          histograms: [],
        }))
        expect(decodeReference(WRITE_REQUEST, bytes)).toEqual({ timeseries: reference, metadata: [] })
      }),
    )
  })

  test('scan counts what protobufjs counts', () => {
    fc.assert(
      fc.property(richRequest, (message) => {
        expect(countsOf(scanWriteRequest(encodeReference(WRITE_REQUEST, message)))).toEqual(referenceCounts(message))
      }),
    )
  })

  test('scan refuses what protobufjs refuses, and beyond that only what it says', () => {
    let refusals = 0
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(richRequest, flips, (message, changes) => {
        const bytes = encodeReference(WRITE_REQUEST, message)
        if (bytes.length === 0) return
        for (const [where, change] of changes) bytes[where % bytes.length]! ^= change
        if (outcomeOf(() => scanWriteRequest(bytes)) === 'DecodeError') refusals++
        expect(disagreement(bytes)).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
    expect(refusals).toBeGreaterThan(100)
  })

  test('arbitrary bytes are refused or read alike', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(disagreement(bytes)).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  test('every cut that is not between two fields of the message is refused', () => {
    fc.assert(
      fc.property(richRequest, (message) => {
        const bytes = encodeReference(WRITE_REQUEST, message)
        const boundaries = fieldBoundaries(bytes)
        for (let length = 0; length < bytes.length; length++) {
          const refused = outcomeOf(() => scanWriteRequest(bytes.subarray(0, length))) === 'DecodeError'
          expect(refused).toBe(!boundaries.has(length))
        }
      }),
      { numRuns: 30 },
    )
  })

  test('two halves are the whole, in order', () => {
    fc.assert(
      fc.property(request, (list) => {
        const halves = splitWriteRequest(encodeWriteRequest(list))
        const middle = Math.ceil(list.length / 2)
        const expected = list.length < 2 ? undefined : [list.slice(0, middle), list.slice(middle)]
        expect(halves?.map((half) => decodeWriteRequest(half))).toEqual(expected)
      }),
    )
  })

  test('slices side by side hold every sample once, in order', () => {
    fc.assert(
      fc.property(request, fc.nat(25), (list, cut) => {
        const bytes = encodeWriteRequest(list)
        const samples = (message: Buffer): unknown[] =>
          decodeWriteRequest(message).flatMap((one) => one.samples.map((sample) => [one.labels, sample]))
        expect([...samples(sliceWriteRequest(bytes, 0, cut)), ...samples(sliceWriteRequest(bytes, cut, Infinity))]).toEqual(samples(bytes))
        expect(samples(sliceWriteRequest(bytes, cut, cut + 1))).toEqual(samples(bytes).slice(cut, cut + 1))
      }),
    )
  })
})

describe('exemplars, histograms and metadata', () => {
  const messageOf = (message: object): Buffer => encodeReference(WRITE_REQUEST, message)

  test('are in one of two slices side by side, whatever the cut', () => {
    fc.assert(
      fc.property(richRequest, fc.nat(12), (message, cut) => {
        const bytes = messageOf(message)
        const slices = [sliceWriteRequest(bytes, 0, cut), sliceWriteRequest(bytes, cut, Infinity)]
        expect(partsOf(slices)).toEqual(partsOf([bytes]))
      }),
    )
  })

  test('are in one of two halves, cut between series or within one', () => {
    fc.assert(
      fc.property(richRequest, (message) => {
        const bytes = messageOf(message)
        expect(partsOf(splitWriteRequest(bytes) ?? [bytes])).toEqual(partsOf([bytes]))
        const first = messageOf({ timeseries: message.timeseries.slice(0, 1), metadata: message.metadata })
        expect(partsOf(splitSeries(first) ?? [first])).toEqual(partsOf([first]))
      }),
    )
  })

  test('survive a splice with another body, and are passed over by what reads series only', () => {
    fc.assert(
      fc.property(richRequest, richRequest, (one, other) => {
        const bodies = [messageOf(one), messageOf(other)]
        const spliced = decompress(spliceBlocks(bodies.map(compress)), 1 << 24)
        expect(partsOf([spliced])).toEqual(partsOf(bodies))
        expect(countsOf(scanWriteRequest(spliced))).toEqual(sumOf(bodies.map((body) => countsOf(scanWriteRequest(body)))))
        expect(decodeWriteRequest(spliced).map(({ samples }) => samples.length)).toEqual(
          [...one.timeseries, ...other.timeseries].map(({ samples }) => samples.length),
        )
        expect(firstSeriesLabels(spliced, ['__name__'])).toEqual([one.timeseries.length + other.timeseries.length > 0 ? 'up' : ''])
      }),
    )
  })
})

/** Every part of messages that belongs to a series, with its labels, and the metadata. */
function partsOf(messages: readonly Uint8Array[]): unknown {
  const decoded = messages.map((message) => Object(decodeReference(WRITE_REQUEST, message)))
  const parts = (field: string): unknown[] =>
    decoded.flatMap(({ timeseries }) =>
      timeseries.flatMap((one: { labels: unknown } & Record<string, unknown[]>) => (one[field] ?? []).map((part) => [one.labels, part])),
    )
  return {
    samples: parts('samples'),
    exemplars: parts('exemplars'),
    histograms: parts('histograms'),
    metadata: decoded.flatMap(({ metadata }) => metadata),
  }
}

const sumOf = (counts: readonly Counts[]): Counts => ({
  series: totalOf(counts, 'series'),
  samples: totalOf(counts, 'samples'),
  histograms: totalOf(counts, 'histograms'),
  exemplars: totalOf(counts, 'exemplars'),
  metadata: totalOf(counts, 'metadata'),
})

const totalOf = (counts: readonly Counts[], field: keyof Counts): number => counts.reduce((total, one) => total + one[field], 0)

/** What tells our reading from that of protobufjs, refusals that we mean to be stricter in aside. */
function disagreement(bytes: Uint8Array): unknown {
  const reference = decodeReference(WRITE_REQUEST, bytes)
  try {
    const counts = countsOf(scanWriteRequest(bytes))
    const decoded = decodeWriteRequest(bytes).length
    const same = isDeepStrictEqual(counts, reference && referenceCounts(reference)) && decoded === counts.series
    return same ? undefined : { counts, decoded, reference }
  } catch (error) {
    if (!(error instanceof DecodeError)) return error
    return reference === undefined || STRICTER.test(error.message) ? undefined : error
  }
}

type Counts = { series: number; samples: number; histograms: number; exemplars: number; metadata: number }

const countsOf = ({ series: count, samples, histograms, exemplars, metadata }: Counts): Counts => ({
  series: count,
  samples,
  histograms,
  exemplars,
  metadata,
})

function referenceCounts(message: { timeseries?: unknown; metadata?: unknown }): Counts {
  const list = (of: unknown): unknown[] => (Array.isArray(of) ? of : [])
  const sum = (field: string): number => list(message.timeseries).reduce<number>((total, one) => total + list(Object(one)[field]).length, 0)
  return {
    series: list(message.timeseries).length,
    samples: sum('samples'),
    histograms: sum('histograms'),
    exemplars: sum('exemplars'),
    metadata: list(message.metadata).length,
  }
}

/** Where a field of the outermost message begins: each of them is delimited, with a tag of one byte. */
function fieldBoundaries(bytes: Uint8Array): Set<number> {
  const boundaries = new Set<number>()
  for (let position = 0; position < bytes.length;) {
    boundaries.add(position++)
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++] ?? 0
      length |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    position += length
  }
  return boundaries
}
