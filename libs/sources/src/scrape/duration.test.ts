import { describe, expect, test } from 'vitest'

import { formatPrometheusDuration, parsePrometheusDuration } from './duration.ts'

describe('Prometheus durations', () => {
  test.each([
    ['0s', 0],
    ['500ms', 500],
    ['15s', 15_000],
    ['1m', 60_000],
    ['1h30m', 5_400_000],
    ['1d12h', 129_600_000],
    ['2w', 1_209_600_000],
    ['15d', 1_296_000_000],
    ['1y', 31_536_000_000],
    ['1m500ms', 60_500],
  ])('%s is %d ms, both ways', (text, milliseconds) => {
    expect(parsePrometheusDuration(text)).toBe(milliseconds)
    expect(formatPrometheusDuration(milliseconds)).toBe(text)
  })

  test('a plain 0 is one too', () => expect(parsePrometheusDuration('0')).toBe(0))

  test.each(['', '1', '1.5h', '-1s', '1s1m', '1 s', 's', '1S', '99999999999999999999y'])('%j is none', (text) =>
    expect(parsePrometheusDuration(text)).toBeUndefined(),
  )
})
