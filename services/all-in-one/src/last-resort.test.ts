import type { Logger } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { giveUpLate } from './last-resort.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function setUp() {
  const exits: number[] = []
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) }
  return { exits, warnings, options: { logger, exit: (status: number) => void exits.push(status), afterMs: 9000 } }
}

test('a process that does not end by itself ends with status 0 and says what that means', () => {
  const { exits, warnings, options } = setUp()
  const stop = new AbortController()
  giveUpLate(stop.signal, options)
  vi.advanceTimersByTime(60_000)
  expect(exits).toEqual([])
  stop.abort()
  vi.advanceTimersByTime(8999)
  expect(exits).toEqual([])
  vi.advanceTimersByTime(1)
  expect(exits).toEqual([0])
  expect(warnings).toEqual(['stopped before everything was delivered; the rest is delivered after the next start'])
})

test('it counts from a stop that came before', () => {
  const { exits, options } = setUp()
  giveUpLate(AbortSignal.abort(), options)
  vi.advanceTimersByTime(9000)
  expect(exits).toEqual([0])
})
