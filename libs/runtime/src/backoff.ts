import { setTimeout as sleep } from 'node:timers/promises'

import { RetryableError } from '@clymene/model'

export type Backoff = {
  /** Delay before the second attempt, ms. Doubles after each further failure. */
  readonly minMs: number
  /** Ceiling of the delay, ms. */
  readonly maxMs: number
  /** Attempts in all, the first one included; Infinity never gives up. */
  readonly attempts: number
}

export type RetryOptions = {
  readonly backoff: Backoff
  /** Told of each failure that will be tried again. */
  readonly onFailure?: (error: RetryableError, failures: number, waitMs: number) => void
  readonly random?: () => number
}

/**
 * Calls `attempt` until it succeeds, fails for good, or the attempts run out.
 *
 * Only a {@link RetryableError} is tried again; anything else is rethrown at once. The wait has full jitter
 * (uniform in [0, delay]) but is never shorter than the peer's own `retryAfterMs`.
 *
 * @throws the last error of `attempt`, or the signal's reason when aborted, also in the middle of a wait.
 */
export async function retry<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  { backoff, onFailure, random = Math.random }: RetryOptions,
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    signal.throwIfAborted()
    try {
      return await attempt(signal)
    } catch (error) {
      if (!(error instanceof RetryableError) || failures >= backoff.attempts) throw error
      const ceiling = Math.min(backoff.minMs * 2 ** (failures - 1), backoff.maxMs)
      const waitMs = Math.max(random() * ceiling, error.retryAfterMs ?? 0)
      onFailure?.(error, failures, waitMs)
      await sleep(waitMs, undefined, { signal })
    }
  }
}
