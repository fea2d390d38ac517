import { expect, test } from 'vitest'

import { createSearch } from './search.ts'

const timesOf = (act: (search: ReturnType<typeof createSearch>, note: () => void) => void): number => {
  let times = 0
  act(createSearch(1000), () => times++)
  return times
}

test('files are searched for at once, and then at their time', () => {
  const times = timesOf((search, note) => {
    for (const now of [10_000, 10_999, 11_000]) search.when(now, note)
  })
  expect(times).toBe(2)
})

test('what is told is searched for after its delay', () => {
  const times = timesOf((search, note) => {
    search.when(10_000, note)
    search.soon(10_500, 100)
    search.when(10_599, note)
    search.when(10_600, note)
  })
  expect(times).toBe(2)
})
