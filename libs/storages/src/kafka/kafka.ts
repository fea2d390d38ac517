import { createKafkaBus, kafkaProducerFlags, kafkaProducerOptions } from '@clymene/bus'
import { RetryableError, type FlagValues, type Sink, type Storage } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'

import { mistakesIn, refuse } from '../flag-mistakes.ts'
import { metricsOf } from '../metrics-of.ts'
import { createBusSink } from './bus-sink.ts'
import { createFlatSink } from './flat-sink.ts'

const mistakesOf = (flags: FlagValues<typeof kafkaProducerFlags>): readonly string[] => mistakesIn(() => kafkaProducerOptions(flags))

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
    const metrics = metricsOf(context)
    const bus = createKafkaBus({
      producer: kafkaProducerOptions(flags),
      kindOf: (topic) => (topic === logsTopic ? 'logs' : 'metrics'),
      metrics,
      logger,
    })
    const encoding = flags['kafka.producer.encoding']
    const isFlat = flags['kafka.producer.flatten-for-druid']
    if (isFlat && encoding !== 'json')
      logger.warn('--kafka.producer.flatten-for-druid has no effect without --kafka.producer.encoding=json')
    const createMetricSink = (): Sink =>
      isFlat && encoding === 'json'
        ? createFlatSink({ bus, topic: metricsTopic, leftOut: countLeftOut(metrics) })
        : createBusSink({ bus, kind: 'metrics', topic: metricsTopic, encoding })
    return {
      sinks: {
        metrics: createMetricSink(),
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

function countLeftOut(metrics: Metrics): (samples: number) => void {
  const counter = metrics.counter(
    'clymene_kafka_flattened_left_out_total',
    'Samples that --kafka.producer.flatten-for-druid left out, because JSON has no NaN (staleness markers too) and no infinities',
  )
  return (samples) => counter.inc(samples)
}
