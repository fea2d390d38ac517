import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { whileAnswering } from './answering.ts'

describe('whileAnswering', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'performance'] }))
  afterEach(() => void vi.useRealTimers())

  const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  const turn = { isTheirTurn: () => true, limitMs: Infinity }

  test.each([
    { name: 'done soon', doneMs: 500, bytesRead: () => 0, rest: {}, expected: true },
    { name: 'silent brokers', doneMs: 60_000, bytesRead: () => 0, rest: {}, expected: false },
    { name: 'brokers that go on', doneMs: 60_000, bytesRead: () => Date.now(), rest: {}, expected: true },
    { name: 'brokers that go on, up to the limit', doneMs: 60_000, bytesRead: () => Date.now(), rest: { limitMs: 3000 }, expected: false },
    { name: 'silence that is not theirs', doneMs: 60_000, bytesRead: () => 0, rest: { isTheirTurn: () => false }, expected: true },
  ])('$name: $expected', async ({ doneMs, bytesRead, rest, expected }) => {
    const found = whileAnswering(after(doneMs), { ...turn, ...rest, bytesRead })
    await vi.advanceTimersByTimeAsync(doneMs)
    expect(await found).toBe(expected)
  })

  test('a failure is passed on', async () => {
    await expect(whileAnswering(Promise.reject(new Error('no')), { ...turn, bytesRead: () => 0 })).rejects.toThrow('no')
  })
})
