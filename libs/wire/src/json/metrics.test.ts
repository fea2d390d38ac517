import { DecodeError, sortedLabels } from '@clymene/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decodeMetricsJson, encodeMetricsJson } from './metrics.ts'

const decode = (json: string): unknown => decodeMetricsJson(Buffer.from(json))
const series = (labels: string, samples: string): string => `{"timeseries":[{"labels":[${labels}],"samples":[${samples}]}]}`

describe('decodeMetricsJson', () => {
  test('what Go Clymene writes (gogo jsonpb: zero and empty left out, int64 as text)', () => {
    const json = `{"timeseries":[{"labels":[{"name":"__name__","value":"node_load1"},{"name":"cluster","value":"c1"},{"name":"note"}],
      "samples":[{"value":0.42,"timestamp":"1660000000123"},{"timestamp":"1660000015123"},{"value":"NaN","timestamp":"1660000030123"}]}]}`
    expect(decode(json)).toEqual([
      {
        labels: [
          ['__name__', 'node_load1'],
          ['cluster', 'c1'],
        ],
        samples: [
          { timestampMs: 1_660_000_000_123, value: 0.42 },
          { timestampMs: 1_660_000_015_123, value: 0 },
          { timestampMs: 1_660_000_030_123, value: Number.NaN },
        ],
      },
    ])
  })

  test.each([
    { name: 'an empty message', json: '{}', decoded: [] },
    { name: 'null is as if it were not there', json: '{"timeseries":null}', decoded: [] },
    { name: 'an empty series', json: '{"timeseries":[{}]}', decoded: [{ labels: [], samples: [] }] },
    {
      name: 'numbers and texts alike',
      json: series('', '{"value":"-1.5e3","timestamp":5},{"value":"Infinity","timestamp":-5},{"value":"-Infinity"},{"value":null}'),
      decoded: [
        {
          labels: [],
          samples: [
            { timestampMs: 5, value: -1500 },
            { timestampMs: -5, value: Infinity },
            { timestampMs: 0, value: -Infinity },
            { timestampMs: 0, value: 0 },
          ],
        },
      ],
    },
    {
      name: 'names that JavaScript gives a meaning',
      json: series('{"name":"__proto__","value":"p"},{"name":"constructor","value":"c"}', ''),
      decoded: [
        {
          labels: [
            ['__proto__', 'p'],
            ['constructor', 'c'],
          ],
          samples: [],
        },
      ],
    },
    {
      name: 'a member called __proto__',
      json: '{"__proto__":{"timeseries":[{}]},"timeseries":[]}',
      decoded: [],
    },
    { name: 'of a key that comes twice the last counts', json: '{"timeseries":[{}],"timeseries":[]}', decoded: [] },
    {
      name: 'of a label that comes twice the last counts',
      json: series('{"name":"a","value":"1"},{"name":"a","value":"2"}', ''),
      decoded: [{ labels: [['a', '2']], samples: [] }],
    },
    {
      name: 'unknown fields',
      json: '{"timeseries":[{"exemplars":[1],"labels":[]}],"metadata":[{}]}',
      decoded: [{ labels: [], samples: [] }],
    },
    {
      name: 'bytes that are not UTF-8 become U+FFFD',
      json: series('{"name":"a","value":"\\ud800"}', ''),
      decoded: [{ labels: [['a', '\ud800']], samples: [] }],
    },
  ])('$name', ({ json, decoded }) => {
    expect(decode(json)).toEqual(decoded)
  })

  test.each([
    { json: '', error: 'malformed JSON at byte 0' },
    { json: '{', error: 'malformed JSON at byte 1' },
    { json: '{"ü":1', error: 'malformed JSON at byte 7' },
    { json: '{}{}', error: 'malformed JSON at byte 2' },
    { json: '[]', error: 'message: expected an object, found an array in the JSON at byte 0' },
    { json: '1', error: 'message: expected an object, found 1 in the JSON at byte 0' },
    { json: '{"batch":{}}', error: 'timeseries: expected an array, found nothing in the JSON at byte 0' },
    { json: '{"timeseries":{}}', error: 'timeseries: expected an array, found an object in the JSON at byte 0' },
    { json: '{"timeseries":[1]}', error: 'timeseries[0]: expected an object, found 1 in the JSON at byte 0' },
    { json: '{"timeseries":[{"labels":{}}]}', error: 'timeseries[0].labels: expected an array, found an object in the JSON at byte 0' },
    { json: series('{"name":1}', ''), error: 'timeseries[0].labels[0].name: expected a string, found 1 in the JSON at byte 0' },
    {
      json: series('', '{"timestamp":1.5}'),
      error: 'timeseries[0].samples[0].timestamp: expected a whole number, found 1.5 in the JSON at byte 0',
    },
    {
      json: series('', '{"timestamp":"1e3"}'),
      error: 'timeseries[0].samples[0].timestamp: expected a whole number, found "1e3" in the JSON at byte 0',
    },
    {
      json: series('', '{"timestamp":"9223372036854775807"}'),
      error: 'timeseries[0].samples[0].timestamp: expected a whole number, found "9223372036854775807" in the JSON at byte 0',
    },
    {
      json: series('', '{},{"value":"nan"}'),
      error: 'timeseries[0].samples[1].value: expected a number, "NaN", "Infinity" or "-Infinity", found "nan" in the JSON at byte 0',
    },
    { json: series('', '{"value":true}'), error: /value: expected a number, .* found true/ },
    { json: series('', '{"value":""}'), error: /value: expected a number, .* found ""/ },
    { json: series('', `{"value":"${'9'.repeat(500)}x"}`), error: /found "9{38}… in the JSON/ },
  ])('refuses $json', ({ json, error }) => {
    expect(() => decode(json)).toThrow(DecodeError)
    expect(() => decode(json)).toThrow(error)
  })
})

describe('encodeMetricsJson', () => {
  test('writes as gogo jsonpb does', () => {
    const samples = [0.42, 0, Number.NaN, Infinity, -Infinity].map((value, index) => ({ timestampMs: index, value }))
    expect(encodeMetricsJson([{ labels: [['__name__', 'x']], samples }]).toString()).toBe(
      '{"timeseries":[{"labels":[{"name":"__name__","value":"x"}],"samples":[{"value":0.42},{"timestamp":"1"},{"value":"NaN","timestamp":"2"},{"value":"Infinity","timestamp":"3"},{"value":"-Infinity","timestamp":"4"}]}]}',
    )
    expect(encodeMetricsJson([]).toString()).toBe('{}')
  })

  test('decode gives what was encoded', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 })
    const labels = fc
      .uniqueArray(fc.tuple(fc.oneof(text, fc.constant('__proto__')), text), { selector: ([name]) => name, maxLength: 4 })
      .map((list) => sortedLabels(list))
    const value = fc.double().map((number) => (number === 0 ? 0 : number)) // JSON has no -0 here: zero is left out
    const samples = fc.array(fc.record({ timestampMs: fc.maxSafeInteger(), value }), { maxLength: 4 })
    fc.assert(
      fc.property(fc.array(fc.record({ labels, samples }), { maxLength: 4 }), (list) => {
        expect(decodeMetricsJson(encodeMetricsJson(list))).toEqual(list)
      }),
    )
  })
})
