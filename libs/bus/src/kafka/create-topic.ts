import type { Logger } from '@clymene/model'

import { createClient, type KafkaConnection } from './client.ts'
import { createCluster } from './internals.ts'
import { kafkaErrorOf } from './produce-failure.ts'

export type TopicLayout = {
  readonly partitions: number
  /** Copies of each message, but never more than there are brokers. */
  readonly replication: number
}

const TIMEOUT_MS = 15_000

/**
 * Makes a topic with the given number of partitions; a topic that somebody else made meanwhile is fine. It may take a moment
 * until every broker knows it.
 *
 * @throws kafkajs's errors, also when `signal` aborts.
 */
export async function createTopic(
  topic: string,
  { partitions, replication }: TopicLayout,
  { connection, logger }: { readonly connection: KafkaConnection; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  const client = createClient(connection, { requestTimeoutMs: TIMEOUT_MS, logger })
  const stop = (): void => client.destroy('no longer wanted')
  signal.addEventListener('abort', stop, { once: true })
  const cluster = createCluster(client.kafka)
  const admin = client.kafka.admin()
  try {
    await cluster.connect()
    await cluster.refreshMetadata()
    const replicationFactor = Math.min(replication, cluster.brokerPool.metadata?.brokers.length ?? 1)
    await admin.connect()
    const made = await admin.createTopics({
      topics: [{ topic, numPartitions: partitions, replicationFactor }],
      // kafkajs's wait fails when the brokers have not heard of the topic yet.
      waitForLeaders: false,
      timeout: TIMEOUT_MS,
    })
    if (made) logger.info('topic created', { topic, partitions, replication: replicationFactor })
  } catch (error) {
    if (kafkaErrorOf(error).type !== 'TOPIC_ALREADY_EXISTS') throw error
  } finally {
    signal.removeEventListener('abort', stop)
    client.destroy('no longer needed')
  }
}
