import type { Logger } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'

import type { TopicState } from './topic-state.ts'

export type TopicMetrics = ReturnType<typeof createTopicMetrics>

export const createTopicMetrics = (metrics: Metrics) => ({
  replicas: metrics.gauge('clymene_kafka_topic_replicas', 'Copies of each message, of the partition that has fewest', ['topic']),
  inSync: metrics.gauge('clymene_kafka_topic_in_sync_replicas', 'Copies that are up to date, of the partition that has fewest', ['topic']),
  minInSync: metrics.gauge('clymene_kafka_topic_min_in_sync_replicas', 'Copies without which the brokers take no message', ['topic']),
  atRisk: metrics.gauge(
    'clymene_kafka_topic_at_risk',
    '1 when there are several brokers and an acknowledged message may be on one of them only',
    ['topic'],
  ),
  retention: metrics.gauge('clymene_kafka_topic_retention_seconds', 'How long the brokers keep messages', ['topic']),
  maxMessageBytes: metrics.gauge('clymene_kafka_topic_max_message_bytes', 'Largest batch of messages that the brokers take', ['topic']),
  cut: metrics.counter('clymene_kafka_cut_messages_total', 'Messages that were over the limit of their topic and went in pieces', [
    'topic',
  ]),
})

export type TopicReport = (state: TopicState) => void

/** Tells what a topic is like: as metrics whenever it is looked at, and as a line of the log when something is new. */
export function createTopicReport({
  topic,
  metrics,
  logger,
}: {
  readonly topic: string
  readonly metrics: TopicMetrics
  readonly logger: Logger
}): TopicReport {
  let told = ''
  let warned = ''
  return (state) => {
    const { brokers, partitions, replicas, inSyncReplicas, config } = state
    metrics.replicas.set({ topic }, replicas)
    metrics.inSync.set({ topic }, inSyncReplicas)
    if (config !== undefined) {
      metrics.minInSync.set({ topic }, config.minInSyncReplicas)
      metrics.retention.set({ topic }, config.retentionMs / 1000)
      metrics.maxMessageBytes.set({ topic }, config.maxMessageBytes)
    }
    const { retentionMs, ...limits } = config ?? { retentionMs: undefined }
    const hours = retentionMs === undefined ? {} : { retentionHours: retentionMs === Infinity ? 'for ever' : retentionMs / 3_600_000 }
    const fields = { topic, brokers, partitions, replicas, inSyncReplicas, ...limits, ...hours }
    if (JSON.stringify(fields) !== told) logger.info('Kafka topic', fields)
    told = JSON.stringify(fields)
    const risk = riskOf(state)
    metrics.atRisk.set({ topic }, risk === '' ? 0 : 1)
    if (risk !== warned && risk !== '') logger.warn(`acknowledged data may be lost when a broker fails: ${risk}`, fields)
    warned = risk
  }
}

function riskOf({ brokers, replicas, inSyncReplicas, config }: TopicState): string {
  if (brokers < 2) return ''
  if (replicas < 2) return 'messages are on one broker only; expected a replication factor of 2 or more'
  if (inSyncReplicas < 2) return 'only one replica is in sync'
  if (config !== undefined && config.minInSyncReplicas < 2)
    return 'one replica is enough for an acknowledgement; expected min.insync.replicas of 2 or more'
  return ''
}
