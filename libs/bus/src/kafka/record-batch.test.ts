import fc from 'fast-check'
import Decoder from 'kafkajs/src/protocol/decoder.js'
import decodeRecordBatch from 'kafkajs/src/protocol/recordBatch/v0/decoder.js'
import { beforeAll, describe, expect, test } from 'vitest'

import { codecOf, COMPRESSIONS, registerDecompression } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { encodeHeaders, encodeRecordBatch, type OutgoingRecord, type RecordBatch } from './record-batch.ts'
import { toRecord } from './to-record.ts'

const bytesOf = ({ chunks }: RecordBatch): Buffer => Buffer.concat(chunks)
const record = (key: string, value: string | Buffer, headers: Readonly<Record<string, string>> = {}): OutgoingRecord => ({
  key: Buffer.from(key),
  value: Buffer.from(value),
  headers: encodeHeaders(headers),
})

describe('encodeRecordBatch', () => {
  beforeAll(registerDecompression)

  test('has the layout of the protocol', async () => {
    const batch = await encodeRecordBatch([record('k', 'v', { a: 'b' }), record('', '')], 0x0102, undefined)
    const bytes = bytesOf(batch)
    expect(batch.bytes).toBe(bytes.length)
    expect(bytes.subarray(0, 17).toString('hex')).toBe(`${'00'.repeat(8)}${(bytes.length - 12).toString(16).padStart(8, '0')}ffffffff02`)
    expect(bytes.readUInt32BE(17)).toBe(crc32c(bytes.subarray(21)))
    expect(bytes.subarray(21).toString('hex')).toBe(
      [
        '0000', // no compression
        '00000001', // the last offset is one more than the first
        '0000000000000102'.repeat(2), // first and last timestamp
        'ff'.repeat(14), // no producer id, epoch and sequence
        '00000002', // two records
        '18 00 00 00 02 6b 02 76 02 02 61 02 62', // 12 bytes: k, v, one header a: b
        '0c 00 00 02 00 00 00', // 6 bytes: the second, empty, no headers
      ]
        .join('')
        .replaceAll(' ', ''),
    )
  })

  test.each(COMPRESSIONS)('is read by kafkajs, with %s', async (compression) => {
    const text = fc.string({ maxLength: 20, unit: 'grapheme' })
    const outgoing = fc.record({
      key: text,
      // Both sides of the size from which on a value is not copied.
      value: fc.integer({ min: 0, max: 6000 }).map((length) => Buffer.alloc(length, 'value ')),
      headers: fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true }),
    })
    const batches = fc.array(outgoing, { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(batches, fc.integer({ min: 0, max: 2 ** 41 }), async (records, timestampMs) => {
        const encoded = records.map(({ key, value, headers }) => record(key, value, headers))
        const batch = await encodeRecordBatch(encoded, timestampMs, codecOf(compression, 0))
        const decoded = await decodeRecordBatch(new Decoder(bytesOf(batch)))
        const origin = { logId: 'l', topic: 't', partition: 0 }
        expect(decoded.records.map((message) => toRecord(message, { ...origin, kind: 'logs' }))).toEqual(
          records.map(({ key, value, headers }, index) => ({
            kind: 'logs',
            key,
            value,
            headers: {},
            ...(Object.keys(headers).length === 0 ? {} : { extra: headers }),
            origin: { ...origin, offset: BigInt(index), timestampMs },
          })),
        )
      }),
      { numRuns: 30 },
    )
  })

  test('sends a large value from where it stands', async () => {
    const large = record('k', Buffer.alloc(100_000))
    const { chunks } = await encodeRecordBatch([large, record('k', 'small')], 0, undefined)
    expect(chunks).toContain(large.value)
    expect(chunks).toHaveLength(4)
  })
})
