import { setTimeout as sleep } from 'node:timers/promises'

export type Pace = {
  /** Waits until so many records may go; the time that they take is that of whoever comes next. */
  readonly next: (records: number, signal: AbortSignal) => Promise<void>
}

export type PaceOptions = {
  /** Infinity does not wait. */
  readonly recordsPerSecond: number
  readonly now?: () => number
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

/** At most so many records a second, without catching up on time in which nothing went. */
export function createPace({ recordsPerSecond, now = () => performance.now(), wait = pause }: PaceOptions): Pace {
  let free = -Infinity
  return {
    next: async (records, signal) => {
      const start = Math.max(free, now())
      free = start + (records / recordsPerSecond) * 1000
      const waitMs = start - now()
      if (waitMs > 0) await wait(waitMs, signal)
    },
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<unknown> => sleep(ms, undefined, { signal })
