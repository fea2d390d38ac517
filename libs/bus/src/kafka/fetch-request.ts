import type { Broker } from './internals.ts'
import { sendRequest } from './send-request.ts'

export type FetchRequest = {
  readonly topic: string
  readonly partition: number
  /** The first message that is wanted. */
  readonly offset: bigint
  /** Of the answer's records; the first batch comes whole however large it is. */
  readonly maxBytes: number
  /** How long the answer may take. */
  readonly timeoutMs: number
}

export type FetchAnswer = {
  readonly errorCode: number
  /** Messages from this offset on cannot be read yet: they are not replicated, or their transaction is open. */
  readonly end: bigint
  readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[]
  /** Record batches, the last one perhaps cut off. */
  readonly records: Buffer
  readonly throttleMs: number
}

const API_KEY = 1
/** The last one whose layout is fixed; brokers from 2.3 to 4 know it. */
const VERSION = 11
const READ_COMMITTED = 1

/**
 * Asks the leader of a partition for what is there now, without waiting for more.
 *
 * @throws kafkajs's errors when the connection fails or the answer does not come in time.
 */
export async function sendFetch(broker: Broker, request: FetchRequest): Promise<FetchAnswer> {
  if ((broker.versions?.[API_KEY]?.maxVersion ?? VERSION) < VERSION) throw new Error('the Kafka broker is older than 2.3')
  const { payload, throttle } = await sendRequest(broker, {
    apiKey: API_KEY,
    apiName: 'Fetch',
    apiVersion: VERSION,
    expectResponse: true,
    timeoutMs: request.timeoutMs,
    encode: (correlationId, clientId) => [encodeFetchRequest(correlationId, clientId, request)],
  })
  const answer = decodeFetchResponse(payload ?? Buffer.alloc(0))
  throttle(answer.throttleMs)
  return answer
}

/**
 *     size int32 | apiKey int16 | apiVersion int16 | correlationId int32 | clientId string |
 *     replicaId int32 = -1 | maxWait int32 = 0 | minBytes int32 = 0 | maxBytes int32 | isolation int8 | sessionId int32 = 0 |
 *     sessionEpoch int32 = -1 | topics int32 = 1 | topic string | partitions int32 = 1 | partition int32 | leaderEpoch int32 = -1 |
 *     offset int64 | logStartOffset int64 = -1 | partitionMaxBytes int32 | forgottenTopics int32 = 0 | rack string = ''
 *
 * Source: kafka.apache.org/protocol#The_Messages_Fetch.
 */
export function encodeFetchRequest(correlationId: number, clientId: string, { topic, partition, offset, maxBytes }: FetchRequest): Buffer {
  const client = Buffer.from(clientId)
  const name = Buffer.from(topic)
  const bytes = Buffer.allocUnsafe(83 + client.length + name.length)
  let at = bytes.writeInt32BE(bytes.length - 4, 0)
  at = bytes.writeInt16BE(API_KEY, at)
  at = bytes.writeInt16BE(VERSION, at)
  at = bytes.writeInt32BE(correlationId, at)
  at = bytes.writeInt16BE(client.length, at)
  at += client.copy(bytes, at)
  at = bytes.writeInt32BE(-1, at)
  at = bytes.writeInt32BE(0, at)
  at = bytes.writeInt32BE(0, at)
  at = bytes.writeInt32BE(maxBytes, at)
  at = bytes.writeInt8(READ_COMMITTED, at)
  at = bytes.writeInt32BE(0, at)
  at = bytes.writeInt32BE(-1, at)
  at = bytes.writeInt32BE(1, at)
  at = bytes.writeInt16BE(name.length, at)
  at += name.copy(bytes, at)
  at = bytes.writeInt32BE(1, at)
  at = bytes.writeInt32BE(partition, at)
  at = bytes.writeInt32BE(-1, at)
  at = bytes.writeBigInt64BE(offset, at)
  at = bytes.writeBigInt64BE(-1n, at)
  at = bytes.writeInt32BE(maxBytes, at)
  at = bytes.writeInt32BE(0, at)
  bytes.writeInt16BE(0, at)
  return bytes
}

/**
 *     throttleTime int32 | errorCode int16 | sessionId int32 | topics int32 | topic string | partitions int32 | partition int32 |
 *     errorCode int16 | highWatermark int64 | lastStableOffset int64 | logStartOffset int64 |
 *     abortedTransactions int32 (producerId int64 | firstOffset int64)* | preferredReadReplica int32 | length int32 | records
 */
export function decodeFetchResponse(payload: Buffer): FetchAnswer {
  const throttleMs = payload.readInt32BE(0)
  const sessionError = payload.readInt16BE(4)
  const nothing = { end: -1n, abortedTransactions: [], records: Buffer.alloc(0), throttleMs }
  if (sessionError !== 0 || payload.readInt32BE(10) === 0) return { ...nothing, errorCode: sessionError }
  const partition = 16 + payload.readInt16BE(14) + 4
  const errorCode = payload.readInt16BE(partition + 4)
  const end = payload.readBigInt64BE(partition + 14)
  const aborted = Math.max(0, payload.readInt32BE(partition + 30))
  let at = partition + 34
  const abortedTransactions = Array.from({ length: aborted }, (_, index) => ({
    producerId: String(payload.readBigInt64BE(at + index * 16)),
    firstOffset: String(payload.readBigInt64BE(at + index * 16 + 8)),
  }))
  at += aborted * 16 + 4
  const length = Math.max(0, payload.readInt32BE(at))
  return { errorCode, end, abortedTransactions, records: payload.subarray(at + 4, at + 4 + length), throttleMs }
}
