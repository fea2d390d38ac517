import type { Logger } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { describe, expect, test, vi } from 'vitest'

import { recordingLogger } from '../embedded/test-kit.ts'
import type { SessionOptions } from './consumer-session.ts'
import { createKafkaConsumer, type KafkaConsumer } from './consumer.ts'
import { createKafkaMetrics } from './kafka-metrics.ts'
import { StalledError } from './stall-watch.ts'

/** Memberships, one after the other: each does something and then ends with its error. */
const sessions = vi.hoisted((): ((options: SessionOptions) => Error)[] => [])
vi.mock('./consumer-session.ts', () => ({
  runSession: (options: SessionOptions) => Promise.reject(sessions.shift()?.(options) ?? new Error('one start too many')),
}))

vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }))

const stalls = (partition: number) => (): Error => new StalledError(`partition ${partition} stands still`, partition)

function consumerOf(list: typeof sessions, logger: Logger = silentLogger): KafkaConsumer {
  sessions.splice(0, Infinity, ...list)
  const limits = { queueBytes: 1, batchBytes: 1, batchWaitMs: 0, sessionTimeoutMs: 1, rebalanceTimeoutMs: 1, stopTimeoutMs: 1 }
  return createKafkaConsumer(
    { connection: { brokers: ['b:1'], clientId: 'c' }, ...limits },
    { kindOf: () => 'metrics', metrics: createKafkaMetrics(createMetrics()), logger },
  )
}

async function endOf(list: typeof sessions, logger: Logger = silentLogger): Promise<string> {
  const { consume } = consumerOf(list, logger)
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

test('what it is not ready for: joining, joining again after what ended the membership before, nothing once it has its partitions', async () => {
  const told: (string | undefined)[] = []
  const away = (): Error => Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { name: 'KafkaJSConnectionError' })
  const look = (options: SessionOptions): Error => {
    told.push(unavailable())
    options.onReady()
    told.push(unavailable())
    return away()
  }
  const missing = (): Error =>
    Object.assign(new Error('no such topic'), { name: 'KafkaJSProtocolError', type: 'UNKNOWN_TOPIC_OR_PARTITION' })
  const { unavailable, consume } = consumerOf([look, look, missing, look, stalls(9), stalls(9), stalls(9)])
  await expect(consume('t', 'g', () => Promise.resolve(), new AbortController().signal)).rejects.toThrow('partition 9 stands still')
  const again = expect.stringMatching(/^group g, topic t: joining again, after: .*ECONNREFUSED/)
  expect([...told, unavailable()]).toEqual(['group g, topic t: joining', undefined, again, undefined, undefined, undefined, undefined])
})

describe('what the log says', () => {
  const ready = (options: SessionOptions): void => options.onReady()
  const missing = (): Error =>
    Object.assign(new Error('no such topic'), { name: 'KafkaJSProtocolError', type: 'UNKNOWN_TOPIC_OR_PARTITION' })
  const MISSING = 'warn cannot consume: the topic does not exist; waiting for whoever produces to it first'
  const READ = 'info Kafka topic is read'

  test.each([
    {
      name: 'a topic that is there is read; rebalances are nothing new',
      list: [
        (options: SessionOptions) => {
          ready(options)
          ready(options)
          return stalls(0)()
        },
      ],
      told: [READ, 'warn cannot consume: partition 0 stands still'],
    },
    {
      name: 'a topic that was missing is said to be read when it is there',
      list: [
        missing,
        missing,
        (options: SessionOptions) => {
          ready(options)
          return stalls(0)()
        },
      ],
      told: [MISSING, READ, 'warn cannot consume: partition 0 stands still'],
    },
    {
      name: 'what was not complained about is not said to be over',
      list: [stalls(0), stalls(1), stalls(2)].map((fail) => (options: SessionOptions) => {
        ready(options)
        return fail()
      }),
      told: [READ, 'warn cannot consume: partition 0 stands still', READ],
    },
  ])('$name', async ({ list, told }) => {
    const logger = recordingLogger()
    // The end is a partition that stands still again and again, which is held back in the log.
    await endOf([...list, stalls(9), stalls(9), stalls(9)], logger)
    expect(logger.lines.map(({ level, message }) => `${level} ${message}`)).toEqual(told)
  })
})
