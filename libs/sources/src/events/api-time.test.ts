import { describe, expect, test } from 'vitest'

import { entryTime, readApiTime } from './api-time.ts'
import { isUpTo } from './api-version.ts'

test.each<[text: string, expected: bigint | undefined]>([
  ['1970-01-01T00:00:01Z', 1_000_000_000n],
  ['1970-01-01T00:00:01.5Z', 1_500_000_000n],
  ['1970-01-01T00:00:01.000001Z', 1_000_001_000n],
  ['1970-01-01T00:00:01.123456789Z', 1_123_456_789n],
  ['1970-01-01T01:00:01.25+01:00', 1_250_000_000n],
  ['0001-01-01T00:00:00Z', undefined],
  ['', undefined],
  ['yesterday', undefined],
])('%j', (text, expected) => expect(readApiTime(text)).toBe(expected))

describe('the time of an entry', () => {
  const NOW = 1_700_000_000_000_000_000n
  test.each<[what: string, happenedNs: bigint, version: string, expected: bigint]>([
    ['in whole seconds has the version below', NOW - 1_000_000_000n, '4711', NOW - 1_000_000_000n + 4711n],
    ['wraps the version at a millisecond', NOW - 1_000_000_000n, '12000042', NOW - 1_000_000_000n + 42n],
    ['in microseconds has the last digits of it', NOW - 5000n, '4711', NOW - 5000n + 711n],
    ['stays when the version is no number', NOW - 5000n, 'a', NOW - 5000n],
    ['is the clock when it is far ahead of it', NOW + 301_000_000_000n, '1', NOW],
    ['may be a little ahead', NOW + 1_000_000_000n, '1', NOW + 1_000_000_001n],
  ])('%s', (_what, happenedNs, version, expected) => expect(entryTime(happenedNs, version, NOW)).toBe(expected))
})

test.each<[a: string, b: string, expected: boolean | undefined]>([
  ['5', '5', true],
  ['9', '10', true],
  ['10', '9', false],
  ['18446744073709551615', '18446744073709551614', false],
  ['x', '5', undefined],
  ['5', '', undefined],
])('version %j is up to %j: %j', (a, b, expected) => expect(isUpTo(a, b)).toBe(expected))
