import { PermanentError, RetryableError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { retry } from './backoff.ts'

const backoff = { minMs: 1, maxMs: 4, attempts: 3 }
const unavailable = new RetryableError('503')
const rejected = new PermanentError('400')

describe('retry', () => {
  const cases = [
    { name: 'succeeds at once', outcomes: ['ok'], result: 'ok', calls: 1 },
    { name: 'succeeds after a retryable failure', outcomes: [unavailable, 'ok'], result: 'ok', calls: 2 },
    { name: 'gives up after the last attempt', outcomes: [unavailable, unavailable, unavailable], result: unavailable, calls: 3 },
    { name: 'does not retry a permanent failure', outcomes: [rejected], result: rejected, calls: 1 },
  ]
  test.each(cases)('$name', async ({ outcomes, result, calls }) => {
    let call = 0
    const attempt = () => {
      const outcome = outcomes[call++]
      return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome)
    }
    const outcome = await retry(attempt, { backoff }, new AbortController().signal).catch((error: unknown) => error)
    expect({ outcome, call }).toEqual({ outcome: result, call: calls })
  })

  test('waits at least what the peer asked for, doubling up to the ceiling', async () => {
    const waits: number[] = []
    const errors = [
      new RetryableError('a'),
      new RetryableError('b', { retryAfterMs: 20 }),
      new RetryableError('c'),
      new RetryableError('d'),
    ]
    const attempt = () => {
      const error = errors.shift()
      return error === undefined ? Promise.resolve() : Promise.reject(error)
    }
    const onFailure = (_error: RetryableError, _failures: number, waitMs: number) => void waits.push(waitMs)
    await retry(attempt, { backoff: { minMs: 2, maxMs: 8, attempts: Infinity }, onFailure, random: () => 1 }, new AbortController().signal)
    expect(waits).toEqual([2, 20, 8, 8])
  })

  test('an abort ends the wait', async () => {
    const stop = new AbortController()
    const outcome = retry(
      () => Promise.reject(unavailable),
      { backoff: { minMs: 60_000, maxMs: 60_000, attempts: 2 }, random: () => 1, onFailure: () => stop.abort() },
      stop.signal,
    )
    await expect(outcome).rejects.toThrow('aborted')
  })
})
