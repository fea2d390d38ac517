import { DecodeError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { compress } from '../snappy/compress.ts'
import { createDecompressor } from '../snappy/decompress.ts'
import { encodeReference, hex, WRITE_REQUEST } from '../testing/reference.ts'
import { encodeSeriesLabels, encodeWriteRequest } from './encode.ts'
import { scanWriteRequest } from './scan.ts'

const EMPTY = { series: 0, samples: 0, histograms: 0, exemplars: 0, metadata: 0, minTimestampMs: undefined, maxTimestampMs: undefined }
const UP = { ...EMPTY, series: 1, samples: 1, minTimestampMs: 1000, maxTimestampMs: 1000 }

// Label {__name__="up"} and sample 1 @ 1000 ms.
const NAME = '0a0e 0a085f5f6e616d655f5f 12027570'
const SAMPLE = '120c 09000000000000f03f 10e807'

/** A field of tag 0a, the only length-delimited one that most of the cases need. */
const field = (content: string): string => {
  const bytes = hex(content)
  return `0a${bytes.length.toString(16).padStart(2, '0')} ${content}`
}
const label = (name: string, value: string): string => encodeSeriesLabels([[name, value]]).toString('hex')

const decompress = createDecompressor(1 << 20)
/** Where a decompressor leaves it. */
const inPlace = (bytes: Buffer): Buffer => decompress(compress(bytes))

describe('scanWriteRequest', () => {
  const accepted = [
    { name: 'an empty message', bytes: '', scan: EMPTY },
    { name: 'one series', bytes: field(`${NAME}${SAMPLE}`), scan: UP },
    { name: 'samples before labels', bytes: field(`${SAMPLE}${NAME}`), scan: UP },
    { name: 'value after name, as a decoder may see them', bytes: field(`0a0e 12027570 0a085f5f6e616d655f5f ${SAMPLE}`), scan: UP },
    { name: 'the last of a repeated name counts', bytes: field(`0a11 0a0178 0a085f5f6e616d655f5f 12027570 ${SAMPLE}`), scan: UP },
    { name: 'labels that are not sorted (Go Clymene writes `up` so)', bytes: field(`${label('job', 'x')}${NAME}${SAMPLE}`), scan: UP },
    { name: 'a label without a value', bytes: field(`${NAME} 0a03 0a016a ${SAMPLE}`), scan: UP },
    { name: 'a label with an unknown field', bytes: field(`${NAME} 0a06 0a016a 9a0100 ${SAMPLE}`), scan: UP },
    { name: 'text that is not ASCII', bytes: field(`${NAME}${label('stadt', 'Köln 🏙')}${SAMPLE}`), scan: UP },
    { name: 'a length in more bytes than needed', bytes: field(`0a8e00 0a085f5f6e616d655f5f 12027570 ${SAMPLE}`), scan: UP },
    { name: 'a series without samples', bytes: field(NAME), scan: { ...EMPTY, series: 1 } },
    { name: 'a sample without fields is 0 at 0', bytes: field(`${NAME} 1200`), scan: { ...UP, minTimestampMs: 0, maxTimestampMs: 0 } },
    {
      name: 'the lowest and the highest time',
      bytes: field(`${NAME} 120b 10ffffffffffffffffff01 ${SAMPLE}`),
      scan: { ...UP, samples: 2, minTimestampMs: -1, maxTimestampMs: 1000 },
    },
    { name: 'unknown fields of every wire type', bytes: `1000 5101020304050607085a00 6501020304 ${field(`${NAME}${SAMPLE}`)}`, scan: UP },
    { name: 'metadata alone', bytes: '1a06 0801 12027570', scan: { ...EMPTY, metadata: 1 } },
  ]
  test.each(accepted)('$name', ({ bytes, scan }) => {
    expect(scanWriteRequest(hex(bytes))).toEqual(scan)
    expect(scanWriteRequest(inPlace(hex(bytes)))).toEqual(scan)
  })

  test('labels longer than 127 bytes', () => {
    for (const length of [110, 119, 120, 123, 124, 125, 126, 127, 128, 129, 300, 20_000]) {
      const series = [{ labels: [['__name__', 'up'] as const, ['a', 'ü'.repeat(length / 2)] as const], samples: [] }]
      expect(scanWriteRequest(encodeWriteRequest(series)).series).toBe(1)
    }
  })

  test('histograms and exemplars are checked and counted', () => {
    const histogram = {
      countInt: 3,
      sum: 1.5,
      schema: -4,
      positiveSpans: [{ offset: -1, length: 2 }],
      positiveDeltas: [1, -1],
      timestamp: 5,
    }
    const exemplars = [{ labels: [{ name: 'trace', value: '1' }], value: 1, timestamp: 5 }]
    const labels = [{ name: '__name__', value: 'latency' }]
    const bytes = encodeReference(WRITE_REQUEST, { timeseries: [{ labels, exemplars, histograms: [histogram, histogram] }] })
    expect(scanWriteRequest(bytes)).toEqual({ ...EMPTY, series: 1, histograms: 2, exemplars: 1 })
  })

  const refused = [
    { name: 'length runs past the end', bytes: '0a7f0a', error: 'length of 127 runs past the end of its message at byte 1' },
    { name: 'length of 4 GiB', bytes: '0affffffff0f', error: 'length of 4294967295 runs past the end of its message at byte 1' },
    { name: 'length over 32 bits', bytes: '0affffffff1f', error: 'length of more than 32 bits at byte 1' },
    { name: 'length of ten bytes', bytes: '0a80808080808080808001', error: 'length of more than 32 bits at byte 1' },
    { name: 'message ends after a tag', bytes: '0a', error: 'message ends inside a length at byte 1' },
    { name: 'message ends inside a tag', bytes: '80', error: 'message ends inside a tag at byte 0' },
    { name: 'tag over 32 bits', bytes: 'ffffffff1f00', error: 'tag of more than 32 bits at byte 0' },
    { name: 'field number 0', bytes: '0200', error: 'field number 0 at byte 0' },
    { name: 'wire type 3, a group', bytes: '5300', error: 'wire type 3 in field 10 at byte 1' },
    { name: 'wire type 7', bytes: '5700', error: 'wire type 7 in field 10 at byte 1' },
    { name: 'series as a number', bytes: '0800', error: 'wire type 0 in field 1 of WriteRequest at byte 0' },
    { name: 'remote write 2.0: symbols', bytes: '220161', error: 'field of remote write 2.0, expected a 1.0 WriteRequest at byte 0' },
    { name: 'remote write 2.0: series', bytes: '2a00', error: 'field of remote write 2.0, expected a 1.0 WriteRequest at byte 0' },
    { name: 'series without labels', bytes: field(SAMPLE), error: 'series without __name__ at byte 2' },
    { name: 'series without a name', bytes: field(`${label('a', 'b')}${SAMPLE}`), error: 'series without __name__ at byte 2' },
    { name: 'series with an empty name', bytes: field(`0a0a 0a085f5f6e616d655f5f ${SAMPLE}`), error: 'series without __name__ at byte 2' },
    {
      name: 'series with a name of no bytes',
      bytes: field(`0a0c 0a085f5f6e616d655f5f 1200 ${SAMPLE}`),
      error: 'series without __name__ at byte 2',
    },
    {
      name: 'whole label that runs past its series into the next field',
      bytes: `0a0f ${NAME} 5000`,
      error: 'length of 14 runs past the end of its message at byte 3',
    },
    {
      name: 'whole label that runs past its series into the next series',
      bytes: `0a0f ${NAME} ${field(`${NAME}${SAMPLE}`)}`,
      error: 'length of 14 runs past the end of its message at byte 3',
    },
    {
      name: 'whole sample that runs past its series into the next series',
      bytes: `0a1d ${NAME}${SAMPLE} ${field(`${NAME}${SAMPLE}`)}`,
      error: 'length of 12 runs past the end of its message at byte 19',
    },
    { name: 'label as a number', bytes: field('0801'), error: 'wire type 0 in field 1 of TimeSeries at byte 2' },
    { name: 'label runs past its series', bytes: '0a04 0a060a02', error: 'length of 6 runs past the end of its message at byte 3' },
    { name: 'name runs past its label', bytes: field('0a04 0a0a6162'), error: 'length of 10 runs past the end of its message at byte 5' },
    { name: 'name as a number', bytes: field('0a02 0801'), error: 'wire type 0 in field 1 of Label at byte 4' },
    { name: 'label without a name', bytes: field(`${NAME} 0a03 120161`), error: 'label without a name at byte 20' },
    { name: 'label with an empty name', bytes: field(`${NAME} 0a05 0a00 120161`), error: 'label without a name at byte 20' },
    { name: 'empty label', bytes: field(`${NAME} 0a00`), error: 'label without a name at byte 20' },
    { name: 'value that is not UTF-8', bytes: field(`${NAME} 0a07 0a0161 1202c328`), error: 'text that is not UTF-8 at byte \\d+' },
    { name: 'name that is not UTF-8', bytes: field(`${NAME} 0a06 0a01ff 120161`), error: 'text that is not UTF-8 at byte \\d+' },
    { name: 'a character cut by the end of its text', bytes: field(`${NAME} 0a07 0a02c3 0a 120161`), error: '.* at byte \\d+' },
    { name: 'half a surrogate pair', bytes: field(`${NAME} 0a08 0a0161 1203eda080`), error: 'text that is not UTF-8 at byte \\d+' },
    { name: 'sample that ends after its time', bytes: field(`${NAME} 1204 10e807 18`), error: 'message ends inside a varint at byte \\d+' },
    { name: 'sample as a number', bytes: field(`${NAME} 1001`), error: 'wire type 0 in field 2 of TimeSeries at byte 18' },
    { name: 'value cut', bytes: field(`${NAME} 1208 09000000000000f0`), error: 'message ends inside a value of 8 bytes at byte 21' },
    { name: 'value as a number', bytes: field(`${NAME} 1202 0801`), error: 'wire type 0 in field 1 of Sample at byte 20' },
    { name: 'time cut', bytes: field(`${NAME} 1203 10ffff`), error: 'message ends inside a varint at byte 21' },
    {
      name: 'time of eleven bytes',
      bytes: field(`${NAME} 120c 10ffffffffffffffffffff01`),
      error: 'varint of more than 10 bytes at byte 21',
    },
    { name: 'unknown varint of eleven bytes', bytes: '50ffffffffffffffffffff01', error: 'varint of more than 10 bytes at byte 1' },
    { name: 'exemplar with a damaged label', bytes: field(`${NAME} 1a04 0a020801`), error: 'wire type 0 in field 1 of Label at byte 22' },
    { name: 'histogram with cut numbers', bytes: field(`${NAME} 2205 5203000000`), error: 'packed numbers of 8 bytes are cut at byte 22' },
    { name: 'histogram with a cut varint', bytes: field(`${NAME} 2203 4a01ff`), error: 'message ends inside a varint at byte 22' },
    { name: 'metadata that is not UTF-8', bytes: '1a03 1201ff', error: 'text that is not UTF-8 at byte 4' },
    { name: 'metadata with another wire type', bytes: '1a02 0a00', error: 'wire type 2 in field 1 of MetricMetadata at byte 2' },
  ]
  test.each(refused)('refuses: $name', ({ bytes, error }) => {
    expect(() => scanWriteRequest(hex(bytes))).toThrow(DecodeError)
    expect(() => scanWriteRequest(hex(bytes))).toThrow(new RegExp(`^${error}$`))
    expect(() => scanWriteRequest(inPlace(hex(bytes)))).toThrow(new RegExp(`^${error}$`))
  })

  test('never reads beyond its bytes into those that follow in memory', () => {
    const memory = hex(field(`${NAME}${SAMPLE}`))
    expect(() => scanWriteRequest(memory.subarray(0, memory.length - 1))).toThrow(DecodeError)
    expect(scanWriteRequest(Buffer.concat([hex('ff'), memory]).subarray(1))).toEqual(UP)
  })
})
