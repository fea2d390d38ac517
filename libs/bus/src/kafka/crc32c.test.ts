import { describe, expect, test } from 'vitest'

import { crc32c } from './crc32c.ts'

describe('crc32c', () => {
  // RFC 3720 B.4, and the check value of the CRC catalogue.
  test.each([
    { name: 'nothing', bytes: Buffer.alloc(0), expected: 0 },
    { name: '123456789', bytes: Buffer.from('123456789'), expected: 0xe3069283 },
    { name: '32 zeroes', bytes: Buffer.alloc(32), expected: 0x8a9136aa },
    { name: '32 ones', bytes: Buffer.alloc(32, 0xff), expected: 0x62a8ab43 },
    { name: '0 to 31', bytes: Buffer.from(Array.from({ length: 32 }, (_, index) => index)), expected: 0x46dd794e },
  ])('$name', ({ bytes, expected }) => {
    expect(crc32c(bytes)).toBe(expected)
  })

  test('may be given in pieces, cut anywhere', () => {
    const bytes = Buffer.from('the quick brown fox jumps over the lazy dog')
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(crc32c(bytes))
    }
  })
})
