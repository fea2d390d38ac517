import { describe, expect, test } from 'vitest'

import { decodeReference, encodeReference, WRITE_REQUEST } from '../testing/reference.ts'
import { sliceWriteRequest } from './slice.ts'

const labels = (name: string): object[] => [{ name: '__name__', value: name }]
const sample = (timestamp: number): object => ({ value: 1, timestamp })
const exemplar = { labels: [], value: 2, timestamp: 1 }
const metadata = [{ type: 1, metricFamilyName: 'a', help: 'A', unit: '' }]

/** Records: a's samples 0 and 1, b's histogram 2, c has none, d's sample 3. */
const BODY = encodeReference(WRITE_REQUEST, {
  timeseries: [
    { labels: labels('a'), samples: [sample(1), sample(2)], exemplars: [exemplar] },
    { labels: labels('b'), histograms: [{ schema: 1, timestamp: 1 }], exemplars: [exemplar] },
    { labels: labels('c'), exemplars: [exemplar] },
    { labels: labels('d'), samples: [sample(3)] },
  ],
  metadata,
})

/** Each series as its name and how many samples, histograms and exemplars it has; then the number of metadata. */
function sliced(from: number, to: number): unknown {
  const { timeseries, metadata: described } = Object(decodeReference(WRITE_REQUEST, sliceWriteRequest(BODY, from, to)))
  const series = timeseries.map((one: Record<'labels' | 'samples' | 'histograms' | 'exemplars', { value: string }[]>) =>
    [one.labels[0]?.value, one.samples.length, one.histograms.length, one.exemplars.length].join(' '),
  )
  return [...series, described.length]
}

test('what is not known of a series stays with each of its parts', () => {
  // Field 15, two bytes, before the samples.
  const unknown = [0x7a, 2, 0x68, 0x69]
  const series = (...samples: readonly number[][]): number[] => [...unknown, ...samples.flat()]
  const field = (content: readonly number[]): number[] => [0x0a, content.length, ...content]
  const one = [0x12, 2, 0x10, 1]
  const two = [0x12, 2, 0x10, 2]
  const whole = Buffer.from(field(series(one, two)))
  expect([sliceWriteRequest(whole, 0, 1), sliceWriteRequest(whole, 1, 2)]).toEqual([
    Buffer.from(field(series(one))),
    Buffer.from(field(series(two))),
  ])
})

describe('sliceWriteRequest', () => {
  test.each<[number, number, unknown]>([
    [0, 0, [0]],
    [0, 1, ['a 1 0 0', 1]],
    [1, 2, ['a 1 0 1', 0]],
    [0, 2, ['a 2 0 1', 1]],
    [2, 3, ['b 0 1 1', 0]],
    [3, 4, ['c 0 0 1', 'd 1 0 0', 0]],
    [2, Infinity, ['b 0 1 1', 'c 0 0 1', 'd 1 0 0', 0]],
    [0, Infinity, ['a 2 0 1', 'b 0 1 1', 'c 0 0 1', 'd 1 0 0', 1]],
    [4, Infinity, [0]],
  ])('records %d to %d', (from, to, expected) => expect(sliced(from, to)).toEqual(expected))
})
