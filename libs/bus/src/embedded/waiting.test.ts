import { createMetrics } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import type { EmbeddedBus } from './embedded-bus.ts'
import { message, openBus, produce, readRest, temporaryDirectory } from './test-kit.ts'

const NOW = 1_795_000_000_000

async function setUp() {
  const clock = { ms: NOW }
  const metrics = createMetrics()
  const bus = await openBus({ directory: temporaryDirectory(), component: 'buffer', metrics, now: () => clock.ms })
  const shown = async (name: string): Promise<Readonly<Record<string, number>>> => {
    await bus.housekeep()
    const { values } = (await metrics.registry.getSingleMetric(`clymene_buffer_${name}`)?.get()) ?? { values: [] }
    return Object.fromEntries(values.map(({ labels, value }) => [labels['group'], value]))
  }
  return { bus, clock, shown }
}

/** A group that holds its batch until it may go on, record by record. */
function hold(bus: EmbeddedBus, group: string) {
  const stop = new AbortController()
  const handed = Promise.withResolvers<(count: number) => Promise<void>>()
  const end = Promise.withResolvers<void>()
  const done = bus.consume(
    't',
    group,
    async ({ commit }) => {
      handed.resolve(async (count) => commit?.(count))
      await end.promise
    },
    stop.signal,
  )
  const letGo = async (): Promise<void> => {
    stop.abort()
    end.resolve()
    await done
  }
  return { handed: handed.promise, letGo }
}

describe('the age of the oldest message that waits', () => {
  test('is that of the first one that the group is not done with', async () => {
    const { bus, clock, shown } = await setUp()
    for (const sequence of [0, 1, 2]) {
      await produce(bus, 't', message(sequence))
      clock.ms += 10_000
    }
    const { handed, letGo } = hold(bus, 'g')
    const commit = await handed
    expect(await shown('oldest_waiting_seconds')).toEqual({ g: 30 })
    await commit(1)
    expect(await shown('oldest_waiting_seconds')).toEqual({ g: 20 })
    expect(await shown('waiting_records')).toEqual({ g: 2 })
    clock.ms += 5000
    expect(await shown('oldest_waiting_seconds')).toEqual({ g: 25 })
    await letGo()
    expect(await shown('oldest_waiting_seconds')).toEqual({ g: 0 })
    expect(await shown('waiting_records')).toEqual({ g: 0 })
  })

  test('each group has its own', async () => {
    const { bus, clock, shown } = await setUp()
    await produce(bus, 't', message(0))
    await readRest(bus, 't', 'fast')
    const { handed, letGo } = hold(bus, 'slow')
    await handed
    clock.ms += 60_000
    expect(await shown('oldest_waiting_seconds')).toEqual({ fast: 0, slow: 60 })
    await letGo()
  })

  test('a group that is not at work has that of the segment where it stands', async () => {
    const { bus, clock, shown } = await setUp()
    await produce(bus, 't', message(0))
    await readRest(bus, 't', 'g')
    clock.ms += 1000
    await produce(bus, 't', message(1))
    clock.ms += 1000
    expect(await shown('oldest_waiting_seconds')).toEqual({ g: 2 })
    expect(await shown('waiting_records')).toEqual({ g: 1 })
  })
})
