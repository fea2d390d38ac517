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

type Waiting = {
  readonly failedAt: number
  readonly hearOfReturn: () => void
  readonly beFirst: () => void
  /** When it could try after a return. */
  readonly earliestMs: () => number
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
 * - When somebody who asked the storage says that it is back, one of those that wait tries at once, whatever its delay; so does who
 *   began before and fails after it. The others hear of it when that gets through: an answer to a question is no written body.
 * - Who fails after others got through has itself to blame (a body that the storage cannot cope with): it waits as long as such failures of its own
 *   say, and nobody believes it.
 */
export function createWriteBackoff(
  { minMs, maxMs }: Omit<Backoff, 'attempts'>,
  random: () => number,
): { readonly newWrite: () => PatientWrite; readonly returned: () => void } {
  const waiting = new Set<Waiting>()
  /** Counts beginnings and failures, to know which was first. */
  let turn = 0
  /** When a write failed last for which the storage may be to blame. */
  let awayAt = 0
  /** When the storage was last said to be back. */
  let returnedAt = 0
  const delayAfter = (failures: number): number => random() * Math.min(minMs * 2 ** (failures - 1), maxMs)

  const newWrite = (): PatientWrite => {
    let begunAt = 0
    let failedAt = 0
    let failures = 0
    let failuresOfItsOwn = 0
    let hasHeardOfReturn = false
    /** Finds out for all whether the storage is back. */
    let isFirst = false
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

    const earliestMs = (): number => Math.max(notBeforeMs, performance.now() + delayAfter(1), failedMs + delayAfter(failuresOfItsOwn + 1))
    const comeEarlier = (): void => {
      dueMs = Math.min(dueMs, earliestMs())
      setAlarm()
    }
    const hearOfReturn = (): void => {
      // Once in a wait: drawn again with each write of the others it would soon be nothing.
      if (hasHeardOfReturn) return
      hasHeardOfReturn = true
      comeEarlier()
    }
    const beFirst = (): void => {
      isFirst = true
      comeEarlier()
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
        isFirst = begunAt < returnedAt
        const waitMs = Math.max(delayAfter(isFirst ? 1 : failures), retryAfterMs)
        dueMs = failedMs + waitMs
        return waitMs
      },
      wait: async (signal) => {
        const known = { failedAt, hearOfReturn, beFirst, earliestMs }
        waiting.add(known)
        try {
          for (let believed = 0, knownAwayAt = failedAt; ; believed++) {
            await untilDue(signal)
            if (hasHeardOfReturn || isFirst || awayAt <= knownAwayAt || believed === MAX_BELIEVED) return
            knownAwayAt = awayAt
            dueMs = performance.now() + delayAfter(++failures)
          }
        } finally {
          waiting.delete(known)
        }
      },
    }
  }
  return {
    newWrite,
    returned: () => {
      returnedAt = ++turn
      // Not one that was told to come later, or whose own content is to blame, while there are others.
      const times = [...waiting].map((one) => ({ one, ms: one.earliestMs() }))
      times.toSorted((a, b) => a.ms - b.ms)[0]?.one.beFirst()
    },
  }
}
