import { createMetrics } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { recordingLogger } from '../embedded/test-kit.ts'
import { createExpiryWatch, type ExpiryWatch } from './expiry-watch.ts'
import { createKafkaMetrics } from './kafka-metrics.ts'

const at = (offset: number, partition = 0) => [{ partition, offset: String(offset) }]

async function expiredAfter(act: (watch: ExpiryWatch) => void): Promise<number> {
  const logger = recordingLogger()
  const metrics = createKafkaMetrics(createMetrics())
  const watch = createExpiryWatch({ topic: 't', group: 'g', metrics, logger })
  act(watch)
  const counted = (await metrics.expiredMessages.get()).values.reduce((sum, { value }) => sum + value, 0)
  const errors = logger.lines.filter(({ level }) => level === 'error').map(({ fields }) => Number(fields['messages']))
  expect(errors.reduce((sum, messages) => sum + messages, 0)).toBe(counted)
  // Told with what comes next, once.
  expect([watch.take(0), watch.take(0)]).toEqual([counted, 0])
  return counted
}

test('what was found of a partition that was given away is not told: its next reader finds where the group stands', () => {
  const watch = createExpiryWatch({ topic: 't', group: 'g', metrics: createKafkaMetrics(createMetrics()), logger: recordingLogger() })
  watch.standing(at(3), at(10))
  watch.keepOnly([1])
  expect(watch.take(0)).toBe(0)
})

describe('messages that retention deleted unread', () => {
  test.each<{ name: string; expected: number; act: (watch: ExpiryWatch) => void }>([
    { name: 'the group stands before the oldest', expected: 7, act: (watch) => watch.standing(at(3), at(10)) },
    {
      name: 'the first fetch says the same once more',
      expected: 7,
      act: (watch) => {
        watch.standing(at(3), at(10))
        watch.asked(0, 10n)
      },
    },
    {
      name: 'more goes before the first fetch',
      expected: 9,
      act: (watch) => {
        watch.standing(at(3), at(10))
        watch.asked(0, 12n)
      },
    },
    {
      name: 'the oldest is not known, the first fetch tells',
      expected: 2,
      act: (watch) => {
        watch.standing(at(3), [])
        watch.asked(0, 5n)
      },
    },
    {
      name: 'between two fetches',
      expected: 4,
      act: (watch) => {
        watch.passed(0, 6n)
        watch.asked(0, 10n)
      },
    },
    {
      name: 'kafkajs commits the oldest after an offset out of range, and asks where it stands',
      expected: 4,
      act: (watch) => {
        watch.passed(0, 6n)
        watch.standing(at(10), at(10))
        watch.asked(0, 10n)
      },
    },
    { name: 'the group stands at the oldest', expected: 0, act: (watch) => watch.standing(at(3), at(3)) },
    { name: 'the group stands at the end', expected: 0, act: (watch) => watch.standing(at(30), at(3)) },
    {
      name: 'a new group',
      expected: 0,
      act: (watch) => {
        watch.standing(at(-1), at(10))
        watch.asked(0, 10n)
      },
    },
    { name: 'another partition', expected: 0, act: (watch) => watch.standing(at(3, 1), at(10, 0)) },
    {
      name: 'a partition that somebody else has read on meanwhile',
      expected: 0,
      act: (watch) => {
        watch.passed(0, 6n)
        watch.keepOnly([1])
        watch.standing(at(10), at(8))
        watch.asked(0, 10n)
      },
    },
    {
      name: 'a topic that was made anew',
      expected: 0,
      act: (watch) => {
        watch.passed(0, 60n)
        watch.asked(0, 0n)
      },
    },
  ])('$name: $expected', async ({ expected, act }) => {
    expect(await expiredAfter(act)).toBe(expected)
  })
})
