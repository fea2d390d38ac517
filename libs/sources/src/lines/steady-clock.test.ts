import { expect, test } from 'vitest'

import { createReadClock } from './read-clock.ts'
import { createSteadyClock } from './steady-clock.ts'

test.each<[what: string, wall: readonly number[], steady: readonly number[]]>([
  ['goes as the clock does', [10, 10, 15], [10, 10, 15]],
  ['goes on from where it was when the clock was put back', [100, 40, 45], [100, 100, 105]],
  ['and when that happens again', [100, 40, 45, 5, 6], [100, 100, 105, 105, 106]],
  ['stays ahead when the clock is put forward again', [100, 40, 100], [100, 100, 160]],
])('a steady clock %s', (_what, wall, steady) => {
  const times = wall.values()
  const clock = createSteadyClock(() => times.next().value ?? NaN)
  expect(wall.map(() => clock())).toEqual(steady)
})

test.each<[what: string, first: number, second: number, expected: bigint]>([
  ['moves on', 5000, 5001, 5_001_000_000n],
  ['never gives a time twice while the clock stands', 5000, 5000, 5_000_000_001n],
  ['nor when it goes back a little', 5000, 4001, 5_000_000_001n],
  ['follows one that was put back further', 5000, 3999, 3_999_000_000n],
  ['follows one that was put back far', 3_605_000, 5000, 5_000_000_000n],
])('the time of lines %s', (_what, first, second, expected) => {
  let now = first
  const clock = createReadClock(() => now)
  clock.sync()
  clock.tick()
  now = second
  clock.sync()
  expect(clock.ns()).toBe(expected)
})
