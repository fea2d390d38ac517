import { setTimeout as sleep } from 'node:timers/promises'

/** When a target is due: every `intervalMs` of absolute time, `offsetMs` after its start. */
export type Schedule = { readonly intervalMs: number; readonly offsetMs: number }

/** The offset spreads the targets over the interval and is the same after a restart; `seed` differs between agents. */
export const createSchedule = (intervalMs: number, hash: bigint, seed: bigint): Schedule => ({
  intervalMs,
  offsetMs: Number((hash ^ seed) % BigInt(intervalMs)),
})

/** The first due time after `afterMs`. */
export function nextTick({ intervalMs, offsetMs }: Schedule, afterMs: number): number {
  return offsetMs + (Math.floor((afterMs - offsetMs) / intervalMs) + 1) * intervalMs
}

/** Timers are late by a little: the due time itself is the better timestamp then, its differences compress well. */
export function scrapeTime({ intervalMs }: Schedule, dueMs: number, nowMs: number): number {
  const late = nowMs - dueMs
  return late >= 0 && late <= Math.min(2, intervalMs / 100) ? dueMs : nowMs
}

/**
 * Waits; ends early, without an error, when the signal aborts, and a second late at most when the clock was set back meanwhile:
 * whoever waited for the same time of day again would collect nothing until then.
 */
export async function waitUntil(dueMs: number, signal: AbortSignal): Promise<void> {
  const latest = performance.now() + dueMs - Date.now() + LATE_MS
  while (!signal.aborted) {
    const waitMs = Math.min(dueMs - Date.now(), latest - performance.now(), LONGEST_TIMER_MS)
    if (waitMs <= 0) return
    await sleep(waitMs, undefined, { signal }).catch(() => undefined)
  }
}

/** More than what adjusting a clock slowly makes of an interval. */
const LATE_MS = 1000

/** Longer timers overflow and fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
