import { DecodeError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { encodeBatchJson } from './json/batch.ts'
import { encodeMetricsJson } from './json/metrics.ts'
import { createMessageReader } from './message.ts'
import { decodePushRequest } from './push-request/decode.ts'
import { encodePushRequest } from './push-request/encode.ts'
import { compress } from './snappy/compress.ts'
import { decompress } from './snappy/decompress.ts'
import { TooLargeError } from './too-large-error.ts'
import { decodeWriteRequest } from './write-request/decode.ts'
import { encodeWriteRequest } from './write-request/encode.ts'

const MAX = 100_000
const SERIES = [
  {
    labels: [
      ['__name__', 'up'],
      ['cluster', 'c1'],
    ],
    samples: [
      { timestampMs: 2000, value: 1 },
      { timestampMs: 1000, value: 0 },
    ],
  },
] as const
const STREAMS = [{ labels: [['cluster', 'c1']], entries: [{ timestampNs: 1_999_999n, line: 'GET / 200' }] }] as const

const METRICS = { kind: 'metrics', records: 2, series: 1, minTimestampMs: 1000, maxTimestampMs: 2000 }
const LOGS = { kind: 'logs', records: 1, series: 1, minTimestampMs: 1, maxTimestampMs: 1 }

const readerOf = (maxBytes: number) => createMessageReader({ maxBytes })
const read = (kind: 'metrics' | 'logs', bytes: Uint8Array, contentType?: string) => () => readerOf(MAX).read(kind, bytes, contentType)

describe('createMessageReader', () => {
  test('a block stays the bytes that it is', () => {
    const block = compress(encodeWriteRequest(SERIES))
    const message = createMessageReader({ maxBytes: MAX }).read('metrics', block)
    expect(message).toMatchObject({ ...METRICS, uncompressedBytes: encodeWriteRequest(SERIES).length })
    expect(message.value).toBe(block)
    expect(message.firstLabels(['cluster', 'job'])).toEqual(['c1', ''])
    expect(message).not.toHaveProperty('tenant')
  })

  test('a block of logs', () => {
    const block = compress(encodePushRequest(STREAMS))
    const message = createMessageReader({ maxBytes: MAX }).read('logs', block, 'application/x-protobuf')
    expect(message).toMatchObject(LOGS)
    expect(message.value).toBe(block)
    expect(message.firstLabels(['cluster'])).toEqual(['c1'])
  })

  test('firstLabels answers for its own message also after the next one was read', () => {
    const reader = createMessageReader({ maxBytes: MAX })
    const first = reader.read('metrics', compress(encodeWriteRequest(SERIES)))
    reader.read(
      'metrics',
      compress(
        encodeWriteRequest([
          {
            labels: [
              ['__name__', 'x'],
              ['cluster', 'another'],
            ],
            samples: [],
          },
        ]),
      ),
    )
    expect(first.firstLabels(['cluster'])).toEqual(['c1'])
  })

  test('JSON of metrics becomes a block, whatever the content type says', () => {
    for (const contentType of [undefined, 'application/x-protobuf', 'application/json; charset=utf-8']) {
      const message = createMessageReader({ maxBytes: MAX }).read('metrics', encodeMetricsJson(SERIES), contentType)
      expect(message).toMatchObject(METRICS)
      expect(decodeWriteRequest(decompress(message.value, MAX))).toEqual(SERIES)
      expect(message.firstLabels(['cluster'])).toEqual(['c1'])
    }
  })

  test('JSON of logs becomes a block, with its tenant', () => {
    const reader = createMessageReader({ maxBytes: MAX })
    const message = reader.read('logs', encodeBatchJson(STREAMS, 'shop'), 'application/x-protobuf')
    expect(message).toMatchObject({ ...LOGS, tenant: 'shop' })
    expect(decodePushRequest(decompress(message.value, MAX))).toEqual(STREAMS)
    expect(reader.read('logs', encodeBatchJson(STREAMS, ''))).not.toHaveProperty('tenant')
    expect(reader.read('logs', Buffer.from('{"streams":[{"stream":{"cluster":"c1"},"values":[["1999999","GET / 200"]]}]}'))).toMatchObject(
      LOGS,
    )
  })

  test('readRaw compresses', () => {
    const message = createMessageReader({ maxBytes: MAX }).readRaw('logs', encodePushRequest(STREAMS))
    expect(message).toMatchObject(LOGS)
    expect(decompress(message.value, MAX)).toEqual(encodePushRequest(STREAMS))
    expect(message.firstLabels(['cluster'])).toEqual(['c1'])
  })

  test('an empty message has no records and no times', () => {
    const reader = createMessageReader({ maxBytes: MAX })
    const empty = { records: 0, series: 0, minTimestampMs: undefined, maxTimestampMs: undefined, uncompressedBytes: 0 }
    expect(reader.read('metrics', compress(Buffer.alloc(0)))).toMatchObject(empty)
    expect(reader.read('logs', compress(Buffer.alloc(0)))).toMatchObject(empty)
  })

  test.each([
    { name: 'nothing at all', call: read('metrics', Buffer.alloc(0)), error: 'snappy block ends inside its length' },
    { name: 'protobuf without compression', call: read('metrics', encodeWriteRequest(SERIES)), error: 'snappy' },
    { name: 'a snappy stream of frames', call: read('metrics', Buffer.from('ff060000734e61507059', 'hex')), error: 'snappy' },
    {
      name: 'remote write 2.0 by its content type',
      call: read('metrics', compress(encodeWriteRequest(SERIES)), 'application/x-protobuf;proto=io.prometheus.write.v2.Request'),
      error: 'remote write 2.0',
    },
    { name: 'logs where metrics are expected', call: read('metrics', compress(encodePushRequest(STREAMS))), error: 'at byte' },
    { name: 'metrics where logs are expected', call: read('logs', compress(encodeWriteRequest(SERIES))), error: 'at byte' },
    {
      name: 'JSON of logs where metrics are expected',
      call: read('metrics', encodeBatchJson(STREAMS, '')),
      error: 'timeseries: expected an array',
    },
    {
      name: 'JSON of metrics where logs are expected',
      call: read('logs', encodeMetricsJson(SERIES)),
      error: 'expected an object with "batch" or "streams"',
    },
    { name: 'what the content type calls JSON', call: read('logs', Buffer.from('nonsense'), 'application/json'), error: 'malformed JSON' },
    {
      name: 'a series without a name in JSON',
      call: read('metrics', Buffer.from('{"timeseries":[{}]}')),
      error: 'series without __name__',
    },
    {
      name: 'a time that Loki refuses',
      call: read('logs', Buffer.from('{"batch":{"streams":{"k":{"entries":[{"ts":"0000-01-01T00:00:00Z"}]}}}}')),
      error: 'timestamp outside',
    },
  ])('refuses $name', ({ call, error }) => {
    expect(call).toThrow(DecodeError)
    expect(call).toThrow(error)
  })

  test('over the limit is TooLargeError in every form, at the limit is not', () => {
    const request = encodeWriteRequest(SERIES)
    const json = encodeMetricsJson(SERIES)
    expect(readerOf(request.length).read('metrics', compress(request)).records).toBe(2)
    expect(() => readerOf(request.length - 1).read('metrics', compress(request))).toThrow(TooLargeError)
    expect(readerOf(request.length).readRaw('metrics', request).records).toBe(2)
    expect(() => readerOf(request.length - 1).readRaw('metrics', request)).toThrow(TooLargeError)
    expect(readerOf(json.length).read('metrics', json).records).toBe(2)
    expect(() => readerOf(json.length - 1).read('metrics', json)).toThrow(TooLargeError)
  })
})
