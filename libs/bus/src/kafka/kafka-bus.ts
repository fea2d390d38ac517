import { setTimeout as sleep } from 'node:timers/promises'

import { ConfigError, errorMessage, RetryableError, type Bus, type Kind, type Logger } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'

import { waitForBrokers } from './broker-wait.ts'
import { createClusterAccess } from './cluster-access.ts'
import { createClusterQueries } from './cluster-queries.ts'
import { registerDecompression } from './compression.ts'
import { createKafkaConsumer, type KafkaConsumerOptions } from './consumer.ts'
import { foreignMembers, ForeignMembersError, isSettled } from './foreign-members.ts'
import { clusterIdOf } from './internals.ts'
import { createKafkaMetrics } from './kafka-metrics.ts'
import { kafkaErrorOf } from './produce-failure.ts'
import { createKafkaProducer, type KafkaProducerOptions } from './producer.ts'
import { readRange } from './read-range.ts'
import { toRecord } from './to-record.ts'
import { createTopicMetrics } from './topic-report.ts'

export type KafkaBusOptions = {
  /** Absent: `produce` is refused. */
  readonly producer?: KafkaProducerOptions | undefined
  /** Absent: `consume` is refused. */
  readonly consumer?: KafkaConsumerOptions | undefined
  /** Kafka keeps no kind: the topic tells what its messages are. */
  readonly kindOf: (topic: string) => Kind
  readonly metrics: Metrics
  readonly logger: Logger
}

export type KafkaBus = Bus & {
  /**
   * Before the first `consume` of a new group: lets it start where the group `from` stands, if that has offsets for the
   * topic, else at the oldest message. A group that has offsets or members is left alone. Waits for brokers that are away.
   *
   * @throws the signal's reason.
   */
  readonly seedGroupOffsets: (from: string, to: string, topic: string, signal: AbortSignal) => Promise<void>
  /**
   * Before `consume` in a group that others may be in. Waits for brokers that are away, and until partitions are dealt out. Members that
   * read something else and join later end the consumption with the same error.
   *
   * @throws ForeignMembersError when the group has members that read anything but this topic; the signal's reason.
   */
  readonly expectOwnMembers: (group: string, topic: string, signal: AbortSignal) => Promise<void>
}

const ASK_MS = 1000
const READ_TIMEOUT_MS = 15_000
const READ_BYTES = 1 << 20
const ALL_REPLICAS = -1

/**
 * The bus on Kafka: a produced message is there when all in-sync replicas have it, a batch is committed when its call
 * resolved. Nothing fails at the start when the brokers are away: `unavailable` says so until they come.
 */
export function createKafkaBus(options: KafkaBusOptions): KafkaBus {
  const { kindOf, logger } = options
  registerDecompression()
  const connection = options.consumer?.connection ?? options.producer?.connection
  if (connection === undefined) throw new ConfigError('a Kafka bus needs a producer or a consumer')
  const metrics = createKafkaMetrics(options.metrics)
  const producer =
    options.producer && createKafkaProducer(options.producer, { metrics, topicMetrics: createTopicMetrics(options.metrics), logger })
  const consumer = options.consumer && createKafkaConsumer(options.consumer, { kindOf, metrics, logger })
  const queries = createClusterQueries(connection, logger)
  const reads = createClusterAccess({ connection, requestTimeoutMs: READ_TIMEOUT_MS, logger })
  if (options.producer !== undefined && options.producer.acks !== ALL_REPLICAS) {
    logger.warn('acknowledged data may be lost when a broker fails: expected --kafka.producer.required-acks=all', {
      acks: options.producer.acks,
    })
  }
  const closing = new AbortController()
  /** Groups that are about to join. */
  const joining = new Set<string>()
  let away: string | undefined = 'Kafka: connecting'

  const onState = (state: string | undefined): void => {
    away = state
  }
  void waitForBrokers({ brokers: connection.brokers, ping: queries.ping, onState, logger }, closing.signal)

  /** Asks until the answer is yes; what does not pass is thrown. */
  const beforeJoining = async (
    group: string,
    topic: string,
    signal: AbortSignal,
    ask: (signal: AbortSignal) => Promise<boolean>,
  ): Promise<void> => {
    const stop = AbortSignal.any([signal, closing.signal])
    const reason = `group ${group}, topic ${topic}: joining`
    joining.add(reason)
    try {
      while (!(await attempt(ask, { group, topic, logger }, stop))) {
        await pause(stop)
        stop.throwIfAborted()
      }
    } finally {
      joining.delete(reason)
    }
  }

  return {
    produce: async (topic, envelopes, signal) => {
      if (producer === undefined) throw new ConfigError('this Kafka bus was made without a producer')
      await producer.produce(topic, envelopes, signal)
      away = undefined
    },
    consume: async (topic, group, handle, signal) => {
      if (consumer === undefined) throw new ConfigError('this Kafka bus was made without a consumer')
      await consumer.consume(topic, group, handle, signal)
    },
    read: async function* (topic, partition, from, to, signal) {
      const kind = kindOf(topic)
      for await (const messages of readRange(reads, { topic, partition, from, to, maxBytes: READ_BYTES }, signal)) {
        const logId = await reads.ask((cluster) => Promise.resolve(clusterIdOf(cluster)))
        yield messages.map((message) => toRecord(message, { logId, topic, partition, kind }))
      }
    },
    unavailable: () => away ?? producer?.unavailable() ?? joining.values().next().value ?? consumer?.unavailable(),
    lag: async (topic, group, signal) => {
      try {
        return await queries.lag(topic, group, signal)
      } catch (error) {
        signal.throwIfAborted()
        throw new RetryableError(`lag of group ${group} in topic ${topic}: ${errorMessage(error)}`, { cause: error })
      }
    },
    seedGroupOffsets: async (from, to, topic, signal) => {
      await beforeJoining(to, topic, signal, async (stop) => {
        await queries.seedGroupOffsets(from, to, topic, stop).catch((error: unknown) => {
          if (!SEEDED.has(kafkaErrorOf(error).type)) throw error
        })
        return true
      })
    },
    expectOwnMembers: async (group, topic, signal) => {
      consumer?.expectOwnMembers(group)
      await beforeJoining(group, topic, signal, async (stop) => {
        const found = await queries.describeGroup(group, stop)
        if (found === undefined || !isSettled(found)) return false
        const mistake = foreignMembers(group, topic, found)
        if (mistake !== undefined) throw new ForeignMembersError(mistake)
        return true
      })
    },
    close: async () => {
      closing.abort()
      await Promise.all([producer?.close(), consumer?.close()])
      queries.close()
      reads.close()
    },
  }
}

async function attempt(
  ask: (signal: AbortSignal) => Promise<boolean>,
  { group, topic, logger }: { readonly group: string; readonly topic: string; readonly logger: Logger },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await ask(signal)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ForeignMembersError) throw error
    logger.debug('a group cannot be asked yet', { group, topic, error })
    return false
  }
}

/** No topic has no offsets; a group with members is one that another process has just started. */
const SEEDED: ReadonlySet<string> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_MEMBER_ID'])

const pause = (signal: AbortSignal): Promise<unknown> => sleep(ASK_MS, undefined, { signal }).catch(() => undefined)
