/**
 * The least that an ingester has to do, for comparison: kafkajs's consumer, sixteen messages spliced at a time, undici, and a
 * commit when the store has answered. No rules of order, no retry, no dead letters, no metrics.
 */
import { spliceBlocks } from '@clymene/wire'
import { Kafka, logLevel } from 'kafkajs'
import { Pool } from 'undici'

import { answerQuestions } from '../program.ts'

export type BareIngesterQuestion = {
  readonly bootstrap: string
  readonly topic: string
  readonly group: string
  /** Origin of a store for remote write. */
  readonly store: string
}

const MESSAGES = 16

answerQuestions<BareIngesterQuestion>(async ({ bootstrap, topic, group, store }): Promise<true> => {
  const pool = new Pool(store, { connections: 8 })
  const consumer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).consumer({ groupId: group })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    partitionsConsumedConcurrently: 3,
    eachBatch: async ({ batch: { messages } }) => {
      const blocks = messages.flatMap(({ value }) => (value === null ? [] : [value]))
      for (let from = 0; from < blocks.length; from += MESSAGES) {
        const body = spliceBlocks(blocks.slice(from, from + MESSAGES))
        const answer = await pool.request({
          method: 'POST',
          path: '/api/v1/write',
          headers: { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf' },
          body,
        })
        await answer.body.dump()
        if (answer.statusCode !== 204) throw new Error(`the store answered ${answer.statusCode}`)
      }
    },
  })
  return true
})
