import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createRfc3339Parser } from './rfc3339.ts'

describe('createRfc3339Parser', () => {
  const accepted = [
    ['1970-01-01T00:00:00Z', 0n],
    ['2024-01-01T00:00:00.123456789Z', 1_704_067_200_123_456_789n],
    ['2024-01-01T00:00:00.1Z', 1_704_067_200_100_000_000n],
    ['2024-01-01T00:00:00.1234567891Z', 1_704_067_200_123_456_789n],
    ['2024-01-01T09:00:00.5+09:00', 1_704_067_200_500_000_000n],
    ['2023-12-31T19:30:00-04:30', 1_704_067_200_000_000_000n],
    ['2024-02-29T23:59:59Z', 1_709_251_199_000_000_000n],
    ['1969-12-31T23:59:59.9Z', -100_000_000n],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000_000_000n],
    ['9999-12-31T23:59:59.999999999Z', 253_402_300_799_999_999_999n],
  ] as const
  test.each(accepted)('%s', (text, expected) => {
    expect(createRfc3339Parser()(text)).toBe(expected)
  })

  const refused = [
    '',
    'x',
    '2024-01-01',
    '2024-01-01T00:00:00',
    '2024-01-01T00:00:00.',
    '2024-01-01T00:00:00.Z',
    '2024-01-01T00:00:00z',
    '2024-01-01 00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T00:00:60Z',
    '2024-01-01T00:00:00+9:00',
    '2024-01-01T00:00:00+25:00',
    '2024-01-01T00:00:00Z ',
    '2024-01-01T00:00:00ZZ',
  ]
  test.each(refused)('refuses %j', (text) => {
    const parse = createRfc3339Parser()
    expect(parse(text)).toBeUndefined()
    parse('2024-01-01T00:00:00Z')
    expect(parse(text)).toBeUndefined()
  })

  test('the remembered second never shows in another', () => {
    const parse = createRfc3339Parser()
    const times = fc.array(
      fc.record({ ms: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }), nanos: fc.nat(999_999) }),
    )
    fc.assert(
      fc.property(times, (list) => {
        for (const { ms, nanos } of list) {
          const text = ms.toISOString().replace('Z', `${String(nanos).padStart(6, '0')}Z`)
          expect(parse(text)).toBe(BigInt(ms.getTime()) * 1_000_000n + BigInt(nanos))
        }
      }),
    )
  })
})
