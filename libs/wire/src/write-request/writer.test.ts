import { describe, expect, test } from 'vitest'

import { decodeReference, WRITE_REQUEST } from '../testing/reference.ts'
import { decodeWriteRequest } from './decode.ts'
import { encodeExemplar, encodeSeriesLabels, encodeWriteRequest } from './encode.ts'
import { scanWriteRequest } from './scan.ts'
import { sliceWriteRequest } from './slice.ts'
import { createWriteRequestWriter, METRIC_TYPES } from './writer.ts'

const UP = [
  ['__name__', 'up'],
  ['stadt', 'Köln'],
] as const

describe('createWriteRequestWriter', () => {
  test('writes what encodeWriteRequest writes, growing from nothing', () => {
    const writer = createWriteRequestWriter(1)
    const series = [1, -1, 0, 1.5, Infinity, 2 ** 60].map((value, index) => ({
      labels: UP,
      samples: [{ timestampMs: [0, 1, 127, 128, -1, 1_660_000_000_000][index] ?? 0, value }],
    }))
    for (const { labels, samples } of series)
      for (const { timestampMs, value } of samples) writer.append(encodeSeriesLabels(labels), timestampMs, value)
    expect(writer.finish()).toEqual(encodeWriteRequest(series))
    expect(decodeWriteRequest(writer.finish())).toEqual(series)
    expect(writer.records).toBe(6)
    expect(writer.bytes).toBe(writer.finish().length)
  })

  test('lengths and times of every size, in turn', () => {
    const times = [0, -1, 2 ** 35 - 1, 2 ** 35, 2 ** 42 - 1, 2 ** 42, 1_700_000_000_000, 1_700_000_000_000, -(2 ** 52), 2 ** 52]
    const writer = createWriteRequestWriter(1)
    const series = [1, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 16_340, 16_350, 16_356, 16_360, 16_366, 16_370].flatMap((length) =>
      times.map((timestampMs) => ({ labels: [['n', 'x'.repeat(length)]] as const, samples: [{ timestampMs, value: 1.5 }] })),
    )
    for (const { labels, samples } of series) writer.append(encodeSeriesLabels(labels), samples[0]?.timestampMs ?? 0, 1.5)
    expect(writer.finish().equals(encodeWriteRequest(series))).toBe(true)
  })

  test('a staleness marker has exactly the bits 0x7ff0000000000002, and keeps them in a slice', () => {
    const writer = createWriteRequestWriter()
    writer.appendStale(encodeSeriesLabels(UP), 1000)
    expect(writer.finish().toString('hex')).toContain('09020000000000f07f10e807')
    expect(sliceWriteRequest(writer.finish(), 0, 1)).toEqual(writer.finish())
    expect(decodeWriteRequest(writer.finish())[0]?.samples).toEqual([{ timestampMs: 1000, value: Number.NaN }])
  })

  test('a NaN is Prometheus’ normal NaN, whatever bits it had', () => {
    const stale = new Float64Array(new Uint32Array([2, 0x7ff0_0000]).buffer)
    const writer = createWriteRequestWriter()
    writer.append(encodeSeriesLabels(UP), 1000, stale[0] ?? 0)
    expect(writer.finish().toString('hex')).toContain('09010000000000f87f10e807')
  })

  test('metadata is read by protobufjs and counted by the scan', () => {
    const writer = createWriteRequestWriter()
    for (const type of METRIC_TYPES) writer.appendMetadata(type, `family_${type}`, 'Größe', '')
    expect(decodeReference(WRITE_REQUEST, writer.finish())).toEqual({
      timeseries: [],
      metadata: METRIC_TYPES.map((type, index) => ({ type: index, metricFamilyName: `family_${type}`, help: 'Größe', unit: '' })),
    })
    expect(scanWriteRequest(writer.finish()).metadata).toBe(8)
    expect(writer.records).toBe(0)
  })

  test('labels may lie in the middle of a larger buffer', () => {
    const [one, other] = [createWriteRequestWriter(1), createWriteRequestWriter(1)]
    const labels = encodeSeriesLabels(UP)
    const exemplar = encodeExemplar([['trace', '7']], 3, 900)
    const arena = Buffer.concat([Buffer.from('before'), labels, Buffer.from('behind')])
    const [start, end] = [6, 6 + labels.length]
    one.append(labels, 1000, 1)
    one.append(labels, -1, 2, exemplar)
    one.appendStale(labels, 2000)
    other.appendFrom(arena, start, end, 1000, 1)
    other.appendFrom(arena, start, end, -1, 2, exemplar)
    other.appendStaleFrom(arena, start, end, 2000)
    expect(other.finish()).toEqual(one.finish())
    expect(other.records).toBe(3)
  })

  test('exemplars stand after the sample, as protobufjs reads them', () => {
    const writer = createWriteRequestWriter(1)
    const two = Buffer.concat([encodeExemplar([['größe', 'ß']], Number.NaN, -1), encodeExemplar([], -0, 1_700_000_000_000)])
    writer.append(encodeSeriesLabels(UP), 1000, 1, two)
    writer.append(encodeSeriesLabels(UP), 2000, 2)
    const labels = UP.map(([name, value]) => ({ name, value }))
    expect(decodeReference(WRITE_REQUEST, writer.finish())).toEqual({
      timeseries: [
        {
          labels,
          samples: [{ value: 1, timestamp: 1000 }],
          exemplars: [
            { labels: [{ name: 'größe', value: 'ß' }], value: Number.NaN, timestamp: -1 },
            { labels: [], value: -0, timestamp: 1_700_000_000_000 },
          ],
          histograms: [],
        },
        { labels, samples: [{ value: 2, timestamp: 2000 }], exemplars: [], histograms: [] },
      ],
      metadata: [],
    })
    expect(scanWriteRequest(writer.finish())).toMatchObject({ series: 2, samples: 2, exemplars: 2 })
  })

  test('reset starts an empty message', () => {
    const writer = createWriteRequestWriter()
    writer.append(encodeSeriesLabels(UP), 1000, 1)
    writer.reset()
    expect([writer.finish().length, writer.records, writer.bytes]).toEqual([0, 0, 0])
    writer.append(encodeSeriesLabels(UP), 1000, 2)
    expect(decodeWriteRequest(writer.finish())).toEqual([{ labels: UP, samples: [{ timestampMs: 1000, value: 2 }] }])
  })
})
