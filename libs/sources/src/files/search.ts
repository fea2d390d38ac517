/**
 * When files are searched for: at least so often, sooner when something tells, and never so often that it takes much of the time. Times are those of the
 * steady clock.
 */
export type Search = {
  readonly soon: (nowMs: number, delayMs: number) => void
  /** Calls `act` when it is time. */
  readonly when: (nowMs: number, act: () => void) => void
}

/** A search that took so long waits as many times as long for the next. */
const MIN_PAUSES = 20

export function createSearch(everyMs: number): Search {
  let atMs = 0
  let notBeforeMs = 0
  return {
    soon: (nowMs, delayMs) => {
      atMs = Math.min(atMs, Math.max(nowMs + delayMs, notBeforeMs))
    },
    when: (nowMs, act) => {
      if (nowMs < atMs) return
      const started = performance.now()
      atMs = nowMs + everyMs
      act()
      notBeforeMs = nowMs + (performance.now() - started) * MIN_PAUSES
    },
  }
}
