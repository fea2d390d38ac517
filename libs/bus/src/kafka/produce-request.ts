import type { Broker } from './internals.ts'
import type { RecordBatch } from './record-batch.ts'
import { sendRequest } from './send-request.ts'

export type ProduceRequest = {
  readonly topic: string
  readonly partition: number
  readonly batch: RecordBatch
  /** -1 all in-sync replicas, 1 the leader, 0 nobody answers. */
  readonly acks: -1 | 0 | 1
  /** How long the broker waits for its replicas. */
  readonly replicasTimeoutMs: number
  /** How long the answer may take in all. */
  readonly timeoutMs: number
}

const API_KEY = 0
/** Version 3 brought the record batches, 7 zstd; Kafka 4 knows 3 to 13. All from 3 to 8 have one request layout. */
const OLDEST = 3
const NEWEST = 7

/**
 * Sends one batch to the leader of its partition.
 *
 * @returns the broker's error code, 0 when the batch is in the log.
 * @throws kafkajs's errors when the connection fails or the answer does not come in time.
 */
export async function sendProduce(broker: Broker, request: ProduceRequest): Promise<number> {
  const apiVersion = Math.min(NEWEST, broker.versions?.[API_KEY]?.maxVersion ?? NEWEST)
  if (apiVersion < OLDEST) throw new Error('the Kafka broker is older than 0.11')
  const { payload, throttle } = await sendRequest(broker, {
    apiKey: API_KEY,
    apiName: 'Produce',
    apiVersion,
    expectResponse: request.acks !== 0,
    timeoutMs: request.timeoutMs,
    encode: (correlationId, clientId) => [encodeRequestHead(apiVersion, correlationId, clientId, request), ...request.batch.chunks],
  })
  if (payload === null) return 0
  const { errorCode, throttleMs } = decodeProduceResponse(payload, apiVersion)
  throttle(throttleMs)
  return errorCode
}

/**
 *     size int32 | apiKey int16 | apiVersion int16 | correlationId int32 | clientId string |
 *     transactionalId string = null | acks int16 | timeout int32 | topics int32 = 1 | topic string | partitions int32 = 1 |
 *     partition int32 | bytes int32 | record batch
 *
 * A string is its length as int16, then UTF-8. Source: kafka.apache.org/protocol#The_Messages_Produce.
 */
export function encodeRequestHead(
  apiVersion: number,
  correlationId: number,
  clientId: string,
  { topic, partition, batch, acks, replicasTimeoutMs }: ProduceRequest,
): Buffer {
  const client = Buffer.from(clientId)
  const name = Buffer.from(topic)
  const head = Buffer.allocUnsafe(40 + client.length + name.length)
  let at = head.writeInt32BE(head.length - 4 + batch.bytes, 0)
  at = head.writeInt16BE(API_KEY, at)
  at = head.writeInt16BE(apiVersion, at)
  at = head.writeInt32BE(correlationId, at)
  at = head.writeInt16BE(client.length, at)
  at += client.copy(head, at)
  at = head.writeInt16BE(-1, at)
  at = head.writeInt16BE(acks, at)
  at = head.writeInt32BE(replicasTimeoutMs, at)
  at = head.writeInt32BE(1, at)
  at = head.writeInt16BE(name.length, at)
  at += name.copy(head, at)
  at = head.writeInt32BE(1, at)
  at = head.writeInt32BE(partition, at)
  head.writeInt32BE(batch.bytes, at)
  return head
}

/**
 *     topics int32 | topic string | partitions int32 | partition int32 | errorCode int16 | baseOffset int64 | logAppendTime int64 |
 *     (from 5) logStartOffset int64 | throttleTime int32
 */
export function decodeProduceResponse(payload: Buffer, apiVersion: number): { readonly errorCode: number; readonly throttleMs: number } {
  const partition = 4 + 2 + payload.readInt16BE(4) + 4
  const throttle = partition + 4 + 2 + 8 + 8 + (apiVersion >= 5 ? 8 : 0)
  // Before version 6 the broker had already waited when it answered.
  return { errorCode: payload.readInt16BE(partition + 4), throttleMs: apiVersion >= 6 ? payload.readInt32BE(throttle) : 0 }
}
