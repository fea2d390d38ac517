import { expect, test } from 'vitest'

import { createCaughtUp } from './caught-up.ts'

/** A file of which only the places count. */
function fileAt(offset: number) {
  const cursor = { offset }
  let acknowledged = 0
  return {
    cursor,
    acknowledged: () => ({ offset: acknowledged, replayFrom: acknowledged }),
    read: (to: number) => (cursor.offset = to),
    acknowledge: (to: number) => (acknowledged = to),
    settled: () => acknowledged === cursor.offset,
  }
}

const UNREAD = { isEnd: false, settled: false }

test('a file that is written all the time is caught up with what was acknowledged, though never with all', () => {
  const file = fileAt(0)
  const caughtUp = createCaughtUp(0)
  const seen: number[] = []
  for (let second = 1; second <= 10; second++) {
    file.read(second * 100)
    caughtUp.looked(second * 1000, [file], { isEnd: true, settled: file.settled() })
    // A batch is on its way for a second.
    file.acknowledge((second - 1) * 100)
    seen.push(second * 1000 - caughtUp.atMs())
  }
  expect(Math.max(...seen)).toBeLessThanOrEqual(2000)
})

test('what is not read, or not acknowledged, is not caught up with', () => {
  const file = fileAt(100)
  const caughtUp = createCaughtUp(0)
  caughtUp.looked(1000, [file], { isEnd: true, settled: false })
  file.acknowledge(99)
  caughtUp.looked(2000, [file], { isEnd: true, settled: false })
  expect(caughtUp.atMs()).toBe(0)
  file.acknowledge(100)
  expect(caughtUp.atMs()).toBe(1000)
  caughtUp.looked(3000, [file], UNREAD)
  expect(caughtUp.atMs()).toBe(1000)
  caughtUp.looked(4000, [file], { isEnd: true, settled: true })
  expect(caughtUp.atMs()).toBe(4000)
})

test('of several files the slowest counts; with one that is cut it begins anew', () => {
  const [rotated, current] = [fileAt(50), fileAt(10)]
  const caughtUp = createCaughtUp(0)
  caughtUp.looked(1000, [rotated, current], { isEnd: true, settled: false })
  current.acknowledge(10)
  expect(caughtUp.atMs()).toBe(0)
  rotated.acknowledge(50)
  expect(caughtUp.atMs()).toBe(1000)
  current.read(20)
  caughtUp.looked(2000, [current], { isEnd: true, settled: false })
  const again = fileAt(5)
  caughtUp.looked(3000, [again], { isEnd: true, settled: false })
  current.acknowledge(20)
  expect(caughtUp.atMs()).toBe(1000)
  again.acknowledge(5)
  expect(caughtUp.atMs()).toBe(3000)
})
