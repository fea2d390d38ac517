import type { Logger } from '@clymene/model'

import { createClient, type KafkaConnection } from './client.ts'
import { createCluster } from './internals.ts'
import { failureOfError, kafkaErrorOf } from './produce-failure.ts'

export type TopicLayout = {
  readonly partitions: number
  /** Copies of each message, but never more than there are brokers. */
  readonly replication: number
  /** Copies without which nothing is taken, but never more than there are copies. */
  readonly minInSyncReplicas: number
  /** Absent where messages are not deleted by age. */
  readonly retentionMs?: number
  /** Further settings, by Kafka's names. */
  readonly settings?: Readonly<Record<string, string>>
}

export type TopicCreation = TopicLayout & {
  /** Without it a missing topic is an error that says what to do. */
  readonly isAllowed: boolean
  /** Why it is not allowed; default the producer's flag. */
  readonly refusal?: string
}

const TIMEOUT_MS = 15_000

/**
 * Makes a topic; one that somebody else made meanwhile is fine. It may take a moment until every broker knows it.
 *
 * @throws MissingTopicError when that is not allowed, by our flag or by the brokers; kafkajs's errors, also when `signal` aborts.
 */
export async function createTopic(
  topic: string,
  { isAllowed, refusal = '--kafka.producer.create-topics is off', ...wanted }: TopicCreation,
  { connection, logger }: { readonly connection: KafkaConnection; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  if (!isAllowed) throw new MissingTopicError(topic, wanted, refusal)
  const client = createClient(connection, { requestTimeoutMs: TIMEOUT_MS, logger })
  const stop = (): void => client.destroy('no longer wanted')
  signal.addEventListener('abort', stop, { once: true })
  const cluster = createCluster(client.kafka)
  const admin = client.kafka.admin()
  try {
    await cluster.connect()
    await cluster.refreshMetadata()
    const layout = possible(wanted, cluster.brokerPool.metadata?.brokers.length ?? 1)
    await admin.connect()
    const made = await admin.createTopics({
      topics: [
        { topic, numPartitions: layout.partitions, replicationFactor: layout.replication, configEntries: [...configEntries(layout)] },
      ],
      // kafkajs's wait fails when the brokers have not heard of the topic yet.
      waitForLeaders: false,
      timeout: TIMEOUT_MS,
    })
    if (made) logger.info('topic created', { topic, ...layout })
  } catch (error) {
    if (kafkaErrorOf(error).type === 'TOPIC_ALREADY_EXISTS') return
    const { verdict, reason } = failureOfError(error)
    throw verdict === 'operator' ? new MissingTopicError(topic, wanted, `making it failed: ${reason}`, error) : error
  } finally {
    signal.removeEventListener('abort', stop)
    client.destroy('no longer needed')
  }
}

function possible(layout: TopicLayout, brokers: number): TopicLayout {
  const copies = Math.min(layout.replication, brokers)
  return { ...layout, replication: copies, minInSyncReplicas: Math.min(layout.minInSyncReplicas, copies) }
}

const configEntries = ({
  minInSyncReplicas,
  retentionMs,
  settings,
}: TopicLayout): readonly { readonly name: string; readonly value: string }[] => [
  { name: 'min.insync.replicas', value: String(minInSyncReplicas) },
  ...(retentionMs === undefined ? [] : [{ name: 'retention.ms', value: String(retentionMs) }]),
  ...Object.entries(settings ?? {}).map(([name, value]) => ({ name, value })),
]

/** The topic is not there and cannot be made by us: somebody has to. */
export class MissingTopicError extends Error {
  override readonly name = 'MissingTopicError'

  constructor(topic: string, layout: TopicLayout, why: string, cause?: unknown) {
    const { partitions, replication } = layout
    const config = configEntries(layout).map(({ name, value }) => `--config ${name}=${value}`)
    const command = ['kafka-topics.sh --create --topic', topic, '--partitions', partitions, '--replication-factor', replication, ...config]
    super(`topic ${topic} does not exist and ${why}; make it (${command.join(' ')}) or let this client do so`, { cause })
  }
}
