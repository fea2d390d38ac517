import { DecodeError, type TimeSeries } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { decodeReference, encodeReference, WRITE_REQUEST } from '../testing/reference.ts'
import { decodeWriteRequest } from './decode.ts'
import { encodeWriteRequest } from './encode.ts'
import { splitSeries } from './split-series.ts'

const LABELS: TimeSeries['labels'] = [
  ['__name__', 'up'],
  ['job', 'node'],
]
const series = (values: readonly number[]): TimeSeries => ({
  labels: LABELS,
  samples: values.map((value) => ({ timestampMs: 1000 + value, value })),
})

describe('splitSeries', () => {
  test.each([
    { values: [1, 2], halves: [[1], [2]] },
    {
      values: [1, 2, 3, 4, 5],
      halves: [
        [1, 2, 3],
        [4, 5],
      ],
    },
  ])('$values become $halves, with the labels of the series', ({ values, halves }) => {
    const found = splitSeries(encodeWriteRequest([series(values)]))!
    expect(found.map((half) => decodeWriteRequest(half))).toEqual(halves.map((half) => [series(half)]))
  })

  test.each([
    { name: 'nothing', request: [] },
    { name: 'a series without samples', request: [series([])] },
    { name: 'one sample', request: [series([1])] },
    { name: 'several series, which are cut between them', request: [series([1, 2]), series([3, 4])] },
  ])('does not divide $name', ({ request }) => {
    expect(splitSeries(encodeWriteRequest(request))).toBeUndefined()
  })

  test('metadata go with the first half, exemplars with the second, histograms count as samples', () => {
    const histogram = (timestamp: number) => ({ countInt: 1, sum: 2, schema: 0, timestamp })
    const whole = encodeReference(WRITE_REQUEST, {
      timeseries: [
        {
          labels: [{ name: '__name__', value: 'h' }],
          histograms: [histogram(1), histogram(2), histogram(3)],
          exemplars: [{ labels: [{ name: 'trace', value: 'x' }], value: 1, timestamp: 2 }],
        },
      ],
      metadata: [{ type: 3, metricFamilyName: 'h', help: 'why', unit: '' }],
    })
    const [first, second] = splitSeries(whole)!.map((half) => decodeReference(WRITE_REQUEST, half))
    expect(first).toMatchObject({ metadata: [{ metricFamilyName: 'h' }], timeseries: [{ histograms: [{}, {}], exemplars: [] }] })
    expect(second).toMatchObject({ metadata: [], timeseries: [{ histograms: [{}], exemplars: [{ value: 1 }] }] })
  })

  test('damage is told with its place', () => {
    expect(() => splitSeries(encodeWriteRequest([series([1, 2])]).subarray(0, -1))).toThrow(DecodeError)
  })
})
