import type { Envelope, Kind } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'

export type KafkaMetrics = ReturnType<typeof createKafkaMetrics>

export const createKafkaMetrics = (metrics: Metrics) => ({
  producedMessages: metrics.counter('clymene_kafka_produced_messages_total', 'Messages that Kafka acknowledged', ['topic']),
  producedRecords: metrics.counter('clymene_kafka_produced_records_total', 'Samples and entries in messages that Kafka acknowledged', [
    'topic',
    'kind',
  ]),
  producedBytes: metrics.counter('clymene_kafka_produced_bytes_total', 'Bytes of acknowledged record batches as sent', ['topic']),
  produceErrors: metrics.counter('clymene_kafka_produce_errors_total', 'Requests that failed, also those that were sent again', [
    'topic',
    'verdict',
  ]),
  produceSeconds: metrics.histogram('clymene_kafka_produce_seconds', 'From sending a batch to its acknowledgement', ['topic']),
  producerQueueBytes: metrics.gauge('clymene_kafka_producer_queue_bytes', 'Bytes that wait for their acknowledgement'),
  consumedMessages: metrics.counter('clymene_kafka_consumed_messages_total', 'Messages that were handled and committed', [
    'topic',
    'group',
  ]),
  consumedRecords: metrics.counter(
    'clymene_kafka_consumed_records_total',
    'Samples and entries in messages that were handled and committed; those of a Go gateway do not tell how many they hold',
    ['topic', 'group', 'storage', 'kind'],
  ),
  consumerQueueBytes: metrics.gauge(
    'clymene_kafka_consumer_queue_bytes',
    'Bytes of messages that were fetched and wait or are being handled',
    ['topic', 'group'],
  ),
  lagMessages: metrics.gauge('clymene_kafka_lag_messages', 'Messages of an assigned partition that are not committed yet', [
    'topic',
    'group',
    'storage',
    'partition',
  ]),
  lagBytes: metrics.gauge(
    'clymene_kafka_lag_bytes',
    'Bytes of those messages, an estimate: their number times the mean size of the values that were fetched lately',
    ['topic', 'group', 'storage', 'partition'],
  ),
  lagSeconds: metrics.gauge(
    'clymene_kafka_lag_seconds',
    'Age of the oldest message that is not committed yet, by its timestamp; 0 when there is none',
    ['topic', 'group', 'storage', 'partition'],
  ),
  untilExpirySeconds: metrics.gauge(
    'clymene_kafka_until_expiry_seconds',
    'Seconds until retention.ms lets the brokers delete a message that the group has not read; +Inf when they keep all. Retention by size is not in it',
    ['topic', 'group', 'storage', 'partition'],
  ),
  pendingSeconds: metrics.gauge('clymene_kafka_pending_seconds', 'Age of the oldest batch that is being handled', ['topic', 'group']),
  expiredMessages: metrics.counter('clymene_kafka_expired_messages_total', 'Messages that retention deleted before they were read', [
    'topic',
    'group',
  ]),
  rebalances: metrics.counter('clymene_kafka_rebalances_total', 'Times that partitions were dealt out anew', ['topic', 'group']),
  commits: metrics.counter('clymene_kafka_commits_total', 'Commits, by how they ended', ['topic', 'group', 'outcome']),
  restarts: metrics.counter('clymene_kafka_consumer_restarts_total', 'Times that a consumer had to be started anew', ['topic', 'group']),
})

/** Of messages of one topic, which are of one kind: samples or entries in them, as far as they tell. */
export const recordsIn = (messages: readonly Pick<Envelope, 'kind' | 'headers'>[]): { readonly kind: Kind; readonly records: number } => ({
  kind: messages[0]?.kind ?? 'metrics',
  records: messages.reduce((sum, { headers }) => sum + (headers.records ?? 0), 0),
})
