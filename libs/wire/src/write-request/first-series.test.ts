import { DecodeError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { hex } from '../testing/reference.ts'
import { encodeWriteRequest } from './encode.ts'
import { describeSeries, firstSeriesLabels } from './first-series.ts'
import { splitWriteRequest } from './split.ts'
import { createWriteRequestWriter } from './writer.ts'

const series = (...labels: [string, string][]) => ({ labels, samples: [{ timestampMs: 1, value: 1 }] })
const TWO = encodeWriteRequest([
  series(['__name__', 'up'], ['__proto__', 'p'], ['cluster', 'a"b'], ['job', 'j']),
  series(['__name__', 'down'], ['replica', '1']),
])

describe('firstSeriesLabels', () => {
  test('values in the order asked for, of the first series only', () => {
    expect(firstSeriesLabels(TWO, ['job', 'replica', 'cluster', '__proto__', 'constructor'])).toEqual(['j', '', 'a"b', 'p', ''])
  })

  test('a message without series has none', () => {
    expect(firstSeriesLabels(Buffer.alloc(0), ['job'])).toEqual([''])
  })

  test('refuses a message that is cut inside the first series', () => {
    expect(() => firstSeriesLabels(TWO.subarray(0, 20), ['job'])).toThrow(DecodeError)
  })
})

describe('describeSeries', () => {
  test.each([
    { name: 'name and labels', bytes: TWO, text: 'up{__proto__="p",cluster="a\\"b",job="j"}' },
    { name: 'name alone', bytes: encodeWriteRequest([series(['__name__', 'up'])]), text: 'up' },
    { name: 'no series', bytes: hex('1a00'), text: '' },
  ])('$name', ({ bytes, text }) => {
    expect(describeSeries(bytes)).toBe(text)
  })

  test('is cut at 1024 characters', () => {
    const text = describeSeries(encodeWriteRequest([series(['__name__', 'up'], ['a', 'x'.repeat(5000)])]))
    expect(text).toHaveLength(1024)
    expect(text).toMatch(/^up\{a="x+…$/)
  })
})

describe('splitWriteRequest', () => {
  test('metadata goes with the first half', () => {
    const writer = createWriteRequestWriter()
    writer.appendMetadata('gauge', 'up', 'Whether it is', '')
    const metadata = Buffer.from(writer.finish())
    const halves = splitWriteRequest(Buffer.concat([TWO, metadata]))
    expect(halves?.map(describeSeries)).toEqual(['up{__proto__="p",cluster="a\\"b",job="j"}', 'down{replica="1"}'])
    expect(halves?.[0].subarray(-metadata.length)).toEqual(metadata)
    expect((halves?.[0].length ?? 0) + (halves?.[1].length ?? 0)).toBe(TWO.length + metadata.length)
    expect(splitWriteRequest(metadata)).toBeUndefined()
  })
})
