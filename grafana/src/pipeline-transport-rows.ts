import {
  BytesIEC,
  BytesPerSecondIEC,
  CountsPerSecond,
  MessagesPerSecond,
  RequestsPerSecond,
  Seconds,
  Short,
} from '@grafana/grafana-foundation-sdk/units'

import type { Row } from './board.ts'
import { third } from './pipeline-agent-row.ts'
import { SERVICE, STORAGE, TOPIC, medianAndWorst, perSecond, quantile } from './pipeline-selectors.ts'
import { overTime } from './queries.ts'

const IN_TOPIC = `${SERVICE},${TOPIC}`
const OF_STORAGE = `${IN_TOPIC},${STORAGE}`

export const gatewayRow: Row = {
  id: 40,
  title: 'Gateways',
  collapsed: true,
  panels: [
    third({
      id: 41,
      title: 'Requests',
      description: 'Requests per second by protocol, kind and status. 429 and 503 are tried again by agents, 4xx else is not.',
      unit: RequestsPerSecond,
      queries: [perSecond('clymene_gateway_requests_total', SERVICE, ['protocol', 'kind', 'status'])],
    }),
    third({
      id: 42,
      title: 'Requests refused',
      description:
        'Requests per second that were not answered with success: 401 and 403 are credentials, 429 and 503 too much at once or Kafka away. Without 405, by which agents see that a gateway is there.',
      unit: RequestsPerSecond,
      queries: [perSecond('clymene_gateway_requests_total', `${SERVICE},status!~"2..|405"`, ['protocol', 'kind', 'status'])],
      colors: { '.*': 'red' },
    }),
    third({
      id: 43,
      title: 'Time of a write',
      description: 'From the checked body to the acknowledgement of Kafka: median, 95th and 99th percentile.',
      unit: Seconds,
      queries: [0.5, 0.95, 0.99].map((q) =>
        overTime(quantile(q, 'clymene_gateway_write_seconds', SERVICE, ['kind']), `{{kind}} p${Math.round(q * 100)}`),
      ),
    }),
    third({
      id: 44,
      title: 'Bytes in flight',
      description: 'Bytes of requests that are not answered yet, and the limit (dashed) from which on gateways answer 429.',
      unit: BytesIEC,
      bounds: '/limit$/',
      queries: [
        overTime(`max by (cluster, instance) (clymene_gateway_bytes_in_flight{${SERVICE}})`, '{{cluster}} {{instance}}'),
        overTime(`min by (cluster) (clymene_gateway_bytes_in_flight_limit{${SERVICE}})`, '{{cluster}} limit'),
      ],
    }),
    third({
      id: 45,
      title: 'Bytes taken',
      description: 'Bytes of acknowledged bodies per second, as they came: compressed.',
      unit: BytesPerSecondIEC,
      queries: [perSecond('clymene_gateway_received_bytes_total', SERVICE, ['kind', 'protocol'])],
    }),
    third({
      id: 46,
      title: 'Certificates expire in',
      description: 'Time until the certificate of each server expires; files that change are taken without a restart. Empty without TLS.',
      unit: Seconds,
      queries: [
        overTime(
          `min by (cluster, server) (clymene_gateway_tls_certificate_expiry_timestamp_seconds{${SERVICE}} - time())`,
          '{{cluster}} {{server}}',
        ),
      ],
    }),
    third({
      id: 47,
      title: 'TLS connections refused',
      description: 'TLS connections per second that came to nothing, or whose client certificate was refused. Empty without TLS.',
      unit: CountsPerSecond,
      queries: [perSecond('clymene_gateway_refused_connections_total', SERVICE, ['server', 'reason'])],
    }),
  ],
}

