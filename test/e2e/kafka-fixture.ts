import {
  createKafkaBus,
  kafkaConsumerFlags,
  kafkaConsumerOptions,
  kafkaProducerFlags,
  kafkaProducerOptions,
  type KafkaBus,
} from '@clymene/bus'
import type { Logger } from '@clymene/model'
import { createMetrics, parseFlags, silentLogger, type Metrics } from '@clymene/runtime'
import { vi } from 'vitest'

import { withAdmin } from './kafka-admin.ts'

export type KafkaFixtureOptions = { readonly argv?: readonly string[]; readonly metrics?: Metrics; readonly logger?: Logger }

/** A bus as the services make it: from flags. Topics whose name starts with `logs` hold logs. */
export function openKafkaBus(bootstrap: string, options: KafkaFixtureOptions = {}): KafkaBus {
  const { argv = [], metrics = createMetrics(), logger = silentLogger } = options
  const flags = { ...kafkaProducerFlags, ...kafkaConsumerFlags }
  const { values } = parseFlags(flags, [`--kafka.producer.brokers=${bootstrap}`, `--kafka.consumer.brokers=${bootstrap}`, ...argv], {})
  return createKafkaBus({
    producer: kafkaProducerOptions(values),
    consumer: kafkaConsumerOptions(values),
    kindOf: (topic) => (topic.startsWith('logs') ? 'logs' : 'metrics'),
    metrics,
    logger,
  })
}

/** Makes a topic of three partitions over a client of its own and returns its name once the broker knows it. */
export async function createTopicOf(
  bootstrap: string,
  topic: string,
  { maxMessageBytes }: { readonly maxMessageBytes?: number } = {},
): Promise<string> {
  const configEntries = maxMessageBytes === undefined ? [] : [{ name: 'max.message.bytes', value: String(maxMessageBytes) }]
  await withAdmin(bootstrap, async (admin) => {
    await admin.createTopics({ topics: [{ topic, numPartitions: 3, configEntries }], waitForLeaders: false })
    await vi.waitFor(() => admin.fetchTopicMetadata({ topics: [topic] }), { timeout: 60_000 })
  })
  return topic
}

export { withAdmin } from './kafka-admin.ts'
