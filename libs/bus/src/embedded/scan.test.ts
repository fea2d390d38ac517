import { describe, expect, test } from 'vitest'

import { encodeRecord, sealRecord } from './record.ts'
import { scanRecords } from './scan.ts'
import { message, upTo } from './test-kit.ts'

/** Records 10, 11, 12 … with their positions, behind 5 other bytes. */
function written(count: number): { readonly bytes: Buffer; readonly positions: readonly number[] } {
  const parts: Buffer[] = [Buffer.alloc(5)]
  const positions: number[] = []
  let at = 5
  for (const index of upTo(count)) {
    const record = encodeRecord(message(index))
    sealRecord(record, 10 + index, 1000 + index)
    parts.push(record.head)
    positions.push(at)
    at += record.bytes
  }
  return { bytes: Buffer.concat(parts), positions: [...positions, at] }
}

const flip = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ 0xff
  return changed
}

describe('scanRecords', () => {
  const { bytes, positions } = written(4)
  const [, second = 0, third = 0, fourth = 0, end = 0] = positions
  const cases = [
    { name: 'nothing there', bytes: bytes.subarray(0, 5), expected: { length: 5, end: 10, newestMs: undefined, damages: [] } },
    { name: 'all intact', bytes, expected: { length: end, end: 14, newestMs: 1003, damages: [] } },
    { name: 'the last is torn', bytes: bytes.subarray(0, end - 1), expected: { length: fourth, end: 13, newestMs: 1002, damages: [] } },
    {
      name: 'zeros behind',
      bytes: Buffer.concat([bytes, Buffer.alloc(99)]),
      expected: { length: end, end: 14, newestMs: 1003, damages: [] },
    },
    { name: 'the last is damaged', bytes: flip(bytes, end - 1), expected: { length: fourth, end: 13, newestMs: 1002, damages: [] } },
    {
      name: 'the first is damaged',
      bytes: flip(bytes, 10),
      expected: { length: end, end: 14, newestMs: 1003, damages: [{ position: 5, firstOffset: 10, records: 1 }] },
    },
    {
      name: 'two in a row are damaged, one in its length',
      bytes: flip(flip(bytes, second), third + 30),
      expected: { length: end, end: 14, newestMs: 1003, damages: [{ position: second, firstOffset: 11, records: 2 }] },
    },
    {
      name: 'bytes are missing in the middle',
      bytes: Buffer.concat([bytes.subarray(0, second + 3), bytes.subarray(third)]),
      expected: {
        length: end - (third - second - 3),
        end: 14,
        newestMs: 1003,
        damages: [{ position: second, firstOffset: 11, records: 1 }],
      },
    },
    {
      name: 'all zeros',
      bytes: Buffer.alloc(1000),
      expected: { length: 5, end: 10, newestMs: undefined, damages: [] },
    },
  ]
  test.each(cases)('$name', ({ bytes: found, expected }) => {
    expect(scanRecords(found, 5, 10)).toEqual(expected)
  })

  test('ends before the wanted offset, or before a damaged place in front of it', () => {
    expect(scanRecords(bytes, 5, 10, 12)).toMatchObject({ length: third, end: 12 })
    expect(scanRecords(flip(bytes, second + 9), 5, 10, 12)).toMatchObject({ length: second, end: 11 })
    expect(scanRecords(flip(bytes, third + 9), 5, 10, 12)).toMatchObject({ length: third, end: 12 })
    expect(scanRecords(flip(bytes, second + 9), 5, 10, 13)).toMatchObject({ length: fourth, end: 13 })
  })

  test('bytes that look like records a thousandfold do not make it slow', () => {
    // Each place states a length up to the end and a possible offset: without a bound every one costs a checksum of a megabyte.
    const crafted = Buffer.alloc(1024 * 1024)
    for (let at = 0; at + 16 <= crafted.length; at += 16) {
      crafted.writeUInt32BE(crafted.length - at - 8, at)
      crafted.writeUInt32BE(11, at + 12)
    }
    expect(scanRecords(crafted, 0, 10)).toMatchObject({ length: 0, end: 10 })
  })
})
