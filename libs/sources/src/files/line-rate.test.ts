import { expect, test } from 'vitest'

import { createLineRate } from './line-rate.ts'

test('the bucket is full at first and never fuller, however long nothing was read', () => {
  let nowMs = 0
  const rate = createLineRate({ linesPerSecond: 10, burst: 20, drop: false }, () => nowMs)
  expect(rate.room()).toBe(20)
  rate.take(20)
  expect(rate.room()).toBe(0)
  expect(rate.nextMs()).toBe(100)
  nowMs = 100
  expect(rate.room()).toBe(1)
  nowMs = 3_600_000
  expect(rate.room()).toBe(20)
})
