import type { KafkaMessage } from 'kafkajs'
import filterAbortedMessages from 'kafkajs/src/consumer/filterAbortedMessages.js'
import Decoder from 'kafkajs/src/protocol/decoder.js'
import decodeRecordBatch, { type DecodedMessage } from 'kafkajs/src/protocol/recordBatch/v0/decoder.js'

import type { FetchAnswer } from './fetch-request.ts'

const HEADER_BYTES = 61
/** Of the header of a batch, see record-batch.ts. */
const LENGTH_AT = 8
const MAGIC_AT = 16
const LAST_OFFSET_DELTA_AT = 23

export type DecodedBatches = {
  /** Without marks of transactions and what was taken back. Their values are views of the answer. */
  readonly messages: readonly KafkaMessage[]
  /** Offset behind the last whole batch; undefined when there is none. */
  readonly next: bigint | undefined
}

/** Reads the whole batches of an answer: also what is only a hole (compaction, marks of transactions) moves `next` on. */
export async function decodeBatches({
  records,
  abortedTransactions,
}: Pick<FetchAnswer, 'records' | 'abortedTransactions'>): Promise<DecodedBatches> {
  const messages: DecodedMessage[] = []
  let next: bigint | undefined
  let at = 0
  while (at + HEADER_BYTES <= records.length) {
    const end = at + LENGTH_AT + 4 + records.readInt32BE(at + LENGTH_AT)
    if (end > records.length) break
    const magic = records.readInt8(at + MAGIC_AT)
    if (magic !== 2) throw new Error(`messages of format ${magic}, expected 2 (Kafka 0.11 or later)`)
    messages.push(...(await decodeRecordBatch(new Decoder(records.subarray(at, end)))).records)
    next = records.readBigInt64BE(at) + BigInt(records.readInt32BE(at + LAST_OFFSET_DELTA_AT)) + 1n
    at = end
  }
  return { messages: filterAbortedMessages({ messages, abortedTransactions }).filter(({ isControlRecord }) => !isControlRecord), next }
}
