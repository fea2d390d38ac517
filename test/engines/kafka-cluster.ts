import { newCluster, startKafka, type Kafka, type KafkaOptions } from './kafka.ts'

export type KafkaCluster = {
  /** The first broker's address: clients learn of the others from it. */
  readonly bootstrap: string
  /** The first is the controller: without it nobody sees that another is gone. */
  readonly brokers: readonly Kafka[]
  readonly stop: () => Promise<void>
}

/** The cleaner of compacted topics takes 128 MiB by default. */
const SMALL = { 'log.cleaner.dedupe.buffer.size': String(16 * 1024 * 1024) }

/** Several brokers, one of them the controller. */
export async function startKafkaCluster(size: number, options: Omit<KafkaOptions, 'port' | 'member'> = {}): Promise<KafkaCluster> {
  const member = await newCluster()
  const start = (node: number): Promise<Kafka> =>
    startKafka({ heap: '192m', ...options, settings: { ...SMALL, ...options.settings }, member: { ...member, node } })
  const first = await start(1)
  const brokers = [first, ...(await Promise.all(Array.from({ length: size - 1 }, (_, index) => start(index + 2))))]
  return {
    bootstrap: first.bootstrap,
    brokers,
    stop: async () => void (await Promise.all(brokers.map((broker) => broker.stop()))),
  }
}
