import { setTimeout as sleep } from 'node:timers/promises'

import type { Logger } from '@clymene/model'

import { createClient, type KafkaClient, type KafkaConnection } from './client.ts'
import { createCluster, type Cluster } from './internals.ts'
import { kafkaErrorOf } from './produce-failure.ts'
import { sendProduce } from './produce-request.ts'
import type { RecordBatch } from './record-batch.ts'

export type TopicConnection = {
  /** Partitions of the topic as last seen; undefined before the first {@link TopicConnection.refresh}. */
  readonly partitions: () => number | undefined
  /** Connects where needed and reads the topic's metadata, creating the topic when it is missing and that is allowed. */
  readonly refresh: () => Promise<void>
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
  /** Makes the topic; undefined when that is not allowed. */
  readonly createTopic: ((topic: string, signal: AbortSignal) => Promise<void>) | undefined
  readonly logger: Logger
}

/**
 * The producer's side of one topic. It has connections of its own: a metadata request of kafkajs fails for all topics when
 * one of them is missing, and one stuck topic must not hold up another.
 */
export function createTopicConnection(options: TopicConnectionOptions): TopicConnection {
  const { topic, acks, requestTimeoutMs } = options
  let current: { readonly client: KafkaClient; readonly cluster: Cluster } | undefined
  let known: number | undefined
  let giveUp = new AbortController()

  const open = () => {
    if (current === undefined) {
      const client = createClient(options.connection, { requestTimeoutMs, logger: options.logger })
      current = { client, cluster: createCluster(client.kafka) }
    }
    return current
  }

  const readMetadata = async (cluster: Cluster): Promise<void> => {
    await cluster.connect()
    if (cluster.targetTopics.has(topic)) await cluster.refreshMetadata()
    else await cluster.addMultipleTargetTopics([topic])
  }

  const readNewMetadata = async (cluster: Cluster): Promise<void> => {
    for (let tries = 1; ; tries++) {
      try {
        return await readMetadata(cluster)
      } catch (error) {
        if (tries === NEW_TOPIC_TRIES || !NOT_YET.has(kafkaErrorOf(error).type)) throw error
        await sleep(NEW_TOPIC_PAUSE_MS)
      }
    }
  }

  const refresh = async (): Promise<void> => {
    const { cluster } = open()
    try {
      await readMetadata(cluster)
    } catch (error) {
      if (kafkaErrorOf(error).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
      if (options.createTopic === undefined) throw new MissingTopicError(topic, error)
      await options.createTopic(topic, giveUp.signal)
      await readNewMetadata(cluster)
    }
    known = cluster.findTopicPartitionMetadata(topic).length
  }

  const produce = async (partition: number, batch: RecordBatch): Promise<number> => {
    const { cluster } = open()
    await cluster.refreshMetadataIfNecessary()
    const partitions = cluster.findTopicPartitionMetadata(topic)
    known = partitions.length
    const leader = partitions.find(({ partitionId }) => partitionId === partition)?.leader
    if (leader === undefined) return UNKNOWN_TOPIC_OR_PARTITION
    if (leader < 0) return LEADER_NOT_AVAILABLE
    const broker = await cluster.findBroker({ nodeId: leader })
    // The broker gives up waiting for its replicas before the request times out here, and says so.
    const replicasTimeoutMs = Math.ceil((requestTimeoutMs * 2) / 3)
    return sendProduce(broker, { topic, partition, batch, acks, replicasTimeoutMs, timeoutMs: requestTimeoutMs })
  }

  return {
    partitions: () => known,
    refresh,
    produce,
    reset: () => {
      giveUp.abort(new Error('given up'))
      giveUp = new AbortController()
      current?.client.destroy('given up, no answer came')
      current = undefined
    },
  }
}

const NEW_TOPIC_TRIES = 20
const NEW_TOPIC_PAUSE_MS = 50
const NOT_YET: ReadonlySet<string> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'])
const UNKNOWN_TOPIC_OR_PARTITION = 3
const LEADER_NOT_AVAILABLE = 5

/** The topic is not there and is not to be made. */
class MissingTopicError extends Error {
  override readonly name = 'MissingTopicError'
  constructor(topic: string, cause: unknown) {
    super(`topic ${topic} does not exist and --kafka.producer.create-topics is off`, { cause })
  }
}