export const kafkaRow: Row = {
  id: 50,
  title: 'Kafka',
  collapsed: true,
  panels: [
    third({
      id: 51,
      title: 'Lag in messages',
      description: 'Messages that a storage does not have yet, by topic and storage.',
      unit: Short,
      queries: [overTime(`sum by (topic, storage) (clymene_kafka_lag_messages{${OF_STORAGE}})`, '{{topic}} → {{storage}}')],
    }),
    third({
      id: 52,
      title: 'Lag in bytes',
      description: 'Bytes of those messages, an estimate: what has to be read after an outage.',
      unit: BytesIEC,
      queries: [overTime(`sum by (topic, storage) (clymene_kafka_lag_bytes{${OF_STORAGE}})`, '{{topic}} → {{storage}}')],
    }),
    third({
      id: 53,
      title: 'Messages into topics',
      description: 'Messages per second that Kafka acknowledged, dead letters among them.',
      unit: MessagesPerSecond,
      queries: [perSecond('clymene_kafka_produced_messages_total', SERVICE, ['topic'])],
    }),
    third({
      id: 54,
      title: 'Bytes into topics',
      description: 'Bytes per second of acknowledged batches as they were sent: what brokers have to keep, times their copies.',
      unit: BytesPerSecondIEC,
      queries: [perSecond('clymene_kafka_produced_bytes_total', SERVICE, ['topic'])],
    }),
    third({
      id: 55,
      title: 'Time of a produce request',
      description: 'From sending a batch to its acknowledgement by all replicas that are in sync: median and 99th percentile.',
      unit: Seconds,
      queries: medianAndWorst('clymene_kafka_produce_seconds', SERVICE, ['topic']),
    }),
    third({
      id: 56,
      title: 'Produce requests that failed',
      description: 'Requests to brokers per second that failed, also those that were sent again with success; by what was done about it.',
      unit: RequestsPerSecond,
      queries: [perSecond('clymene_kafka_produce_errors_total', SERVICE, ['topic', 'verdict'])],
      colors: { '.*': 'red' },
    }),
    third({
      id: 57,
      title: 'Copies of a message',
      description:
        'Copies that are up to date, copies that there should be (dashed), and copies without which brokers take nothing (dashed).',
      unit: Short,
      bounds: '/(replicas|least)$/',
      queries: [
        overTime(`min by (topic) (clymene_kafka_topic_in_sync_replicas{${SERVICE}})`, '{{topic}} in sync'),
        overTime(`max by (topic) (clymene_kafka_topic_replicas{${SERVICE}})`, '{{topic}} replicas'),
        overTime(`max by (topic) (clymene_kafka_topic_min_in_sync_replicas{${SERVICE}})`, '{{topic}} least'),
      ],
    }),
    third({
      id: 58,
      title: 'Topics at risk',
      description: 'Is 1 when there are several brokers and an acknowledged message may be on one of them only: set min.insync.replicas.',
      unit: Short,
      max: 1,
      queries: [overTime(`max by (topic) (clymene_kafka_topic_at_risk{${SERVICE}})`, '{{topic}}')],
    }),
    third({
      id: 59,
      title: 'Deleted before they were read',
      description: 'Messages per second that retention deleted before a storage had them: each is lost for that storage.',
      unit: MessagesPerSecond,
      queries: [perSecond('clymene_kafka_expired_messages_total', IN_TOPIC, ['topic', 'group'])],
      colors: { '.*': 'red' },
    }),
  ],
}

export const ingesterRow: Row = {
  id: 60,
  title: 'Ingesters',
  collapsed: true,
  panels: [
    third({
      id: 61,
      title: 'Messages read',
      description: 'Messages per second that ingesters are done with and committed, by topic and group.',
      unit: MessagesPerSecond,
      queries: [perSecond('clymene_kafka_consumed_messages_total', IN_TOPIC, ['topic', 'group'])],
    }),
    third({
      id: 62,
      title: 'Lag by partition',
      description:
        'Messages that wait in each partition. One that grows alone has a message that a storage does not take, or too much of the load.',
      unit: Short,
      queries: [
        overTime(`sum by (topic, partition, storage) (clymene_kafka_lag_messages{${OF_STORAGE}})`, '{{topic}}/{{partition}} → {{storage}}'),
      ],
    }),
    third({
      id: 63,
      title: 'Age of the batch at hand',
      description: 'How long the oldest batch has been handled that is not committed. It rises while a storage takes nothing.',
      unit: Seconds,
      queries: [overTime(`max by (topic, group) (clymene_kafka_pending_seconds{${IN_TOPIC}})`, '{{topic}} {{group}}')],
    }),
    third({
      id: 64,
      title: 'Commits',
      description: 'Commits of offsets per second by outcome. Refused: partitions were dealt out anew meanwhile, and messages come again.',
      unit: CountsPerSecond,
      queries: [perSecond('clymene_kafka_commits_total', IN_TOPIC, ['topic', 'outcome'])],
    }),
    third({
      id: 65,
      title: 'Rebalances and restarts',
      description: 'How often partitions were dealt out anew, and consumers were started anew, in the time shown around each point.',
      unit: Short,
      queries: [
        overTime(
          `sum by (topic, group) (increase(clymene_kafka_rebalances_total{${IN_TOPIC}}[$__rate_interval]))`,
          '{{topic}} {{group}} rebalances',
        ),
        overTime(
          `sum by (topic, group) (increase(clymene_kafka_consumer_restarts_total{${IN_TOPIC}}[$__rate_interval]))`,
          '{{topic}} {{group}} restarts',
        ),
      ],
    }),
    third({
      id: 66,
      title: 'Bytes fetched that wait',
      description: 'Bytes of messages that were fetched and wait or are being handled: memory that ingesters need.',
      unit: BytesIEC,
      queries: [overTime(`sum by (topic, group) (clymene_kafka_consumer_queue_bytes{${IN_TOPIC}})`, '{{topic}} {{group}}')],
    }),
  ],
}
