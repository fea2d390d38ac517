import { expect, test } from 'vitest'

import type { Broker, Cluster } from './internals.ts'
import { readTopicConfig, topicStateOf } from './topic-state.ts'

const partition = (partitionId: number, leader: number, replicas: readonly number[], isr: readonly number[]) => ({
  partitionId,
  leader,
  replicas,
  isr,
})

/** What kafkajs knows of a topic whose configuration is this. */
function cluster(config: Readonly<Record<string, string | null>>) {
  const asked: (number | string)[] = []
  const broker: Pick<Broker, 'describeConfigs'> = {
    describeConfigs: ({ resources }) =>
      Promise.resolve({
        resources: resources.map(({ configNames }) => ({
          configEntries: configNames
            .filter((name) => name in config)
            .map((configName) => ({ configName, configValue: config[configName] ?? null })),
        })),
      }),
  }
  const known: Pick<Cluster, 'brokerPool' | 'findTopicPartitionMetadata' | 'findBroker'> = {
    brokerPool: { metadata: { brokers: [{}, {}, {}] } },
    findTopicPartitionMetadata: () => [partition(0, -1, [1, 2, 3], []), partition(1, 2, [2, 3], [2, 3])],
    findBroker: ({ nodeId }) => {
      asked.push(nodeId)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one call that is made
      return Promise.resolve(broker as Broker)
    },
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is used of it
  return { cluster: known as Cluster, asked }
}

const CONFIG = { 'max.message.bytes': '1048588', 'min.insync.replicas': '2', 'retention.ms': '3600000' }

test.each([
  { name: 'limits', config: CONFIG, expected: { maxMessageBytes: 1_048_588, minInSyncReplicas: 2, retentionMs: 3_600_000 } },
  { name: 'no end of retention', config: { ...CONFIG, 'retention.ms': '-1' }, expected: { retentionMs: Infinity } },
])('reads $name, from a broker that leads', async ({ config, expected }) => {
  const at = cluster(config)
  expect(await readTopicConfig(at.cluster, 't')).toMatchObject(expected)
  expect(at.asked).toEqual([2])
})

test.each([
  { name: 'nothing', config: {} },
  { name: 'no limit', config: { ...CONFIG, 'max.message.bytes': null } },
  { name: 'no number', config: { ...CONFIG, 'max.message.bytes': 'many' } },
])('brokers that say $name are no ground to stand on', async ({ config }) => {
  await expect(readTopicConfig(cluster(config).cluster, 't')).rejects.toThrow('the brokers do not say what max.message.bytes is')
})

test('of partitions the one with fewest copies counts', () => {
  expect(topicStateOf(cluster(CONFIG).cluster, 't', undefined)).toEqual({
    brokers: 3,
    partitions: 2,
    replicas: 2,
    inSyncReplicas: 0,
    config: undefined,
  })
})
