import { expect, test } from 'vitest'

import { createSearch } from './search.ts'

const timesOf = (act: (search: ReturnType<typeof createSearch>, note: () => void) => void): number => {
  let times = 0
  act(createSearch(1000), () => times++)
  return times
}

test.each<[what: string, nows: readonly number[], times: number]>([
  ['at once, and then at its time', [10_000, 10_999, 11_000], 2],
  ['again as soon as the clock was put back, and then at its time', [10_000, 4000, 4999, 5000], 3],
])('files are searched for %s', (_what, nows, times) => {
  expect(
    timesOf((search, note) => {
      for (const now of nows) search.when(now, note)
    }),
  ).toBe(times)
})

test('what is told is searched for after its delay, also when the clock was put back since', () => {
  const times = timesOf((search, note) => {
    search.when(10_000, note)
    search.soon(2000, 100)
    search.when(2000, note)
    search.soon(2500, 100)
    search.when(2599, note)
    search.when(2600, note)
  })
  expect(times).toBe(3)
})
