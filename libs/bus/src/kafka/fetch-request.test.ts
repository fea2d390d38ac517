import { describe, expect, test } from 'vitest'

import { decodeFetchResponse, encodeFetchRequest } from './fetch-request.ts'

const hex = (...parts: readonly string[]): string => parts.join('').replaceAll(' ', '')

test('encodeFetchRequest has the layout of Fetch 11', () => {
  const bytes = encodeFetchRequest(0x0a0b0c0d, 'me', { topic: 'tö', partition: 5, offset: 0x1234n, maxBytes: 0x100000, timeoutMs: 1 })
  expect(bytes.toString('hex')).toBe(
    hex(
      (bytes.length - 4).toString(16).padStart(8, '0'),
      '0001 000b 0a0b0c0d',
      '0002 6d65', // client
      'ffffffff 00000000 00000000 00100000', // no replica, at once, whatever there is, 1 MiB
      '01 00000000 ffffffff', // committed only, no session
      '00000001 0003 74c3b6', // one topic
      '00000001 00000005 ffffffff 0000000000001234 ffffffffffffffff 00100000', // one partition
      '00000000 0000', // nothing forgotten, no rack
    ),
  )
})

describe('decodeFetchResponse', () => {
  const answer = (...parts: readonly string[]): Buffer => Buffer.from(hex(...parts), 'hex')

  test('a partition with records and an aborted transaction', () => {
    const payload = answer(
      '00000007 0000 00000000', // throttled for 7 ms, no error, no session
      '00000001 0003 74c3b6 00000001 00000005 0000', // one topic, one partition, no error
      '0000000000000020 0000000000000010 0000000000000001', // high watermark, last stable, oldest
      '00000001 0000000000000009 000000000000000a', // one aborted
      'ffffffff 00000003 aabbcc', // no other replica, three bytes
    )
    expect(decodeFetchResponse(payload)).toEqual({
      errorCode: 0,
      end: 16n,
      abortedTransactions: [{ producerId: '9', firstOffset: '10' }],
      records: Buffer.from('aabbcc', 'hex'),
      throttleMs: 7,
    })
  })

  test.each([
    {
      name: 'of the partition, without records',
      payload: answer(
        '00000000 0000 00000000 00000001 0001 74 00000001 00000000 0001',
        'ffffffffffffffff ffffffffffffffff ffffffffffffffff ffffffff ffffffff ffffffff',
      ),
      code: 1,
    },
    { name: 'of the whole request', payload: answer('00000000 0046 00000000 00000000'), code: 70 },
  ])('an error $name', ({ payload, code }) => {
    expect(decodeFetchResponse(payload)).toEqual({
      errorCode: code,
      end: -1n,
      abortedTransactions: [],
      records: Buffer.alloc(0),
      throttleMs: 0,
    })
  })
})
