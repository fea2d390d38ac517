import { DecodeError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { hex } from '../testing/reference.ts'
import { unwrapBatch, wrapBatch } from './batch.ts'
import { decodePushRequest } from './decode.ts'
import { encodePushRequest } from './encode.ts'
import { describeStream, firstStreamLabels } from './first-stream.ts'
import { scanPushRequest } from './scan.ts'

const EMPTY = { streams: 0, entries: 0, lineBytes: 0, minTimestampNs: undefined, maxTimestampNs: undefined }

// Labels {a="b"}; entry `hi` at 1 s and 5 ns.
const LABELS = '0a07 7b613d2262227d'
const ENTRY = '120a 0a04 08011005 12026869'

const stream = (content: string): string => `0a${hex(content).length.toString(16).padStart(2, '0')} ${content}`

describe('scanPushRequest', () => {
  const ONE = { streams: 1, entries: 1, lineBytes: 2, minTimestampNs: 1_000_000_005n, maxTimestampNs: 1_000_000_005n }
  test.each([
    { name: 'an empty message', bytes: '', scan: EMPTY },
    { name: 'one entry', bytes: stream(`${LABELS} ${ENTRY}`), scan: ONE },
    { name: 'entries before labels, and a hash', bytes: stream(`${ENTRY} ${LABELS} 1807`), scan: ONE },
    { name: 'structured metadata', bytes: stream(`${LABELS} 1212 0a04 08011005 12026869 1a06 0a0161120162`), scan: ONE },
    { name: 'a line of any bytes', bytes: stream(`${LABELS} 120a 0a04 08011005 1202ff00`), scan: ONE },
    { name: 'unknown fields everywhere', bytes: `5000 ${stream(`${LABELS} 120c 0a04 08011005 12026869 5000 5000`)}`, scan: ONE },
    {
      name: 'an entry without fields',
      bytes: stream(`${LABELS} 1200`),
      scan: { ...ONE, lineBytes: 0, minTimestampNs: 0n, maxTimestampNs: 0n },
    },
    { name: 'a stream without entries', bytes: stream(LABELS), scan: { ...EMPTY, streams: 1 } },
    {
      name: 'the span of times, to the nanosecond, before 1970 too',
      bytes: stream(`${ENTRY} 1206 0a04 08011004 1213 0a11 08ffffffffffffffffff0110ffebbea003`),
      scan: { streams: 1, entries: 3, lineBytes: 2, minTimestampNs: -126_555_137n, maxTimestampNs: 1_000_000_005n },
    },
  ])('$name', ({ bytes, scan }) => {
    expect(scanPushRequest(hex(bytes))).toEqual(scan)
  })

  test.each([
    { name: 'length runs past the end', bytes: '0a7f0a', error: 'length of 127 runs past the end of its message at byte 1' },
    { name: 'stream as a number', bytes: '0800', error: 'wire type 0 in field 1 of PushRequest at byte 0' },
    { name: 'labels as a number', bytes: stream('0801'), error: 'wire type 0 in field 1 of StreamAdapter at byte 2' },
    { name: 'hash as text', bytes: stream('1a00'), error: 'wire type 2 in field 3 of StreamAdapter at byte 2' },
    { name: 'hash cut', bytes: stream('18ff'), error: 'message ends inside a varint at byte 3' },
    { name: 'entry as a number', bytes: stream('1001'), error: 'wire type 0 in field 2 of StreamAdapter at byte 2' },
    { name: 'line as a number', bytes: stream('1202 1001'), error: 'wire type 0 in field 2 of EntryAdapter at byte 4' },
    { name: 'line runs past its entry', bytes: stream('1203 120261'), error: 'length of 2 runs past the end of its message at byte 5' },
    { name: 'time as a number', bytes: stream('1202 0801'), error: 'wire type 0 in field 1 of EntryAdapter at byte 4' },
    { name: 'seconds as text', bytes: stream('1204 0a02 0a00'), error: 'wire type 2 in field 1 of Timestamp at byte 6' },
    { name: 'metadata name as a number', bytes: stream('1204 1a02 0801'), error: 'wire type 0 in field 1 of LabelPairAdapter at byte 6' },
    { name: 'field number 0', bytes: stream('0000'), error: 'field number 0 at byte 2' },
    {
      name: 'a negative part of a second',
      bytes: stream('120d 0a0b 10ffffffffffffffffff01'),
      error: 'timestamp outside of the years 1 to 9999 at byte 6',
    },
    { name: 'a whole second of nanoseconds', bytes: stream('1208 0a06 108094ebdc03'), error: 'timestamp outside of .* at byte 6' },
    { name: 'the year 10000', bytes: stream('1209 0a07 088083d1ffaf07'), error: 'timestamp outside of .* at byte 6' },
  ])('refuses: $name', ({ bytes, error }) => {
    expect(() => scanPushRequest(hex(bytes))).toThrow(DecodeError)
    expect(() => scanPushRequest(hex(bytes))).toThrow(new RegExp(`^${error}$`))
  })
})

describe('decodePushRequest', () => {
  test('lines that are not UTF-8 get U+FFFD', () => {
    expect(decodePushRequest(hex(stream(`${LABELS} 120a 0a04 08011005 120261ff`)))[0]?.entries[0]?.line).toBe('a\ufffd')
  })

  test('refuses labels that cannot be read', () => {
    expect(() => decodePushRequest(hex(stream('0a01 61')))).toThrow('stream labels: expected "{" at byte 0')
  })
})

describe('the first stream', () => {
  const TWO = encodePushRequest([
    {
      labels: [
        ['cluster', 'a"b'],
        ['job', 'j'],
      ],
      entries: [{ timestampNs: 1n, line: 'x' }],
    },
    { labels: [['replica', '1']], entries: [] },
  ])

  test('firstStreamLabels gives values in the order asked for', () => {
    expect(firstStreamLabels(TWO, ['job', 'replica', 'cluster', 'constructor'])).toEqual(['j', '', 'a"b', ''])
    expect(firstStreamLabels(Buffer.alloc(0), ['job'])).toEqual([''])
  })

  test('describeStream gives its labels as sent, cut at 1024 characters', () => {
    expect(describeStream(TWO)).toBe('{cluster="a\\"b", job="j"}')
    expect(describeStream(Buffer.alloc(0))).toBe('')
    const long = describeStream(encodePushRequest([{ labels: [['a', 'x'.repeat(5000)]], entries: [] }]))
    expect(long).toHaveLength(1024)
    expect(long).toMatch(/^\{a="x+…$/)
  })
})

describe('Batch', () => {
  test('unwraps what was wrapped', () => {
    expect(unwrapBatch(wrapBatch(Buffer.alloc(300, 'x'))).toString()).toBe('x'.repeat(300))
    expect(wrapBatch(Buffer.from('{}')).toString('hex')).toBe('0a027b7d')
    expect(unwrapBatch(hex('1001 0a0161 0a0162')).toString()).toBe('b')
    expect(unwrapBatch(Buffer.alloc(0))).toHaveLength(0)
  })

  test.each(['0a05', '0800', '0a0261', '53'])('refuses %s', (bytes) => {
    expect(() => unwrapBatch(hex(bytes))).toThrow(DecodeError)
  })
})
