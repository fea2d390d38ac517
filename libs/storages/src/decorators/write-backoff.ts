import type { Backoff } from '@clymene/runtime'

/** One write into a storage, which is tried until the storage has answered. */
export type PatientWrite = {
  readonly attempt: () => void
  /** The storage is there: it has what was written, or refuses it. */
  readonly answered: () => void
  /** @returns how long it waits, unless others get through before, ms */
  readonly failed: (retryAfterMs?: number) => number
  /** Resolves when it is time for the next attempt. @throws the signal's reason */
  readonly wait: (signal: AbortSignal) => Promise<void>
}

/** So many times in a row a write that is due believes what another one has found. */
const MAX_BELIEVED = 4

const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Back-off of many writes into one storage, which learn from each other: exponential with full jitter (uniform in [0, delay]; the
 * delay doubles with each failure), never shorter than the storage's own Retry-After.
 *
 * - While nobody gets through the storage is away. Who is due, and another one has failed meanwhile, takes that for a failure
 *   of its own and waits on: of a hundred partitions a fifth of the bodies are sent for nothing that each by itself would send.
 * - As soon as one gets through, the others that wait try again within the shortest delay, not at the end of theirs.
 * - Who fails after that has itself to blame (a body that the storage cannot cope with): it waits as long as such failures of its own
 *   say, and nobody believes it.
 */
export function createWriteBackoff(
  { minMs, maxMs }: Omit<Backoff, 'attempts'>,
  random: () => number,
): { readonly newWrite: () => PatientWrite } {
  const waiting = new Set<{ readonly failedAt: number; readonly hearOfReturn: () => void }>()
  /** Counts beginnings and failures, to know which was first. */
  let turn = 0
  /** When a write failed last for which the storage may be to blame. */
  let awayAt = 0
  const delayAfter = (failures: number): number => random() * Math.min(minMs * 2 ** (failures - 1), maxMs)

  const newWrite = (): PatientWrite => {
    let begunAt = 0
    let failedAt = 0
    let failures = 0
    let failuresOfItsOwn = 0
    let hasHeardOfReturn = false
    let failedMs = 0
    let notBeforeMs = 0
    let dueMs = 0
    let setAlarm = (): void => undefined

    const untilDue = (signal: AbortSignal): Promise<void> =>
      new Promise((resolve, reject) => {
        let alarm: ReturnType<typeof setTimeout> | undefined
        const onAbort = (): void => {
          clearTimeout(alarm)
          reject(signal.reason)
        }
        const ring = (): void => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        }
        setAlarm = () => {
          clearTimeout(alarm)
          alarm = setTimeout(ring, Math.min(Math.max(dueMs - performance.now(), 0), LONGEST_TIMER_MS))
        }
        if (signal.aborted) return onAbort()
        signal.addEventListener('abort', onAbort, { once: true })
        return setAlarm()
      })

    const hearOfReturn = (): void => {
      // Once in a wait: drawn again with each write of the others it would soon be nothing.
      if (hasHeardOfReturn) return
      hasHeardOfReturn = true
      const nowMs = performance.now()
      dueMs = Math.min(dueMs, Math.max(notBeforeMs, nowMs + delayAfter(1), failedMs + delayAfter(failuresOfItsOwn + 1)))
      setAlarm()
    }

    return {
      attempt: () => {
        begunAt = ++turn
      },
      answered: () => {
        // Who failed after this began may know better.
        for (const other of waiting) if (other.failedAt < begunAt) other.hearOfReturn()
      },
      failed: (retryAfterMs = 0) => {
        failedAt = ++turn
        failures++
        if (hasHeardOfReturn) failuresOfItsOwn++
        else awayAt = failedAt
        hasHeardOfReturn = false
        failedMs = performance.now()
        notBeforeMs = failedMs + retryAfterMs
        const waitMs = Math.max(delayAfter(failures), retryAfterMs)
        dueMs = failedMs + waitMs
        return waitMs
      },
      wait: async (signal) => {
        const known = { failedAt, hearOfReturn }
        waiting.add(known)
        try {
          for (let believed = 0, knownAwayAt = failedAt; ; believed++) {
            await untilDue(signal)
            if (hasHeardOfReturn || awayAt <= knownAwayAt || believed === MAX_BELIEVED) return
            knownAwayAt = awayAt
            dueMs = performance.now() + delayAfter(++failures)
          }
        } finally {
          waiting.delete(known)
        }
      },
    }
  }
  return { newWrite }
}
