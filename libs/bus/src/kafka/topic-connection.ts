import type { Logger } from '@clymene/model'

import { createClient, type KafkaClient, type KafkaConnection } from './client.ts'
import { createCluster, type Cluster } from './internals.ts'
import { failureOfError, kafkaErrorOf } from './produce-failure.ts'
import { sendProduce } from './produce-request.ts'
import type { RecordBatch } from './record-batch.ts'
import { readMetadata, readNewMetadata } from './topic-metadata.ts'
import { readTopicConfig, topicStateOf, type TopicConfig, type TopicState } from './topic-state.ts'

export type TopicConnection = {
  /** Partitions of the topic as last seen; undefined before the first {@link TopicConnection.refresh} that found it. */
  readonly partitions: () => number | undefined
  /** The topic's limits as last read; undefined when the brokers do not let us, or nobody asked yet. */
  readonly config: () => TopicConfig | undefined
  /**
   * Connects where needed and reads the topic's metadata and limits.
   *
   * @param options.mayCreate whether a missing topic is made where that is allowed; without it there is no error.
   * @throws kafkajs's errors, MissingTopicError when the topic is needed and cannot be made.
   */
  readonly refresh: (options: { readonly mayCreate: boolean }) => Promise<void>
  /** Reads the topic's limits again; never rejects. */
  readonly refreshConfig: () => Promise<void>
  /** @returns the broker's error code. @throws kafkajs's errors. */
  readonly produce: (partition: number, batch: RecordBatch) => Promise<number>
  /** Ends the connections at once; the next use makes new ones. */
  readonly reset: () => void
}

export type TopicConnectionOptions = {
  readonly topic: string
  readonly connection: KafkaConnection
  readonly acks: -1 | 0 | 1
  readonly requestTimeoutMs: number
  /** Makes the topic. @throws MissingTopicError when that is not allowed */
  readonly createTopic: (topic: string, signal: AbortSignal) => Promise<void>
  /** Told what the topic is like each time that this was read. */
  readonly onState: (state: TopicState) => void
  readonly logger: Logger
}

/**
 * The producer's side of one topic. It has connections of its own: a metadata request of kafkajs fails for all topics when
 * one of them is missing, and one stuck topic must not hold up another.
 */
export function createTopicConnection(options: TopicConnectionOptions): TopicConnection {
  const { topic, acks, requestTimeoutMs, logger } = options
  let current: { readonly client: KafkaClient; readonly cluster: Cluster } | undefined
  let known: number | undefined
  let config: TopicConfig | undefined
  let seen: Cluster['brokerPool']['metadata'] = null
  let refusal = ''
  let giveUp = new AbortController()

  const open = () => {
    if (current === undefined) {
      const client = createClient(options.connection, { requestTimeoutMs, logger })
      current = { client, cluster: createCluster(client.kafka) }
    }
    return current
  }

  /** @returns false when the topic is missing and is not to be made. */
  const findOrCreate = async (cluster: Cluster, mayCreate: boolean): Promise<boolean> => {
    try {
      await readMetadata(cluster, topic)
    } catch (error) {
      if (kafkaErrorOf(error).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
      if (!mayCreate) return false
      await options.createTopic(topic, giveUp.signal)
      await readNewMetadata(cluster, topic)
    }
    return true
  }

  /** @returns whether they could be read; else those that were known stay. */
  const readConfig = async (cluster: Cluster): Promise<boolean> => {
    try {
      config = await readTopicConfig(cluster, topic)
      refusal = ''
      return true
    } catch (error) {
      const { reason, verdict } = failureOfError(error)
      // A broker that is away says so in other ways; one that refuses leaves us with what topics are like by default.
      if (verdict === 'operator' && reason !== refusal)
        logger.warn('the limits of a Kafka topic cannot be read, the defaults of brokers are assumed; expected the right DescribeConfigs', {
          topic,
          error: reason,
        })
      refusal = reason
      return false
    }
  }

  const tell = (cluster: Cluster): void => {
    seen = cluster.brokerPool.metadata
    const state = topicStateOf(cluster, topic, config)
    known = state.partitions
    if (known > 0) options.onState(state)
  }

  return {
    partitions: () => known,
    config: () => config,
    refresh: async ({ mayCreate }) => {
      const { cluster } = open()
      if (!(await findOrCreate(cluster, mayCreate))) return
      await readConfig(cluster)
      tell(cluster)
    },
    refreshConfig: async () => {
      const { cluster } = open()
      if (await readConfig(cluster)) tell(cluster)
    },
    produce: async (partition, batch) => {
      const { cluster } = open()
      await cluster.refreshMetadataIfNecessary()
      if (seen !== cluster.brokerPool.metadata) tell(cluster)
      const leader = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)?.leader
      if (leader === undefined) return UNKNOWN_TOPIC_OR_PARTITION
      if (leader < 0) return LEADER_NOT_AVAILABLE
      const broker = await cluster.findBroker({ nodeId: leader })
      // The broker gives up waiting for its replicas before the request times out here, and says so.
      const replicasTimeoutMs = Math.ceil((requestTimeoutMs * 2) / 3)
      return sendProduce(broker, { topic, partition, batch, acks, replicasTimeoutMs, timeoutMs: requestTimeoutMs })
    },
    reset: () => {
      giveUp.abort(new Error('given up'))
      giveUp = new AbortController()
      current?.client.destroy('given up, no answer came')
      current = undefined
    },
  }
}

const UNKNOWN_TOPIC_OR_PARTITION = 3
const LEADER_NOT_AVAILABLE = 5
