import { join } from 'node:path'

import { createKafkaBus, embeddedBusSettings, kafkaConsumerOptions, kafkaProducerOptions, openEmbeddedBus } from '@clymene/bus'
import { kindOfTopic, storageOfGroup } from '@clymene/ingester'
import { ConfigError, errorMessage, type Bus, type FlagSet, type FlagValues, type Kind, type Logger } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'

import type { allInOneFlags, kafkaFlags } from './flags.ts'

/** What lies between gateway and ingester. */
export type OpenedBus = {
  readonly bus: Bus
  readonly name: string
  readonly topics: ReadonlyMap<Kind, string>
  readonly groupId: string
  readonly seedGroup?: (from: string, to: string, topic: string, signal: AbortSignal) => Promise<void>
}

export type OpenBusOptions = {
  readonly values: FlagValues<typeof allInOneFlags>
  /** Absent when the bus is embedded. */
  readonly kafka: FlagValues<typeof kafkaFlags> | undefined
  readonly metrics: Metrics
  readonly logger: Logger
}

/** @throws ConfigError when the folder of the embedded bus cannot be used, or Kafka's flags are wrong */
export async function openBus({ values, kafka, metrics, logger }: OpenBusOptions): Promise<OpenedBus> {
  if (kafka !== undefined) return openKafka(kafka, metrics, logger)
  const directory = join(values['data.dir'], 'bus')
  try {
    const bus = await openEmbeddedBus({ directory, ...embeddedBusSettings(values), metrics, logger })
    return {
      bus,
      name: 'embedded log',
      groupId: 'clymene',
      topics: new Map<Kind, string>([
        ['metrics', 'clymene'],
        ['logs', 'clymene-logs'],
      ]),
    }
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError(`--data.dir=${JSON.stringify(values['data.dir'])}: ${errorMessage(error)}`)
  }
}

function openKafka(values: FlagValues<typeof kafkaFlags>, metrics: Metrics, logger: Logger): OpenedBus {
  const topics = new Map<Kind, string>([
    ['metrics', values['kafka.consumer.topic']],
    ['logs', values['kafka.consumer.promtail.topic']],
  ])
  const bus = createKafkaBus({
    producer: kafkaProducerOptions(values),
    consumer: { ...kafkaConsumerOptions(values), storageOf: storageOfGroup(values['kafka.consumer.group-id'], topics.values()) },
    kindOf: kindOfTopic(values['kafka.consumer.promtail.topic']),
    metrics,
    logger,
  })
  return {
    bus,
    name: 'Kafka',
    groupId: values['kafka.consumer.group-id'],
    seedGroup: bus.seedGroupOffsets,
    topics,
  }
}

/** Topics that are written and read have to be the same here. @throws ConfigError naming both flags */
export function checkTopics(values: FlagValues<FlagSet>): void {
  const pairs = [
    ['kafka.producer.topic', 'kafka.consumer.topic'],
    ['kafka.producer.promtail.topic', 'kafka.consumer.promtail.topic'],
  ] as const
  const mistakes = pairs
    .filter(([written, read]) => values[written] !== values[read])
    .map(
      ([written, read]) =>
        `--${written}=${String(values[written])} and --${read}=${String(values[read])}: expected the same topic in the all-in-one`,
    )
  if (mistakes.length > 0) throw new ConfigError(mistakes)
}
