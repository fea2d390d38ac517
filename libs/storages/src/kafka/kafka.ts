import { createKafkaBus, kafkaProducerFlags, kafkaProducerOptions } from '@clymene/bus'
import { RetryableError, type Storage } from '@clymene/model'

import { metricsOf } from '../metrics-of.ts'
import { createBusSink } from './bus-sink.ts'

/** Kafka as a storage: what a gateway writes to when nothing else is said. */
export const kafkaStorage: Storage<typeof kafkaProducerFlags> = {
  name: 'kafka',
  help: 'Kafka topics that ingesters read',
  kinds: ['metrics', 'logs'],
  flags: kafkaProducerFlags,
  open: async ({ flags, logger, ...context }) => {
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
