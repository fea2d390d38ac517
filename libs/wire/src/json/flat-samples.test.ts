import { sortedLabels, type Label, type TimeSeries } from '@clymene/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { encodeFlatSamples } from './flat-samples.ts'

const series = (labels: readonly Label[], ...samples: readonly (readonly [timestampMs: number, value: number])[]): TimeSeries => ({
  labels: sortedLabels(labels),
  samples: samples.map(([timestampMs, value]) => ({ timestampMs, value })),
})
const textsOf = (all: readonly TimeSeries[]): readonly string[] => encodeFlatSamples(all).messages.map(String)

const LOAD: readonly Label[] = [
  ['__name__', 'node_load1'],
  ['cluster', 'c1'],
  ['instance', '10.0.0.1:9100'],
  ['job', 'node-exporter'],
]

describe('each sample is one object', () => {
  test.each<[what: string, labels: readonly Label[], sample: readonly [number, number], text: string]>([
    [
      "Go Clymene's",
      LOAD,
      [1_660_000_000_123, 0.42],
      '{"__name__":"node_load1","cluster":"c1","instance":"10.0.0.1:9100","job":"node-exporter","timestamp":"2022-08-08T23:06:40.123Z","value":0.42}',
    ],
    [
      'without trailing zeros of the second',
      [['a', '1']],
      [1_660_000_000_120, 1],
      '{"a":"1","timestamp":"2022-08-08T23:06:40.12Z","value":1}',
    ],
    ['a whole second', [['a', '1']], [1_660_000_000_000, 1], '{"a":"1","timestamp":"2022-08-08T23:06:40Z","value":1}'],
    ['a minute of zeros', [['a', '1']], [0, 0], '{"a":"1","timestamp":"1970-01-01T00:00:00Z","value":0}'],
    ['before 1970', [['a', '1']], [-1, -2.5], '{"a":"1","timestamp":"1969-12-31T23:59:59.999Z","value":-2.5}'],
    ['small and large values', [], [0, 1e-7], '{"timestamp":"1970-01-01T00:00:00Z","value":1e-7}'],
    ['large values', [], [0, 1e21], '{"timestamp":"1970-01-01T00:00:00Z","value":1e+21}'],
    [
      'labels behind and between the two fields',
      [
        ['zone', 'z'],
        ['type', 't'],
        ['a', 'a'],
      ],
      [0, 1],
      '{"a":"a","timestamp":"1970-01-01T00:00:00Z","type":"t","value":1,"zone":"z"}',
    ],
    [
      'HTML characters',
      [['a', '<b> & "c"']],
      [0, 1],
      '{"a":"\\u003cb\\u003e \\u0026 \\"c\\"","timestamp":"1970-01-01T00:00:00Z","value":1}',
    ],
    ['line separators of scripts', [['a', '\u2028']], [0, 1], '{"a":"\\u2028","timestamp":"1970-01-01T00:00:00Z","value":1}'],
  ])('%s', (_, labels, sample, text) => {
    expect(textsOf([series(labels, sample)])).toEqual([text])
  })

  test('a label does not take the place of the time or the value', () => {
    const all: readonly Label[] = [
      ['value', 'v'],
      ['timestamp', 't'],
      ['exported_value', 'other'],
    ]
    expect(textsOf([series(all, [0, 1])])).toEqual([
      '{"exported_exported_value":"v","exported_timestamp":"t","exported_value":"other","timestamp":"1970-01-01T00:00:00Z","value":1}',
    ])
  })

  test('every sample of a series, not only the last', () => {
    expect(textsOf([series([['a', '1']], [1000, 1], [2000, 2]), series([['a', '2']], [1000, 3])])).toEqual([
      '{"a":"1","timestamp":"1970-01-01T00:00:01Z","value":1}',
      '{"a":"1","timestamp":"1970-01-01T00:00:02Z","value":2}',
      '{"a":"2","timestamp":"1970-01-01T00:00:01Z","value":3}',
    ])
  })

  test('what JSON cannot say is left out and counted, the rest stays', () => {
    const { messages, leftOut } = encodeFlatSamples([series([['a', '1']], [1, NaN], [2, Infinity], [3, -Infinity], [4, 4])])
    expect({ messages: messages.map(String), leftOut }).toEqual({
      messages: ['{"a":"1","timestamp":"1970-01-01T00:00:00.004Z","value":4}'],
      leftOut: 3,
    })
  })
})

test.each([-62_167_219_200_001, 253_402_300_800_000, Number.MAX_SAFE_INTEGER])('no time of RFC 3339: %d', (timestampMs) => {
  expect(() => textsOf([series([], [timestampMs, 1])])).toThrow(`time ${timestampMs} ms: expected one of the years 0 to 9999`)
})

test.each([
  [-62_167_219_200_000, '0000-01-01T00:00:00Z'],
  [253_402_300_799_999, '9999-12-31T23:59:59.999Z'],
])('the first and the last time: %d', (timestampMs, text) => {
  expect(textsOf([series([], [timestampMs, 1])])).toEqual([`{"timestamp":"${text}","value":1}`])
})

test('any labels: valid JSON with all of them, the time and the value', () => {
  const labels = fc.uniqueArray(
    fc.tuple(fc.oneof(fc.string({ unit: 'grapheme', minLength: 1 }), fc.constant('__proto__')), fc.string({ minLength: 1 })),
    {
      selector: ([name]) => name,
    },
  )
  fc.assert(
    fc.property(labels, fc.double({ noDefaultInfinity: true, noNaN: true }), (pairs, value) => {
      const [text = ''] = textsOf([series(pairs, [1234, value])])
      const object: unknown = JSON.parse(text)
      const entries = Object.entries(typeof object === 'object' && object !== null ? object : {})
      expect(new Map(entries)).toEqual(
        new Map<string, unknown>([
          ...pairs.map(([name, label]): [string, string] => [['value', 'timestamp'].includes(name) ? `exported_${name}` : name, label]),
          ['timestamp', '1970-01-01T00:00:01.234Z'],
          ['value', value === 0 ? 0 : value],
        ]),
      )
    }),
  )
})
