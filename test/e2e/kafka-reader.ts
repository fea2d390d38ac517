import { decodePushRequest, decodeWriteRequest, decompress } from '@clymene/wire'
import { Kafka, logLevel, type KafkaMessage } from 'kafkajs'

import { createTopicOf } from './kafka-fixture.ts'
import { numberOf, sorted } from './world.ts'

/** What one message holds of the counted target or the numbered log. */
type Seen = { readonly cluster: string; readonly numbers: readonly number[]; readonly key: string; readonly tenant: string | undefined }

/** Reads the two topics of a gateway from their beginning on, as long as it is not closed. */
export async function openKafkaReader(bootstrap: string) {
  const topics = { metrics: 'clymene', logs: 'clymene-logs' }
  for (const topic of Object.values(topics)) await createTopicOf(bootstrap, topic)
  const seen = { metrics: [] as Seen[], logs: [] as Seen[] }
  const consumer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).consumer({ groupId: 'reader' })
  await consumer.connect()
  await consumer.subscribe({ topics: Object.values(topics), fromBeginning: true })
  await consumer.run({
    eachMessage: ({ topic, message }) => {
      if (topic === topics.metrics) seen.metrics.push(...samplesOf(message))
      else seen.logs.push(...linesOf(message))
      return Promise.resolve()
    },
  })
  const of = (kind: keyof typeof seen, cluster: string) => seen[kind].filter((one) => one.cluster === cluster)
  return {
    /** Every number of the cluster, once, rising. */
    numbers: (kind: keyof typeof seen, cluster: string): readonly number[] =>
      sorted(new Set(of(kind, cluster).flatMap(({ numbers }) => numbers))),
    keys: (cluster: string): readonly string[] => [...new Set(of('metrics', cluster).map(({ key }) => key))],
    tenants: (cluster: string): readonly (string | undefined)[] => [
      ...new Set([...of('metrics', cluster), ...of('logs', cluster)].map(({ tenant }) => tenant)),
    ],
    close: () => consumer.disconnect(),
  }
}

const LIMIT = 1 << 26

const envelopeOf = ({ key, headers }: KafkaMessage) => ({ key: key?.toString() ?? '', tenant: headers?.['clymene-tenant']?.toString() })

const samplesOf = (message: KafkaMessage): Seen[] =>
  decodeWriteRequest(decompress(message.value ?? Buffer.alloc(0), LIMIT)).map(({ labels, samples }) => ({
    ...envelopeOf(message),
    cluster: labels.find(([name]) => name === 'cluster')?.[1] ?? '',
    numbers: labels.some(([name, value]) => name === 'shape' && value === 'plain')
      ? samples.map(({ value }) => value).filter((value) => !Number.isNaN(value))
      : [],
  }))

const linesOf = (message: KafkaMessage): Seen[] =>
  decodePushRequest(decompress(message.value ?? Buffer.alloc(0), LIMIT)).map(({ labels, entries }) => ({
    ...envelopeOf(message),
    cluster: labels.find(([name]) => name === 'cluster')?.[1] ?? '',
    numbers: entries.map(({ line }) => numberOf(line)),
  }))
