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
}

export function createReadClock(now: () => number): ReadClock {
  let second = 0
  let secondNs = 0n
  const clock: ReadClock = {
    seconds: 0,
    nanos: 0,
    sync: () => {
      const milliseconds = now()
      const seconds = Math.floor(milliseconds / 1000)
      const nanos = Math.floor((milliseconds - seconds * 1000) * 1e6)
      if (seconds > clock.seconds || (seconds === clock.seconds && nanos > clock.nanos)) {
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
    tick: () => {
      clock.nanos++
      if (clock.nanos < 1e9) return
      clock.nanos = 0
      clock.seconds++
    },
  }
  return clock
}
