import { createSteadyClock } from './steady-clock.ts'

/** The time that lines without one of their own get: never the same twice, so that equal lines stay apart in a store. */
export type ReadClock = {
  /** Reads the clock; call it once for the lines of one read. */
  readonly sync: () => void
  /** Moves on by a nanosecond; `seconds` and `nanos` then hold the time of one line. */
  readonly tick: () => void
  seconds: number
  nanos: number
  /** The same time, nanoseconds since the epoch. */
  readonly ns: () => bigint
  /** When the clock was read last, nanoseconds by the steady clock: for waits. */
  readonly steadyNs: () => bigint
}

/** Lines are read no faster than their nanoseconds pass: a time that is so far ahead is one of a clock that was put back. */
const MAX_AHEAD_S = 1

export function createReadClock(now: () => number, steadyNow: () => number = createSteadyClock(now)): ReadClock {
  let second = 0
  let secondNs = 0n
  let steadyNs = 0n
  const clock: ReadClock = {
    seconds: 0,
    nanos: 0,
    sync: () => {
      steadyNs = BigInt(Math.floor(steadyNow())) * 1_000_000n
      const milliseconds = now()
      const seconds = Math.floor(milliseconds / 1000)
      const nanos = Math.floor((milliseconds - seconds * 1000) * 1e6)
      const aheadS = clock.seconds - seconds + (clock.nanos - nanos) / 1e9
      if (aheadS < 0 || aheadS > MAX_AHEAD_S) {
        clock.seconds = seconds
        clock.nanos = nanos
      }
    },
    ns: () => {
      if (second !== clock.seconds) {
        second = clock.seconds
        secondNs = BigInt(second) * 1_000_000_000n
      }
      return secondNs + BigInt(clock.nanos)
    },
    steadyNs: () => steadyNs,
    tick: () => {
      clock.nanos++
      if (clock.nanos < 1e9) return
      clock.nanos = 0
      clock.seconds++
    },
  }
  return clock
}
