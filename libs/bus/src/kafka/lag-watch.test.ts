import { createMetrics } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { createKafkaMetrics } from './kafka-metrics.ts'
import { createLagWatch, type LagWatch } from './lag-watch.ts'
import type { PartitionReader } from './partition-reader.ts'

const NOW = 1_000_000
const at = (offset: number, partition = 0) => [{ partition, offset: String(offset) }]

/** A partition's reader that holds messages from this time on; undefined: none. */
const reader = (oldest?: number): PartitionReader => ({
  partition: 0,
  push: () => undefined,
  greet: () => undefined,
  position: () => undefined,
  queuedBytes: () => 0,
  pendingSince: () => undefined,
  isIdle: () => oldest === undefined,
  oldest: () => oldest,
  kick: () => undefined,
  lose: () => undefined,
  idle: () => Promise.resolve(),
})

const ofTen = { partition: 0, first: 10n, last: 19n, bytes: 5000, end: 30n, startsOver: false }

async function observed(act: (watch: LagWatch) => void, oldest?: number) {
  const metrics = createMetrics()
  const watch = createLagWatch({ topic: 't', group: 'g', storage: 's', metrics: createKafkaMetrics(metrics) })
  act(watch)
  watch.observe([reader(oldest)], NOW)
  const read = async (name: string) => (await metrics.registry.getSingleMetric(`clymene_kafka_${name}`)!.get()).values[0]
  expect((await read('lag_messages'))?.labels ?? { topic: 't', group: 'g', storage: 's', partition: '0' }).toEqual({
    topic: 't',
    group: 'g',
    storage: 's',
    partition: '0',
  })
  const names = ['lag_messages', 'lag_bytes', 'lag_seconds', 'until_expiry_seconds']
  return Promise.all(names.map(async (name) => (await read(name))?.value))
}

describe('messages, bytes, seconds, and seconds until they are lost', () => {
  test.each<{ name: string; act: (watch: LagWatch) => void; oldest?: number; expected: readonly (number | undefined)[] }>([
    { name: 'nothing is known', act: () => undefined, expected: [undefined, undefined, undefined, undefined] },
    {
      name: 'a new group on an old topic, before the first fetch',
      act: (watch) => {
        watch.standing(at(-1), at(4))
        watch.ends(at(10))
      },
      expected: [6, undefined, undefined, undefined],
    },
    {
      name: 'a group that has read all',
      act: (watch) => {
        watch.standing(at(10), at(4))
        watch.ends(at(10))
        watch.retention(60_000)
      },
      expected: [0, 0, 0, 60],
    },
    {
      name: 'retention was faster than the group',
      act: (watch) => {
        watch.standing(at(3), at(8))
        watch.ends(at(10))
      },
      expected: [2, undefined, undefined, undefined],
    },
    {
      name: 'fetched and not committed: the mean size is that of what was fetched',
      act: (watch) => {
        watch.fetched(ofTen)
        watch.retention(60_000)
      },
      oldest: NOW - 20_000,
      expected: [20, 10_000, 20, 40],
    },
    {
      name: 'some committed',
      act: (watch) => {
        watch.fetched(ofTen)
        watch.committed(0, 15n)
      },
      oldest: NOW - 3000,
      expected: [15, 7500, 3, undefined],
    },
    {
      name: 'overdue',
      act: (watch) => {
        watch.fetched(ofTen)
        watch.retention(60_000)
      },
      oldest: NOW - 90_000,
      expected: [20, 10_000, 90, 0],
    },
    {
      name: 'kept for ever',
      act: (watch) => {
        watch.fetched(ofTen)
        watch.retention(Infinity)
      },
      oldest: NOW - 90_000,
      expected: [20, 10_000, 90, Infinity],
    },
    {
      name: 'a sender whose clock is ahead',
      act: (watch) => watch.fetched(ofTen),
      oldest: NOW + 5000,
      expected: [20, 10_000, 0, undefined],
    },
    {
      name: 'the end of a transaction, which nobody commits',
      act: (watch) => {
        watch.fetched({ ...ofTen, end: 21n })
        watch.committed(0, 20n)
        watch.passed(0, 21n)
      },
      expected: [0, 0, 0, undefined],
    },
    {
      name: 'a topic that was made anew',
      act: (watch) => {
        watch.fetched(ofTen)
        watch.committed(0, 20n)
        watch.passed(0, 20n)
        watch.fetched({ partition: 0, first: 0n, last: 1n, bytes: 1000, end: 2n, startsOver: true })
      },
      oldest: NOW,
      expected: [2, 1000, 0, undefined],
    },
    {
      name: 'a partition that is given away has none',
      act: (watch) => {
        watch.fetched(ofTen)
        watch.keepOnly(new Set())
      },
      expected: [undefined, undefined, undefined, undefined],
    },
  ])('$name: $expected', async ({ act, oldest, expected }) => {
    expect(await observed(act, oldest)).toEqual(expected)
  })
})
