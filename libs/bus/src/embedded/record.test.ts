import { PermanentError, type Envelope } from '@clymene/model'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decodeRecord, encodeRecord, intactBytes, MIN_RECORD_BYTES, offsetAt, sealRecord, statedBytes, timestampAt } from './record.ts'

const place = { logId: 'log', topic: 'metrics', partition: 3 }

function written(envelope: Envelope, offset = 7, timestampMs = 1_795_000_000_000): Buffer {
  const record = encodeRecord(envelope)
  sealRecord(record, offset, timestampMs)
  const bytes = Buffer.concat([record.head, record.value])
  expect(record.bytes).toBe(bytes.length)
  return bytes
}

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const envelopes: fc.Arbitrary<Envelope> = fc.record(
  {
    kind: fc.constantFrom('metrics' as const, 'logs' as const),
    key: text,
    value: fc.uint8Array({ maxLength: 20_000 }).map((bytes) => Buffer.from(bytes)),
    headers: fc.record(
      {
        contentType: text,
        tenant: text,
        cluster: text,
        agent: text,
        stream: text,
        epoch: count,
        sequence: count,
        records: count,
        position: count,
        newestMs: count,
        scanned: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    extra: fc.array(fc.tuple(text, text), { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs)),
  },
  { requiredKeys: ['kind', 'key', 'value', 'headers'] },
)
const small: Envelope = { kind: 'logs', key: 'k', value: Buffer.from('value'), headers: { tenant: 't', sequence: 1, scanned: false } }

describe('a record', () => {
  test('is read as it was written, wherever it stands', () => {
    fc.assert(
      fc.property(envelopes, count, fc.nat({ max: 2 ** 45 }), fc.nat({ max: 20 }), (envelope, offset, timestampMs, before) => {
        const bytes = written(envelope, offset, timestampMs)
        const among = Buffer.concat([Buffer.alloc(before, 0xaa), bytes, Buffer.alloc(9, 0xbb)])
        expect(bytes.length).toBeGreaterThanOrEqual(MIN_RECORD_BYTES)
        expect([statedBytes(among, before), intactBytes(among, before)]).toEqual([bytes.length, bytes.length])
        expect([offsetAt(among, before), timestampAt(among, before)]).toEqual([offset, timestampMs])
        expect(decodeRecord(among, before, bytes.length, place)).toEqual({
          ...envelope,
          origin: { ...place, offset: BigInt(offset), timestampMs },
        })
      }),
      { numRuns: 200 },
    )
  })

  test('one that was written before a message could tell its position and newest time is read', () => {
    const before =
      '0000004d3c8b2d7f0000000000000007000001a1ee565e000107ff00016b0001630001740001630001610001314008000000000000401000000000' +
      '00004014000000000000000100037768790002736f76616c7565'
    const bytes = Buffer.from(before, 'hex')
    const texts = { contentType: 'c', tenant: 't', cluster: 'c', agent: 'a', stream: '1' }
    expect(decodeRecord(bytes, 0, intactBytes(bytes, 0), place)).toEqual({
      kind: 'logs',
      key: 'k',
      value: Buffer.from('value'),
      headers: { ...texts, epoch: 3, sequence: 4, records: 5, scanned: true },
      extra: { why: 'so' },
      origin: { ...place, offset: 7n, timestampMs: 1_795_000_000_000 },
    })
  })

  test('a big value is not copied', () => {
    const value = Buffer.alloc(100_000, 1)
    expect(encodeRecord({ ...small, value }).value).toBe(value)
  })

  test('every cut is seen', () => {
    const bytes = written(small)
    for (let length = 0; length < bytes.length; length++) expect(intactBytes(bytes.subarray(0, length), 0)).toBe(0)
  })

  test('every changed bit is seen', () => {
    const bytes = written(small)
    for (let at = 0; at < bytes.length * 8; at++) {
      const changed = Buffer.from(bytes)
      changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7))
      expect(intactBytes(changed, 0)).toBe(0)
    }
  })

  const long = 'x'.repeat(65_536)
  const refused = [
    { name: 'a key of more than 65,535 bytes', envelope: { ...small, key: long }, error: 'key of a message has 65536 bytes' },
    {
      name: 'a header of more than 65,535 bytes',
      envelope: { ...small, headers: { cluster: 'ä'.repeat(40_000) } },
      error: 'cluster of a message has 80000 bytes',
    },
    { name: 'a further header of more', envelope: { ...small, extra: { reason: long } }, error: 'reason of a message has 65536 bytes' },
    {
      name: 'a further name of more',
      envelope: { ...small, extra: { [long]: '' } },
      error: 'name of a header of a message has 65536 bytes',
    },
    {
      name: 'more than 65,535 further headers',
      envelope: { ...small, extra: Object.fromEntries(Array.from({ length: 65_536 }, (_, index) => [`h${index}`, ''])) },
      error: '65536 headers',
    },
  ]
  test.each(refused)('refuses $name', ({ envelope, error }) => {
    expect(() => encodeRecord(envelope)).toThrow(PermanentError)
    expect(() => encodeRecord(envelope)).toThrow(error)
  })
})
