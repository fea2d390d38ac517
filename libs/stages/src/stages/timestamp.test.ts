import { describe, expect, test } from 'vitest'

import { entryOf, pipelineOf } from '../run-stages.test-kit.ts'

const NOW = BigInt(Date.UTC(2026, 5, 15)) * 1_000_000n

/** The time that a text gives, as an ISO 8601 text; 'read' for the time of reading. */
function timeOf(text: string, format: string, location = '', now = NOW): string {
  const stages = [{ timestamp: { source: 't', format, location, action_on_failure: 'skip' } }]
  const entry = entryOf('')
  entry.extracted.set('t', text)
  const ns = pipelineOf(stages, { now: () => now }).push(entry)[0]?.timestampNs ?? 0n
  return ns === 5n ? 'read' : new Date(Number(ns / 1_000_000n)).toISOString()
}

// Layouts are tried against Go in test/golden/stages.
describe('named formats', () => {
  test.each([
    ['ANSIC', 'Mon Jan  2 15:04:05 2006', '2006-01-02T15:04:05.000Z'],
    ['UnixDate', 'Mon Jan  2 15:04:05 UTC 2006', '2006-01-02T15:04:05.000Z'],
    ['RubyDate', 'Mon Jan 02 15:04:05 -0700 2006', '2006-01-02T22:04:05.000Z'],
    ['RFC822', '02 Jan 06 15:04 UTC', '2006-01-02T15:04:00.000Z'],
    ['RFC822Z', '02 Jan 06 15:04 -0700', '2006-01-02T22:04:00.000Z'],
    ['RFC850', 'Monday, 02-Jan-06 15:04:05 UTC', '2006-01-02T15:04:05.000Z'],
    ['RFC1123', 'Mon, 02 Jan 2006 15:04:05 GMT', '2006-01-02T15:04:05.000Z'],
    ['RFC1123Z', 'Mon, 02 Jan 2006 15:04:05 -0700', '2006-01-02T22:04:05.000Z'],
    ['RFC3339', '2006-01-02T15:04:05+09:00', '2006-01-02T06:04:05.000Z'],
    ['RFC3339Nano', '2006-01-02T15:04:05,25Z', '2006-01-02T15:04:05.250Z'],
    ['StampMilli', 'Jan  2 15:04:05.123', '2026-01-02T15:04:05.123Z'],
    ['StampNano', 'Jan  2 15:04:05.123000000', '2026-01-02T15:04:05.123Z'],
    ['DateTime', '2006-01-02 15:04:05', '2006-01-02T15:04:05.000Z'],
    ['DateOnly', '2006-01-02', '2006-01-02T00:00:00.000Z'],
    ['ANSIC', 'Mon Jan 32 15:04:05 2006', 'read'],
  ])('%s: %s', (format, text, expected) => {
    expect(timeOf(text, format)).toBe(expected)
  })
})

describe('from the year 1 to the year 9999', () => {
  test.each([
    ['UnixMs', '253402300799999', '9999-12-31T23:59:59.999Z'],
    ['UnixMs', '253402300800000', 'read'],
    ['UnixMs', '99999999999999999', 'read'],
    ['UnixMs', '-62135596800000', '0001-01-01T00:00:00.000Z'],
    ['UnixMs', '-62135596800001', 'read'],
    ['Unix', '253402300799.999999999', '9999-12-31T23:59:59.999Z'],
    ['Unix', '253402300800', 'read'],
    ['Unix', '9999999999999999999', 'read'],
    ['2006-01-02T15:04:05Z07:00', '9999-12-31T23:59:59-01:00', 'read'],
  ])('%s: %s', (format, text, expected) => {
    expect(timeOf(text, format)).toBe(expected)
  })
})

test.each([
  ['Kitchen', '3:04PM', '2026-01-01T06:04:00.000Z'],
  ['DateTime', '2006-01-02 15:04:05', '2006-01-02T06:04:05.000Z'],
  ['2006-01-02 15:04:05', '2006-01-02 15:04:05', '2006-01-02T06:04:05.000Z'],
  ['RFC1123', 'Mon, 02 Jan 2006 15:04:05 KST', '2006-01-02T15:04:05.000Z'],
])('%s at a location', (format, text, expected) => {
  expect(timeOf(text, format, 'Asia/Seoul')).toBe(expected)
})

test('Local is the zone of the machine', () => {
  const layout = '2006-01-02 15:04:05'
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
  expect(timeOf('2026-07-01 12:00:00', layout, 'Local')).toBe(timeOf('2026-07-01 12:00:00', layout, timeZone))
})

test.each([
  ['2026-03-29 02:30:00', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
  ['2026-07-01 12:00:00', 'Europe/Berlin', '2026-07-01T10:00:00.000Z'],
  ['2026-07-01 12:00:00', 'Asia/Seoul', '2026-07-01T03:00:00.000Z'],
])('%s in %s', (text, location, expected) => {
  expect(timeOf(text, '2006-01-02 15:04:05', location)).toBe(expected)
})

test.each([
  ['2026-01-15 12:00:00 KST', 'Asia/Seoul', '2026-01-15T03:00:00.000Z'],
  ['2026-07-15 12:00:00 CEST', 'Europe/Berlin', '2026-07-15T10:00:00.000Z'],
  ['2026-07-15 12:00:00 CST', 'Asia/Shanghai', '2026-07-15T04:00:00.000Z'],
  ['2026-01-15 12:00:00 CST', 'America/Chicago', '2026-01-15T18:00:00.000Z'],
  ['2026-07-15 12:00:00 CEST', 'Asia/Seoul', '2026-07-15T12:00:00.000Z'],
])('an abbreviation is that of the location: %s in %s', (text, location, expected) => {
  expect(timeOf(text, '2006-01-02 15:04:05 MST', location)).toBe(expected)
})

test.each([
  ['Dec 31 23:59:59', '2027-01-01T00:00:01Z', '2026-12-31T23:59:59.000Z'],
  ['Jan  1 00:00:01', '2026-12-31T23:59:59Z', '2027-01-01T00:00:01.000Z'],
  ['Jun  1 00:00:00', '2026-12-31T23:59:59Z', '2026-06-01T00:00:00.000Z'],
])('a year that is missing: %s read at %s', (text, now, expected) => {
  expect(timeOf(text, 'Stamp', '', BigInt(Date.parse(now)) * 1_000_000n)).toBe(expected)
})
