import { describe, expect, test } from 'vitest'

import { decodeProduceResponse, encodeRequestHead } from './produce-request.ts'

test('encodeRequestHead has the layout of Produce 3 to 8', () => {
  const batch = { chunks: [], bytes: 0x1234 }
  const head = encodeRequestHead(7, 0x0a0b0c0d, 'me', {
    topic: 'tö',
    partition: 5,
    batch,
    acks: -1,
    replicasTimeoutMs: 10_000,
    timeoutMs: 15_000,
  })
  expect(head.toString('hex')).toBe(
    [
      (head.length - 4 + 0x1234).toString(16).padStart(8, '0'),
      '0000 0007 0a0b0c0d',
      '0002 6d65', // client
      'ffff', // no transaction
      'ffff 00002710', // all replicas, 10 s
      '00000001 0003 74c3b6', // one topic
      '00000001 00000005', // one partition
      '00001234', // bytes of the batch that follows
    ]
      .join('')
      .replaceAll(' ', ''),
  )
})

describe('decodeProduceResponse', () => {
  const upTo4 = '00000001 0001 74 00000001 00000005 0006 0000000000000007 ffffffffffffffff'
  test.each([
    { version: 3, bytes: `${upTo4} 00000064`, expected: { errorCode: 6, throttleMs: 0 } },
    { version: 5, bytes: `${upTo4} 0000000000000001 00000064`, expected: { errorCode: 6, throttleMs: 0 } },
    // From version 6 on the client has to wait, not the broker.
    { version: 7, bytes: `${upTo4} 0000000000000001 00000064`, expected: { errorCode: 6, throttleMs: 100 } },
  ])('version $version', ({ version, bytes, expected }) => {
    expect(decodeProduceResponse(Buffer.from(bytes.replaceAll(' ', ''), 'hex'), version)).toEqual(expected)
  })

  test('one that is cut is an error', () => {
    expect(() => decodeProduceResponse(Buffer.from('000000010001', 'hex'), 7)).toThrow(RangeError)
  })
})
