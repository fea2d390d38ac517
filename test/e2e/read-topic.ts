import { Kafka, logLevel, type KafkaMessage } from 'kafkajs'

import { withAdmin } from './kafka-admin.ts'

/** Shows every message that a topic holds at the moment of the call, from its oldest on, over a client of its own. */
export async function readTopic(bootstrap: string, topic: string, see: (message: KafkaMessage, partition: number) => void): Promise<void> {
  const offsets = await withAdmin(bootstrap, (admin) => admin.fetchTopicOffsets(topic))
  const missing = new Map(offsets.filter(({ low, high }) => low !== high).map(({ partition, high }) => [partition, BigInt(high)]))
  if (missing.size === 0) return
  const read = Promise.withResolvers<void>()
  const consumer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).consumer({
    groupId: `reader-${topic}-${Date.now()}-${process.pid}`,
    allowAutoTopicCreation: false,
  })
  consumer.on('consumer.crash', ({ payload: { error, restart } }) => {
    if (!restart) read.reject(error)
  })
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch: { partition, messages } }) => {
        for (const message of messages) {
          const end = missing.get(partition)
          if (end === undefined || BigInt(message.offset) >= end) continue
          see(message, partition)
          if (BigInt(message.offset) === end - 1n) missing.delete(partition)
        }
        if (missing.size === 0) read.resolve()
        return Promise.resolve()
      },
    })
    await read.promise
  } finally {
    await consumer.disconnect()
  }
}
