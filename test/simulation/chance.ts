/** Numbers of one seed, always the same ones (mulberry32). */
export type Chance = {
  /** From 0 to below 1. */
  readonly next: () => number
  /** A whole number from `from` to `to`, both included. */
  readonly between: (from: number, to: number) => number
  readonly oneOf: <T>(choices: readonly T[]) => T
  readonly isOneIn: (count: number) => boolean
}

export function createChance(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1))
  return {
    next,
    between,
    oneOf: (choices) => choices[between(0, choices.length - 1)]!,
    isOneIn: (count) => between(1, count) === 1,
  }
}
