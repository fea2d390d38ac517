import { collectMistakes, ConfigError, type FlagSet, type FlagValues } from '@clymene/model'
import { flag } from '@clymene/runtime'

import { authFlags, readAuth } from './auth-flags.ts'
import type { KafkaConnection } from './client.ts'
import { codecOf, COMPRESSIONS } from './compression.ts'
import type { KafkaConsumerOptions } from './consumer.ts'
import type { KafkaProducerOptions } from './producer.ts'
import { topicFlag } from './topic-flag.ts'

/** Less would hold up every message of the usual size. */
const MIN_QUEUE_BYTES = 64 * 1024

const VERSION = { noEffect: 'the protocol version is agreed on with each broker' }

export const kafkaProducerFlags = {
  'kafka.producer.brokers': flag.list('127.0.0.1:9092', 'Kafka brokers, host:port; some are enough'),
  'kafka.producer.client-id': flag.string('clymene', 'Name under which the brokers log and limit this client'),
  'kafka.producer.topic': topicFlag('clymene', 'Topic of metrics'),
  'kafka.producer.promtail.topic': topicFlag('clymene-logs', 'Topic of logs'),
  'kafka.producer.encoding': flag.oneOf(['protobuf', 'json'], 'protobuf', 'Encoding of metrics'),
  'kafka.producer.promtail.encoding': flag.oneOf(['protobuf', 'json'], 'protobuf', 'Encoding of logs'),
  'kafka.producer.flatten-for-druid': flag.bool(
    false,
    'Write each sample as a message of its own, one flat JSON object as Apache Druid reads it; only with --kafka.producer.encoding=json, and no ingester reads it',
  ),
  'kafka.producer.required-acks': flag.oneOf(['noack', 'local', 'all'], 'all', 'Who has a message before it counts as delivered'),
  'kafka.producer.compression': flag.oneOf(
    COMPRESSIONS,
    'none',
    'Compression of record batches; the bodies in them are compressed already',
  ),
  'kafka.producer.compression-level': flag.int(0, 'Level of gzip (1 to 9) or zstd (-131072 to 22); 0 is the default of the codec', {
    min: -131_072,
    max: 22,
  }),
  'kafka.producer.batch-linger': flag.duration('5ms', 'How long a message may wait for others to be sent with'),
  'kafka.producer.batch-size': flag.bytes(
    '0',
    "Bytes of one request to a partition; 0 is the topic's max.message.bytes less 64KiB, and never more",
  ),
  'kafka.producer.batch-min-messages': flag.int(0, 'So many messages do not wait for more; 0 is off'),
  'kafka.producer.batch-max-messages': flag.int(0, 'Most messages of one request to a partition; 0 is no limit'),
  'kafka.producer.protocol-version': flag.string('', 'Kafka protocol version', VERSION),
  'kafka.producer.queue-bytes': flag.bytes(
    '64MiB',
    'Bytes of messages that are not acknowledged yet; beyond it senders are told to come again',
    { min: MIN_QUEUE_BYTES },
  ),
  'kafka.producer.request-timeout': flag.duration('15s', 'How long a broker may take to answer'),
  'kafka.producer.delivery-timeout': flag.duration('30s', 'How long a message is tried before its sender is told to come again'),
  'kafka.producer.create-topics': flag.bool(true, 'Create a topic that is missing'),
  'kafka.producer.topic-partitions': flag.int(3, 'Partitions of a topic that is created', { min: 1 }),
  'kafka.producer.topic-replication': flag.int(3, 'Copies of each message in a topic that is created; at most one a broker', { min: 1 }),
  'kafka.producer.topic-min-in-sync': flag.int(2, 'min.insync.replicas of a topic that is created; at most as many as it has copies', {
    min: 1,
  }),
  'kafka.producer.topic-retention': flag.duration('72h', 'How long a topic that is created keeps messages'),
  ...authFlags('kafka.producer'),
} satisfies FlagSet

export const kafkaConsumerFlags = {
  'kafka.consumer.brokers': flag.list('127.0.0.1:9092', 'Kafka brokers, host:port; some are enough'),
  'kafka.consumer.client-id': flag.string('clymene', 'Name under which the brokers log and limit this client'),
  'kafka.consumer.topic': topicFlag('clymene', 'Topic of metrics'),
  'kafka.consumer.promtail.topic': topicFlag('clymene-logs', 'Topic of logs'),
  'kafka.consumer.group-id': flag.string('clymene', 'Start of the names of the consumer groups'),
  'kafka.consumer.protocol-version': flag.string('', 'Kafka protocol version', VERSION),
  'kafka.consumer.encoding': flag.string('protobuf', 'Encoding of messages', { noEffect: 'protobuf and JSON are both recognised' }),
  'kafka.consumer.queue-bytes': flag.bytes(
    '16MiB',
    'Bytes of messages that wait for the storage or are on their way to it, for one topic and group; beyond it nothing is fetched',
    { min: MIN_QUEUE_BYTES },
  ),
  'kafka.consumer.batch-bytes': flag.bytes('4MiB', 'Bytes of one partition that are handed over at once', { min: 1 }),
  'kafka.consumer.batch-wait': flag.duration(
    '0',
    'How long messages may wait for others to be handed over with; those that come while the storage is busy go together anyway',
  ),
  'kafka.consumer.session-timeout': flag.duration('30s', 'A member that is silent for so long loses its partitions'),
  'kafka.consumer.rebalance-timeout': flag.duration('60s', 'How long the members may take to join when partitions are dealt out anew'),
  'kafka.consumer.stop-timeout': flag.duration('5s', 'How long batches may be finished at the end'),
  ...authFlags('kafka.consumer'),
} satisfies FlagSet

