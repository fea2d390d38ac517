import { createKafkaBus, kafkaProducerFlags, kafkaProducerOptions } from '@clymene/bus'
import { RetryableError, type FlagValues, type Storage } from '@clymene/model'

import { mistakesIn, refuse } from '../flag-mistakes.ts'
import { metricsOf } from '../metrics-of.ts'
import { createBusSink } from './bus-sink.ts'

/** Letters, digits, dot, underscore and dash, at most 249: what brokers take as a topic. */
const TOPIC = /^[\w.-]{1,249}$/

const mistakesOf = (flags: FlagValues<typeof kafkaProducerFlags>): readonly string[] => [
  ...mistakesIn(() => kafkaProducerOptions(flags)),
  ...(['kafka.producer.topic', 'kafka.producer.promtail.topic'] as const)
    .filter((name) => !TOPIC.test(flags[name]))
    .map((name) => `--${name}=${JSON.stringify(flags[name])}: expected the name of a topic`),
]

/** Kafka as a storage: what a gateway writes to when nothing else is said. */
export const kafkaStorage: Storage<typeof kafkaProducerFlags> = {
  name: 'kafka',
  help: 'Kafka topics that ingesters read',
  kinds: ['metrics', 'logs'],
  flags: kafkaProducerFlags,
  mistakesOf,
  open: async ({ flags, logger, ...context }) => {
    refuse(mistakesOf(flags))
    const metricsTopic = flags['kafka.producer.topic']
    const logsTopic = flags['kafka.producer.promtail.topic']
    const bus = createKafkaBus({
      producer: kafkaProducerOptions(flags),
      kindOf: (topic) => (topic === logsTopic ? 'logs' : 'metrics'),
      metrics: metricsOf(context),
      logger,
    })
    return {
      sinks: {
        metrics: createBusSink({ bus, kind: 'metrics', topic: metricsTopic, encoding: flags['kafka.producer.encoding'] }),
        logs: createBusSink({ bus, kind: 'logs', topic: logsTopic, encoding: flags['kafka.producer.promtail.encoding'] }),
      },
      check: async () => {
        const reason = bus.unavailable()
        if (reason !== undefined) throw new RetryableError(reason)
      },
      unavailable: bus.unavailable,
      close: bus.close,
    }
  },
}
