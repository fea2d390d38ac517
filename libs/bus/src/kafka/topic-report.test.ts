import { createMetrics } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { recordingLogger } from '../embedded/test-kit.ts'
import { createTopicMetrics, createTopicReport } from './topic-report.ts'
import { usableBytes, type TopicState } from './topic-state.ts'

const CONFIG = { maxMessageBytes: 1_048_588, minInSyncReplicas: 2, retentionMs: 72 * 3_600_000 }
const SAFE: TopicState = { brokers: 3, partitions: 6, replicas: 3, inSyncReplicas: 3, config: CONFIG }

function report() {
  const metrics = createMetrics()
  const logger = recordingLogger()
  const value = async (name: string) => (await metrics.registry.getSingleMetric(`clymene_kafka_topic_${name}`)!.get()).values[0]?.value
  return { tell: createTopicReport({ topic: 't', metrics: createTopicMetrics(metrics), logger }), lines: logger.lines, value }
}

test('what a topic is like is one line and its metrics; what stays is not told again', async () => {
  const { tell, lines, value } = report()
  tell(SAFE)
  tell(SAFE)
  expect(lines).toMatchObject([
    {
      level: 'info',
      fields: { topic: 't', brokers: 3, partitions: 6, replicas: 3, inSyncReplicas: 3, minInSyncReplicas: 2, retentionHours: 72 },
    },
  ])
  expect(await value('at_risk')).toBe(0)
  expect(await value('retention_seconds')).toBe(259_200)
  expect(await value('max_message_bytes')).toBe(1_048_588)
  expect(await value('min_in_sync_replicas')).toBe(2)
})

test.each([
  { name: 'one copy', state: { ...SAFE, replicas: 1, inSyncReplicas: 1 }, expected: /on one broker only/ },
  { name: 'one copy in sync', state: { ...SAFE, inSyncReplicas: 1 }, expected: /only one replica is in sync/ },
  { name: 'one copy asked for', state: { ...SAFE, config: { ...CONFIG, minInSyncReplicas: 1 } }, expected: /min\.insync\.replicas of 2/ },
])('a warning with several brokers: $name', async ({ state, expected }) => {
  const { tell, lines, value } = report()
  tell(state)
  tell(state)
  expect(lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([expect.stringMatching(expected)])
  expect(await value('at_risk')).toBe(1)
  tell(SAFE)
  expect(await value('at_risk')).toBe(0)
})

test.each([
  { name: 'a single broker cannot do better', state: { ...SAFE, brokers: 1, replicas: 1, inSyncReplicas: 1 } },
  { name: 'values that may not be read are not guessed', state: { ...SAFE, config: undefined } },
])('no warning: $name', async ({ state }) => {
  const { tell, lines, value } = report()
  tell(state)
  expect(lines.map(({ level }) => level)).toEqual(['info'])
  expect(await value('at_risk')).toBe(0)
})

test.each([
  { limit: 1_048_588, usable: 983_052 },
  { limit: 200_000, usable: 134_464 },
  { limit: 100_000, usable: 50_000 },
])('of a limit of $limit bytes $usable are used', ({ limit, usable }) => {
  expect(usableBytes({ maxMessageBytes: limit })).toBe(usable)
})