const ACKS = { noack: 0, local: 1, all: -1 } as const

/** @throws ConfigError listing every mistake. */
export function kafkaProducerOptions(values: FlagValues<typeof kafkaProducerFlags>): KafkaProducerOptions {
  const mistakes: string[] = []
  const connection = connectionOf('kafka.producer', values['kafka.producer.brokers'], values['kafka.producer.client-id'], values, mistakes)
  const compression = values['kafka.producer.compression']
  const compressionLevel = values['kafka.producer.compression-level']
  collectMistakes(mistakes, () => codecOf(compression, compressionLevel))
  for (const name of ['kafka.producer.request-timeout', 'kafka.producer.delivery-timeout'] as const) {
    if (values[name] < MIN_TIMEOUT_MS) mistakes.push(`--${name}: expected at least ${MIN_TIMEOUT_MS}ms`)
  }
  for (const name of ['kafka.producer.topic', 'kafka.producer.promtail.topic'] as const) {
    if (values[name] === '') mistakes.push(`--${name}: expected a name`)
  }
  if (mistakes.length > 0 || connection === undefined) throw new ConfigError(mistakes)
  return {
    connection,
    acks: ACKS[values['kafka.producer.required-acks']],
    compression,
    compressionLevel,
    batch: {
      maxBytes: values['kafka.producer.batch-size'] || Infinity,
      maxMessages: values['kafka.producer.batch-max-messages'] || Infinity,
      minMessages: values['kafka.producer.batch-min-messages'],
      lingerMs: values['kafka.producer.batch-linger'],
    },
    queueBytes: values['kafka.producer.queue-bytes'],
    requestTimeoutMs: values['kafka.producer.request-timeout'],
    deliveryTimeoutMs: values['kafka.producer.delivery-timeout'],
    topics: [values['kafka.producer.topic'], values['kafka.producer.promtail.topic']],
    newTopics: {
      isAllowed: values['kafka.producer.create-topics'],
      partitions: values['kafka.producer.topic-partitions'],
      replication: values['kafka.producer.topic-replication'],
      minInSyncReplicas: values['kafka.producer.topic-min-in-sync'],
      retentionMs: values['kafka.producer.topic-retention'],
    },
  }
}

/** @throws ConfigError listing every mistake. */
export function kafkaConsumerOptions(values: FlagValues<typeof kafkaConsumerFlags>): KafkaConsumerOptions {
  const mistakes: string[] = []
  const connection = connectionOf('kafka.consumer', values['kafka.consumer.brokers'], values['kafka.consumer.client-id'], values, mistakes)
  const sessionTimeoutMs = values['kafka.consumer.session-timeout']
  if (sessionTimeoutMs < MIN_SESSION_MS) mistakes.push(`--kafka.consumer.session-timeout: expected at least ${MIN_SESSION_MS}ms`)
  const batchWaitMs = values['kafka.consumer.batch-wait']
  if (batchWaitMs > MAX_WAIT_MS) mistakes.push(`--kafka.consumer.batch-wait: expected at most ${MAX_WAIT_MS}ms`)
  const { 'kafka.consumer.queue-bytes': queueBytes, 'kafka.consumer.batch-bytes': batchBytes } = values
  // A queue that is smaller than the default of a batch bounds it; one that is asked for is meant.
  if (batchBytes > queueBytes && batchBytes !== kafkaConsumerFlags['kafka.consumer.batch-bytes'].default)
    mistakes.push(`--kafka.consumer.batch-bytes: expected at most the ${queueBytes} of --kafka.consumer.queue-bytes, found ${batchBytes}`)
  if (mistakes.length > 0 || connection === undefined) throw new ConfigError(mistakes)
  return {
    connection,
    queueBytes,
    batchBytes,
    batchWaitMs,
    sessionTimeoutMs,
    rebalanceTimeoutMs: values['kafka.consumer.rebalance-timeout'],
    stopTimeoutMs: values['kafka.consumer.stop-timeout'],
  }
}

const MIN_SESSION_MS = 1000
const MAX_WAIT_MS = 10_000
const MIN_TIMEOUT_MS = 100

function connectionOf(
  prefix: string,
  brokers: readonly string[],
  clientId: string,
  values: Readonly<Record<string, unknown>>,
  mistakes: string[],
): KafkaConnection | undefined {
  if (brokers.length === 0) mistakes.push(`--${prefix}.brokers: expected at least one host:port`)
  for (const broker of brokers) {
    if (!BROKER.test(broker)) mistakes.push(`--${prefix}.brokers: expected host:port, found "${broker}"`)
  }
  const auth = collectMistakes(mistakes, () => readAuth(prefix, values))
  return auth && { brokers, clientId, ...auth }
}

// kafkajs takes what stands before the only colon as the host: no IPv6 address can be given.
const BROKER = /^[^\s:]+:\d{1,5}$/
