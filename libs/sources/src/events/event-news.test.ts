import { describe, expect, test } from 'vitest'

import { eventOf } from './cluster.test-kit.ts'
import { createEventNews, type EventsReached } from './event-news.ts'
import { readEvent } from './read-event.ts'

const NEVER: EventsReached = { version: '', newestNs: 0n }
const SECOND = 1_000_000_000n

type Given = readonly [name: string, version: string, count: number, second: number]
const change = (type: 'LISTED' | 'ADDED' | 'MODIFIED' | 'DELETED', [name, version, count, second]: Given) => {
  const lastTimestamp = new Date(second * 1000).toISOString()
  const metadata = { name, uid: name, resourceVersion: version }
  return { type, object: readEvent({ ...eventOf(name, { count, lastTimestamp }), metadata }) } as const
}

test('a repeat is news when its count or time rises, an edit is none', () => {
  const { isNews } = createEventNews({ oldestNs: 0n })
  expect(isNews(change('ADDED', ['a', '1', 1, 10]), NEVER, undefined)).toBe(true)
  expect(isNews(change('MODIFIED', ['a', '2', 1, 10]), NEVER, undefined)).toBe(false)
  expect(isNews(change('MODIFIED', ['a', '3', 2, 11]), NEVER, undefined)).toBe(true)
  expect(isNews(change('MODIFIED', ['a', '4', 9, 11]), NEVER, undefined)).toBe(true)
  expect(isNews(change('MODIFIED', ['a', '5', 9, 12]), NEVER, undefined)).toBe(true)
  expect(isNews(change('DELETED', ['a', '6', 9, 12]), NEVER, undefined)).toBe(false)
})

test('the deletion of an event that was never seen is none', () => {
  expect(createEventNews({ oldestNs: 0n }).isNews(change('DELETED', ['a', '6', 9, 12]), NEVER, undefined)).toBe(false)
})

describe('a list', () => {
  test('of the very first time is news down to an age', () => {
    const { isNews } = createEventNews({ oldestNs: 100n * SECOND })
    expect(isNews(change('LISTED', ['old', '1', 1, 99]), NEVER, '5')).toBe(false)
    expect(isNews(change('LISTED', ['young', '2', 1, 100]), NEVER, '5')).toBe(true)
    // What is old and occurs again is news.
    expect(isNews(change('MODIFIED', ['old', '6', 2, 101]), NEVER, undefined)).toBe(true)
  })

  test.each<[what: string, given: Given, listVersion: string, expected: boolean]>([
    ['has what was before', ['a', '40', 1, 900], '60', false],
    ['has what was the last before', ['a', '50', 1, 900], '60', false],
    ['has what came since, however old it says it is', ['a', '51', 1, 1], '60', true],
    ['of a restored store has what was before, by time', ['a', '20', 1, 500], '30', false],
    ['of a restored store has what came since, by time', ['a', '20', 1, 501], '30', true],
    ['whose versions are no numbers goes by time: before', ['a', 'x', 1, 500], 'y', false],
    ['whose versions are no numbers goes by time: since', ['a', 'x', 1, 501], 'y', true],
  ])('after a gap %s', (_what, given, listVersion, expected) => {
    const { isNews } = createEventNews({ oldestNs: 0n })
    expect(isNews(change('LISTED', given), { version: '50', newestNs: 500n * SECOND }, listVersion)).toBe(expected)
  })

  test('after a gap has nothing new of what was told in between', () => {
    const { isNews } = createEventNews({ oldestNs: 0n })
    const reached = { version: '50', newestNs: 0n }
    expect(isNews(change('ADDED', ['a', '51', 1, 1]), reached, undefined)).toBe(true)
    expect(isNews(change('LISTED', ['a', '51', 1, 1]), reached, '60')).toBe(false)
  })
})

test('so many are remembered; of one that was forgotten an edit counts as an occurrence', () => {
  const news = createEventNews({ oldestNs: 0n, most: 2 })
  for (const name of ['a', 'b', 'a', 'c']) news.isNews(change('MODIFIED', [name, '1', 1, 1]), NEVER, undefined)
  expect(news.size()).toBe(2)
  expect(news.isNews(change('MODIFIED', ['a', '2', 1, 1]), NEVER, undefined)).toBe(false)
  expect(news.isNews(change('MODIFIED', ['b', '2', 1, 1]), NEVER, undefined)).toBe(true)
})
