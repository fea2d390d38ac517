import { PermanentError, RetryableError, type Bus, type Logger } from '@clymene/model'

import { createByteBudget } from './byte-budget.ts'
import type { KafkaConnection } from './client.ts'
import { codecOf, type CompressionName } from './compression.ts'
import { createTopic, type TopicCreation } from './create-topic.ts'
import type { KafkaMetrics } from './kafka-metrics.ts'
import { createOutgoing } from './outgoing.ts'
import type { BatchLimits } from './partition-lane.ts'
import { createProduceCall } from './produce-call.ts'
import { createProduceComplaints } from './produce-complaints.ts'
import { createTopicConnection } from './topic-connection.ts'
import { createTopicProducer, type TopicProducer } from './topic-producer.ts'
import { createTopicReport, type TopicMetrics } from './topic-report.ts'

export type KafkaProducerOptions = {
  readonly connection: KafkaConnection
  readonly acks: -1 | 0 | 1
  readonly compression: CompressionName
  /** 0 is the codec's own default. */
  readonly compressionLevel: number
  /** `maxBytes` counts where it is below the limit of a topic. */
  readonly batch: BatchLimits
  /** Bytes of all messages that are not acknowledged yet. */
  readonly queueBytes: number
  readonly requestTimeoutMs: number
  readonly deliveryTimeoutMs: number
  /** Topics that are looked at already at the start, so that it is seen what they are like. */
  readonly topics: readonly string[]
  /** How a missing topic is made. */
  readonly newTopics: TopicCreation
}

export type KafkaProducer = Pick<Bus, 'produce' | 'unavailable' | 'close'>

export function createKafkaProducer(
  options: KafkaProducerOptions,
  { metrics, topicMetrics, logger }: { readonly metrics: KafkaMetrics; readonly topicMetrics: TopicMetrics; readonly logger: Logger },
): KafkaProducer {
  const budget = createByteBudget(options.queueBytes)
  const codec = codecOf(options.compression, options.compressionLevel)
  const topics = new Map<string, TopicProducer>()
  let closed = false

  const topicProducer = (topic: string): TopicProducer => {
    const known = topics.get(topic)
    if (known !== undefined) return known
    const { connection, acks, requestTimeoutMs, newTopics } = options
    const complaints = createProduceComplaints({ topic, logger })
    const made = createTopicProducer({
      topic,
      connection: createTopicConnection({
        topic,
        connection,
        acks,
        requestTimeoutMs,
        createTopic: (name, signal) => createTopic(name, newTopics, { connection, logger }, signal),
        onState: createTopicReport({ topic, metrics: topicMetrics, logger }),
        logger,
      }),
      limits: options.batch,
      codec,
      deliveryTimeoutMs: options.deliveryTimeoutMs,
      released: ({ bytes }) => {
        budget.give(bytes)
        metrics.producerQueueBytes.set(budget.held())
      },
      onSent: ({ partition, messages, kind, records, bytes, seconds }) => {
        complaints.sent(partition)
        metrics.producedMessages.inc({ topic }, messages)
        metrics.producedRecords.inc({ topic, kind }, records)
        metrics.producedBytes.inc({ topic }, bytes)
        metrics.produceSeconds.observe({ topic }, seconds)
      },
      onCut: () => topicMetrics.cut.inc({ topic }),
      onMissing: () => logger.info('Kafka topic does not exist yet', { topic, isMadeWhenNeeded: newTopics.isAllowed }),
      onFailure: (failure, partition) => {
        metrics.produceErrors.inc({ topic, verdict: failure.verdict })
        complaints.failed(failure, partition)
      },
    })
    topics.set(topic, made)
    return made
  }

  for (const topic of options.topics) topicProducer(topic)
  return {
    produce: async (topic, envelopes, signal) => {
      signal.throwIfAborted()
      if (envelopes.length === 0) return
      if (closed) throw new RetryableError('the Kafka producer is closed')
      const call = createProduceCall(envelopes.length, signal)
      const messages = envelopes.map((envelope, delivery) => createOutgoing(envelope, { call, delivery }))
      const bytes = messages.reduce((sum, message) => sum + message.bytes, 0)
      if (bytes > options.queueBytes) {
        call.fail(new PermanentError(`${bytes} bytes at once are more than the producer's queue of ${options.queueBytes} bytes takes`))
      } else if (budget.take(bytes)) {
        metrics.producerQueueBytes.set(budget.held())
        topicProducer(topic).push(messages)
      } else {
        call.fail(new RetryableError(`the Kafka producer's queue of ${options.queueBytes} bytes is full`))
      }
      await call.done
    },
    unavailable: () => [...topics.values()].map((producer) => producer.unavailable()).find((reason) => reason !== undefined),
    close: async () => {
      closed = true
      await Promise.all([...topics.values()].map((producer) => producer.close()))
    },
  }
}
