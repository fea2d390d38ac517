import { afterEach, describe, expect, test, vi } from 'vitest'

import { createSchedule, nextTick, scrapeTime, waitUntil } from './schedule.ts'

describe('a schedule', () => {
  const schedule = { intervalMs: 1000, offsetMs: 300 }

  test.each([
    [0, 300],
    [299, 300],
    [300, 1300],
    [1299, 1300],
    [1_700_000_000_000, 1_700_000_000_300],
  ])('after %d ms comes %d ms', (after, next) => expect(nextTick(schedule, after)).toBe(next))

  test('spreads targets over the interval, the same each time, other agents elsewhere', () => {
    const hashes = Array.from({ length: 64 }, (_, index) => BigInt(index) * 0x9e3779b97f4a7c15n)
    const offsets = hashes.map((hash) => createSchedule(15_000, hash, 7n).offsetMs)
    expect(new Set(offsets).size).toBeGreaterThan(60)
    expect(hashes.map((hash) => createSchedule(15_000, hash, 7n).offsetMs)).toEqual(offsets)
    expect(hashes.map((hash) => createSchedule(15_000, hash, 8n).offsetMs)).not.toEqual(offsets)
  })

  test.each([
    ['on time', 1000, 1300, 1300, 1300],
    ['2 ms late', 1000, 1300, 1302, 1300],
    ['3 ms late', 1000, 1300, 1303, 1303],
    ['2 ms late at a short interval', 100, 1300, 1302, 1302],
    ['early', 1000, 1300, 1299, 1299],
  ])('a scrape %s has its time', (_, intervalMs, due, now, time) => {
    expect(scrapeTime({ intervalMs, offsetMs: 0 }, due, now)).toBe(time)
  })
})

describe('waiting until a time of day', () => {
  const never = new AbortController().signal
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  test('ends when it has come', async () => {
    const due = Date.now() + 20
    await waitUntil(due, never)
    expect(Date.now()).toBeGreaterThanOrEqual(due)
  })

  test('ends when the clock was set back meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const waiting = waitUntil(Date.now() + 20, never)
    vi.setSystemTime(Date.now() - 3_600_000)
    await expect(waiting).resolves.toBeUndefined()
  })

  test('ends when it comes between two looks at the clock, and no timer is asked to go back', async () => {
    const looks = [990, 999]
    vi.spyOn(Date, 'now').mockImplementation(() => looks.shift() ?? 1003)
    // Node says it once in a process: other tests must not have used it up, and have no reason to.
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    await waitUntil(1000, never)
    expect(warned).not.toHaveBeenCalled()
  })

  test('ends when the signal aborts', async () => {
    const stop = new AbortController()
    const waiting = waitUntil(Date.now() + 3_600_000, stop.signal)
    stop.abort()
    await expect(waiting).resolves.toBeUndefined()
  })
})
