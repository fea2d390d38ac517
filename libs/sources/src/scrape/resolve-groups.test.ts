import type { TargetGroup } from '@clymene/model'
import { expect, test } from 'vitest'

import { testJob } from './job.test-kit.ts'
import { createGroupResolver } from './resolve-groups.ts'
import { isOfShard } from './shard.ts'
import { takeTurns } from './take-turns.ts'

const ALL = { index: 0, count: 1 }
const { signal } = new AbortController()

const group = (source: string, ...addresses: string[]): TargetGroup => ({
  source,
  targets: addresses.map((address) => new Map([['__address__', address]])),
  labels: new Map(),
})

test('a group that stays is not resolved again; a target in two groups is one', async () => {
  let resolved = 0
  const relabel = (): boolean => ++resolved > 0
  const resolve = createGroupResolver(testJob({ relabel }), ALL)
  const [one, two] = [group('one', 'a:1', 'b:1'), group('two', 'b:1')]
  expect(
    [
      ...(
        await resolve(
          new Map([
            ['one', one],
            ['two', two],
          ]),
          signal,
        )
      ).targets.values(),
    ].map(({ url }) => url.origin),
  ).toEqual(['http://a:1', 'http://b:1'])
  expect(resolved).toBe(3)
  const next = await resolve(
    new Map([
      ['one', one],
      ['two', group('two', 'c:1')],
    ]),
    signal,
  )
  expect(next.targets.size).toBe(3)
  expect(resolved).toBe(4)
})

const kept: [string, number, number][] = [
  ['all', 0, 30],
  ['as many as the job says', 20, 20],
]
test.each(kept)('of dropped targets are kept %s, and all counted', async (_, keepDroppedTargets, expected) => {
  const resolve = createGroupResolver(testJob({ keepDroppedTargets, relabel: () => false }), ALL)
  const addresses = Array.from({ length: 10 }, (_address, index) => `a:${index}`)
  const groups = new Map(['one', 'two', 'three'].map((name) => [name, group(name, ...addresses)]))
  const found = await resolve(groups, signal)
  expect([found.dropped.length, found.droppedCount]).toEqual([expected, 30])
  groups.delete('one')
  groups.set('four', group('four', ...addresses))
  const next = await resolve(groups, signal)
  expect([next.dropped.length, next.droppedCount]).toEqual([expected, 30])
})

test('keeping all dropped targets has a ceiling', async () => {
  const resolve = createGroupResolver(testJob({ relabel: () => false }), ALL)
  const addresses = Array.from({ length: 6000 }, (_, index) => `a:${index}`)
  const found = await resolve(new Map([['g', group('g', ...addresses)]]), signal)
  expect([found.dropped.length, found.droppedCount]).toEqual([5000, 6000])
})

test('each target belongs to one shard, whatever the order; targets of others are only counted', async () => {
  const addresses = Array.from({ length: 300 }, (_, index) => `10.0.0.${index}:9100`)
  const shards = await Promise.all(
    [0, 1, 2].map((index) =>
      createGroupResolver(testJob(), { index, count: 3 })(
        new Map([['g', group('g', ...(index === 1 ? addresses.toReversed() : addresses))]]),
        signal,
      ),
    ),
  )
  const origins = shards.flatMap(({ targets }) => [...targets.values()].map(({ url }) => url.origin))
  expect(new Set(origins).size).toBe(300)
  expect(origins).toHaveLength(300)
  for (const { targets, otherShards, dropped } of shards) {
    expect(targets.size).toBeGreaterThan(70)
    expect(targets.size + otherShards).toBe(300)
    expect(dropped).toEqual([])
  }
})

test('a shard is what hashmod makes of the URL', () => {
  // The last eight bytes of the MD5 of http://a:1/metrics, by openssl.
  const last = BigInt('0x9cfd27f35e8c687d')
  expect([0, 1, 2, 3, 4, 5, 6].filter((index) => isOfShard({ origin: 'http://a:1', path: '/metrics' }, { index, count: 7 }))).toEqual([
    Number(last % 7n),
  ])
})

test('long work lets others in between, and ends where it is told to', async () => {
  let others = 0
  const other = (): void => {
    others++
    next = setImmediate(other)
  }
  let next = setImmediate(other)
  const busy = (): void => {
    const end = performance.now() + 1
    while (performance.now() < end);
  }
  const items = Array.from({ length: 100 }, (_, index) => index)
  await takeTurns(items, busy, signal)
  clearImmediate(next)
  expect(others).toBeGreaterThan(2)

  const stop = new AbortController()
  let done = 0
  const work = takeTurns(
    items,
    () => {
      busy()
      if (++done === 20) stop.abort(new Error('enough'))
    },
    stop.signal,
  )
  await expect(work).rejects.toThrow('enough')
  expect(done).toBeLessThan(100)
})
