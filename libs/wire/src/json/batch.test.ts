import { DecodeError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { decodeBatchJson, encodeBatchJson } from './batch.ts'
import { decodeLogsJson } from './logs.ts'
import { decodeLokiJson } from './loki.ts'

const WEB = [
  ['cluster', 'c1'],
  ['pod', 'web-0'],
] as const

/** As a Go promtail writes it. */
const BATCH = `{"batch":{"streams":{"{cluster=\\"c1\\", pod=\\"web-0\\"}":
  {"labels":"{cluster=\\"c1\\", pod=\\"web-0\\"}",
   "entries":[{"ts":"2022-08-17T01:02:03.456789123Z","line":"GET / 200"},{"ts":"2022-08-17T10:02:04+09:00","line":"\\u003cb\\u003e"}]}},
  "bytes":12,"createdAt":"2022-08-17T01:02:04.1Z"},"tenantID":"shop"}`

const STREAMS = [
  {
    labels: WEB,
    entries: [
      { timestampNs: 1_660_698_123_456_789_123n, line: 'GET / 200' },
      { timestampNs: 1_660_698_124_000_000_000n, line: '<b>' },
    ],
  },
]

const entry = (fields: string): string => `{"batch":{"streams":{"k":{"labels":"{a=\\"b\\"}","entries":[${fields}]}}}}`

describe('decodeBatchJson', () => {
  test('what a Go promtail writes', () => {
    expect(decodeBatchJson(Buffer.from(BATCH))).toEqual({ streams: STREAMS, tenant: 'shop' })
  })

  test.each([
    {
      name: 'field names in another case, and unknown ones',
      json: BATCH.replace('"batch"', '"Batch"').replace('"ts"', '"TS"').replace('"bytes"', '"x"'),
    },
    { name: 'no matter what the key of a stream is', json: BATCH.replace('"{cluster=\\"c1\\", pod=\\"web-0\\"}":', '"__proto__":') },
  ])('$name', ({ json }) => {
    expect(decodeBatchJson(Buffer.from(json))).toEqual({ streams: STREAMS, tenant: 'shop' })
  })

  test('missing is zero', () => {
    expect(decodeBatchJson(Buffer.from('{}'))).toEqual({ streams: [], tenant: '' })
    expect(decodeBatchJson(Buffer.from('{"batch":{"streams":{"a":{}}}}'))).toEqual({ streams: [{ labels: [], entries: [] }], tenant: '' })
  })

  test.each([
    { json: '{"batch":[]}', error: 'batch: expected an object, found an array in the JSON at byte 0' },
    { json: '{"batch":{"streams":[]}}', error: 'batch.streams: expected an object, found an array in the JSON at byte 0' },
    { json: '{"batch":{},"tenantID":1}', error: 'tenantID: expected a string, found 1 in the JSON at byte 0' },
    {
      json: entry('{"line":"x"}'),
      error: 'batch.streams.k.entries[0].ts: expected a time of RFC 3339, found nothing in the JSON at byte 0',
    },
    { json: entry('{"ts":"now"}'), error: 'batch.streams.k.entries[0].ts: expected a time of RFC 3339, found "now" in the JSON at byte 0' },
    {
      json: entry('{"ts":"2022-08-17T01:02:04Z","structuredMetadata":{"a":"b"}}'),
      error: 'batch.streams.k.entries[0].structuredMetadata: expected an array, found an object in the JSON at byte 0',
    },
    {
      json: entry('{"ts":"2022-08-17T01:02:04Z","structuredMetadata":[{"name":1}]}'),
      error: 'batch.streams.k.entries[0].structuredMetadata[0].name: expected a string, found 1 in the JSON at byte 0',
    },
    { json: entry('{"ts":1}'), error: 'batch.streams.k.entries[0].ts: expected a string, found 1 in the JSON at byte 0' },
    {
      json: '{"batch":{"streams":{"k":{"labels":"{a}"}}}}',
      error:
        'batch.streams.k.labels: expected labels as {name="value"} (stream labels: expected "=" at byte 2), found "{a}" in the JSON at byte 0',
    },
  ])('refuses $json', ({ json, error }) => {
    expect(() => decodeBatchJson(Buffer.from(json))).toThrow(DecodeError)
    expect(() => decodeBatchJson(Buffer.from(json))).toThrow(error)
  })
})

describe('encodeBatchJson', () => {
  test('writes what Go Clymene reads', () => {
    expect(JSON.parse(encodeBatchJson(STREAMS, 'shop', 1_660_698_124_100).toString())).toEqual({
      batch: {
        streams: {
          '{cluster="c1", pod="web-0"}': {
            labels: '{cluster="c1", pod="web-0"}',
            entries: [
              { ts: '2022-08-17T01:02:03.456789123Z', line: 'GET / 200' },
              { ts: '2022-08-17T01:02:04Z', line: '<b>' },
            ],
          },
        },
        bytes: 12,
        createdAt: '2022-08-17T01:02:04.1Z',
      },
      tenantID: 'shop',
    })
    expect(decodeBatchJson(encodeBatchJson(STREAMS, 'shop'))).toEqual({ streams: STREAMS, tenant: 'shop' })
  })

  test('streams of the same labels become one, in order', () => {
    const parts = STREAMS[0]!.entries.map((one) => ({ labels: WEB, entries: [one] }))
    expect(decodeBatchJson(encodeBatchJson(parts, ''))).toEqual({ streams: STREAMS, tenant: '' })
  })

  test('structured metadata, __proto__ among it, stands beside the line', () => {
    const metadata = [
      ['__proto__', 'p'],
      ['trace', '1'],
    ] as const
    const streams = [{ labels: WEB, entries: [{ timestampNs: 1_660_698_124_000_000_000n, line: 'x', metadata }] }]
    const json = encodeBatchJson(streams, '').toString()
    const pairs = '[{"name":"__proto__","value":"p"},{"name":"trace","value":"1"}]'
    expect(json).toContain(`[{"ts":"2022-08-17T01:02:04Z","line":"x","structuredMetadata":${pairs}}]`)
    expect(decodeBatchJson(Buffer.from(json))).toEqual({ streams, tenant: '' })
    expect(decodeBatchJson(Buffer.from(json.replace(pairs, '[]'))).streams[0]?.entries[0]).not.toHaveProperty('metadata')
  })
})

const LOKI = `{"streams":[{"stream":{"pod":"web-0","cluster":"c1"},"values":[["1660698123456789123","GET / 200"],["1660698124000000000","<b>"]]}]}`
const value = (json: string): string => `{"streams":[{"stream":{},"values":[${json}]}]}`

describe('decodeLokiJson', () => {
  test('streams and values', () => {
    expect(decodeLokiJson(Buffer.from(LOKI))).toEqual(STREAMS)
  })

  test('structured metadata, __proto__ among it', () => {
    const [stream] = decodeLokiJson(Buffer.from(value('["-1","x",{"trace":"1","__proto__":"p","empty":""}],["0","y",{}]')))
    expect(stream?.entries).toEqual([
      {
        timestampNs: -1n,
        line: 'x',
        metadata: [
          ['__proto__', 'p'],
          ['trace', '1'],
        ],
      },
      { timestampNs: 0n, line: 'y' },
    ])
  })

  test.each([
    { json: '{"streams":{}}', error: 'streams: expected an array, found an object in the JSON at byte 0' },
    { json: '{"streams":[{"stream":{"a":1}}]}', error: 'streams[0].stream.a: expected a string, found 1 in the JSON at byte 0' },
    { json: '{"streams":[{"stream":"{a=1}"}]}', error: 'streams[0].stream: expected an object, found "{a=1}" in the JSON at byte 0' },
    { json: value('[]'), error: 'streams[0].values[0]: expected [timestamp, line], found an array in the JSON at byte 0' },
    { json: value('["1"]'), error: 'streams[0].values[0]: expected [timestamp, line], found an array in the JSON at byte 0' },
    { json: value('["x","y"]'), error: 'streams[0].values[0][0]: expected nanoseconds as a string, found "x" in the JSON at byte 0' },
    { json: value('[1660698123456789123,"y"]'), error: /values\[0\]\[0\]: expected nanoseconds as a string, found 1660698123456789/ },
    { json: value('["1",2]'), error: 'streams[0].values[0][1]: expected a string, found 2 in the JSON at byte 0' },
    { json: value('["1","x",["a"]]'), error: 'streams[0].values[0][2]: expected an object, found an array in the JSON at byte 0' },
  ])('refuses $json', ({ json, error }) => {
    expect(() => decodeLokiJson(Buffer.from(json))).toThrow(DecodeError)
    expect(() => decodeLokiJson(Buffer.from(json))).toThrow(error)
  })
})

describe('decodeLogsJson', () => {
  test('tells the two formats apart', () => {
    expect(decodeLogsJson(Buffer.from(BATCH))).toEqual({ streams: STREAMS, tenant: 'shop' })
    expect(decodeLogsJson(Buffer.from(LOKI))).toEqual({ streams: STREAMS, tenant: '' })
  })

  test.each(['{}', '{"timeseries":[]}', '{"batch":null}'])('refuses %s: nothing is taken for an empty message', (json) => {
    expect(() => decodeLogsJson(Buffer.from(json))).toThrow('message: expected an object with "batch" or "streams", found an object')
  })
})
