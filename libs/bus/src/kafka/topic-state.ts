import type { Cluster } from './internals.ts'

/** What decides how safe a topic's messages are, and how large they may be. Kafka's names are in the comments. */
export type TopicState = {
  readonly brokers: number
  readonly partitions: number
  /** Of the partition that has fewest. */
  readonly replicas: number
  readonly inSyncReplicas: number
  /** Undefined when the brokers do not let this client read it. */
  readonly config: TopicConfig | undefined
}

export type TopicConfig = {
  /** `max.message.bytes`: of a record batch as it is sent. */
  readonly maxMessageBytes: number
  /** `min.insync.replicas` */
  readonly minInSyncReplicas: number
  /** `retention.ms`; Infinity when messages are kept for ever. */
  readonly retentionMs: number
}

const TOPIC_RESOURCE = 2
const NAMES = { maxMessageBytes: 'max.message.bytes', minInSyncReplicas: 'min.insync.replicas', retentionMs: 'retention.ms' } as const

/** The topic's own values, or those that it has from the brokers. @throws kafkajs's errors, also when it may not be read. */
export async function readTopicConfig(cluster: Cluster, topic: string): Promise<TopicConfig> {
  const values = await readSettings(cluster, topic, Object.values(NAMES))
  const read = (name: string): number => {
    const value = values.get(name) ?? ''
    if (!/^-?\d{1,19}$/.test(value)) throw new Error(`the brokers do not say what ${name} is`)
    return Number(value)
  }
  const maxMessageBytes = read(NAMES.maxMessageBytes)
  const retentionMs = read(NAMES.retentionMs)
  return {
    maxMessageBytes,
    minInSyncReplicas: read(NAMES.minInSyncReplicas),
    retentionMs: retentionMs < 0 ? Infinity : retentionMs,
  }
}

/** `compact`, `delete` or both. @throws kafkajs's errors, also when it may not be read. */
export const readCleanupPolicy = async (cluster: Cluster, topic: string): Promise<string | undefined> =>
  (await readSettings(cluster, topic, ['cleanup.policy'])).get('cleanup.policy') ?? undefined

async function readSettings(cluster: Cluster, topic: string, configNames: readonly string[]): Promise<ReadonlyMap<string, string | null>> {
  const broker = await cluster.findBroker({
    nodeId: cluster.findTopicPartitionMetadata(topic).find(({ leader }) => leader >= 0)?.leader ?? 0,
  })
  const { resources } = await broker.describeConfigs({ resources: [{ type: TOPIC_RESOURCE, name: topic, configNames }] })
  return new Map(resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]))
}

/** From the cluster's metadata, as last read. */
export function topicStateOf(cluster: Cluster, topic: string, config: TopicConfig | undefined): TopicState {
  const partitions = cluster.findTopicPartitionMetadata(topic)
  return {
    brokers: cluster.brokerPool.metadata?.brokers.length ?? 0,
    partitions: partitions.length,
    replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    inSyncReplicas: Math.min(...partitions.map(({ isr }) => isr.length)),
    config,
  }
}

/** `max.message.bytes` of a topic that does not say: Kafka's default. */
const DEFAULT_MAX_MESSAGE_BYTES = 1024 * 1024
const HEADROOM_BYTES = 64 * 1024

/**
 * Bytes of one request to a partition that leave headroom under the topic's limit: a dead letter holds the message and says more, and
 * other programs that write it again may do so less tightly.
 */
export function usableBytes(config: Pick<TopicConfig, 'maxMessageBytes'> | undefined): number {
  const limit = config?.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES
  return Math.max(limit - HEADROOM_BYTES, limit >> 1)
}
