import { describe, expect, test } from 'vitest'

import type { PartitionReader } from './partition-reader.ts'
import { createStallWatch, StalledError } from './stall-watch.ts'

const reader = (partition: number, isIdle: boolean): PartitionReader => ({
  partition,
  push: () => undefined,
  greet: () => undefined,
  position: () => undefined,
  queuedBytes: () => 0,
  pendingSince: () => undefined,
  isIdle: () => isIdle,
  oldest: () => undefined,
  kick: () => undefined,
  lose: () => undefined,
  idle: () => Promise.resolve(),
})

type Look = { readonly isIdle?: boolean; readonly next?: bigint; readonly messages?: number } | 'unknown'

/** What the last of these looks at one partition says. */
function afterLooks(looks: readonly Look[]): StalledError | undefined {
  const watch = createStallWatch({ topic: 't', group: 'g' })
  let found: StalledError | undefined
  for (const look of looks) {
    const { isIdle = true, next = 5n, messages = 3 } = look === 'unknown' ? {} : look
    const lagOf = ({ partition }: PartitionReader) => {
      if (look === 'unknown') return undefined
      return partition === 1 ? { next, messages } : { next: 0n, messages: 0 }
    }
    found = watch.look([reader(0, true), reader(1, isIdle)], lagOf)
  }
  return found
}

const still: Look = {}
const times = (count: number, look: Look): readonly Look[] => Array.from({ length: count }, () => look)

describe('a partition that stands still', () => {
  test('while messages wait is told after twelve looks', () => {
    expect(afterLooks(times(11, still))).toBeUndefined()
    const found = afterLooks(times(12, still))
    expect(found).toBeInstanceOf(StalledError)
    expect(found).toMatchObject({ partition: 1, message: 'group g, topic t, partition 1: 3 messages wait and none is fetched' })
  })

  test.each<{ name: string; looks: readonly Look[] }>([
    { name: 'with nothing to read', looks: times(20, { messages: 0 }) },
    { name: 'whose messages wait for their storage', looks: times(20, { isIdle: false }) },
    { name: 'of which nothing is known', looks: times(20, 'unknown') },
    { name: 'that went on in between', looks: [...times(11, still), { next: 6n }, ...times(10, { next: 6n })] },
    { name: 'that was empty in between', looks: [...times(11, still), { messages: 0 }, ...times(11, still)] },
  ])('$name is none', ({ looks }) => {
    expect(afterLooks(looks)).toBeUndefined()
  })
})
