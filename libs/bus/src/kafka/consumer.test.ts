import { createMetrics, silentLogger } from '@clymene/runtime'
import { expect, test, vi } from 'vitest'

import type { SessionOptions } from './consumer-session.ts'
import { createKafkaConsumer } from './consumer.ts'
import { createKafkaMetrics } from './kafka-metrics.ts'
import { StalledError } from './stall-watch.ts'

/** Memberships, one after the other: each does something and then ends with its error. */
const sessions = vi.hoisted((): ((options: SessionOptions) => Error)[] => [])
vi.mock('./consumer-session.ts', () => ({
  runSession: (options: SessionOptions) => Promise.reject(sessions.shift()?.(options) ?? new Error('one start too many')),
}))

const stalls = (partition: number) => (): Error => new StalledError(`partition ${partition} stands still`, partition)

async function endOf(list: typeof sessions): Promise<string> {
  sessions.splice(0, Infinity, ...list)
  const limits = { queueBytes: 1, batchBytes: 1, sessionTimeoutMs: 1, rebalanceTimeoutMs: 1, stopTimeoutMs: 1 }
  const { consume } = createKafkaConsumer(
    { connection: { brokers: ['b:1'], clientId: 'c' }, ...limits },
    { kindOf: () => 'metrics', metrics: createKafkaMetrics(createMetrics()), logger: silentLogger },
  )
  const end = consume('t', 'g', () => Promise.resolve(), new AbortController().signal).then(() => 'ended', String)
  return end
}

test('a partition that stands still after three starts ends the consumption, whatever the others do', async () => {
  const others = (options: SessionOptions): Error => {
    options.onProgress(1)
    return stalls(0)()
  }
  expect(await endOf([others, others, others])).toBe('Error: partition 0 stands still, also after 3 starts')
  expect(sessions).toEqual([])
})

test('one that goes on after a start is no reason to end', async () => {
  const mended = (options: SessionOptions): Error => {
    options.onProgress(0)
    return stalls(0)()
  }
  expect(await endOf([stalls(0), stalls(0), mended, stalls(0), stalls(0)])).toBe('Error: partition 0 stands still, also after 3 starts')
})
