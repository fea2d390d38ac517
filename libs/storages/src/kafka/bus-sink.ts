import { JSON_TYPE, PROTOBUF, type Bus, type Delivery, type Envelope, type Kind, type Sink } from '@clymene/model'
import { decodePushRequest, decodeWriteRequest, decompress, encodeBatchJson, encodeMetricsJson } from '@clymene/wire'

export type BusEncoding = 'protobuf' | 'json'

export type BusSinkOptions = {
  readonly bus: Pick<Bus, 'produce'>
  readonly kind: Kind
  readonly topic: string
  /** `protobuf`: the block as it is. `json`: the forms that Go Clymene reads when it is told to. */
  readonly encoding: BusEncoding
}

/** A bus as a storage: one message a delivery, all in one produce call, acknowledged when the bus has made them durable. */
export function createBusSink({ bus, kind, topic, encoding }: BusSinkOptions): Sink {
  const encode = encoding === 'protobuf' ? asItIs : kind === 'metrics' ? metricsJson : logsJson
  return { write: (deliveries, signal) => bus.produce(topic, deliveries.map(encode), signal) }
}

const asItIs = ({ kind, key, value, headers }: Delivery): Envelope => ({ kind, key, value, headers: { ...headers, contentType: PROTOBUF } })

const metricsJson = (delivery: Delivery): Envelope =>
  json(delivery, encodeMetricsJson(decodeWriteRequest(decompress(delivery.value, MAX_BYTES))))

const logsJson = (delivery: Delivery): Envelope =>
  json(delivery, encodeBatchJson(decodePushRequest(decompress(delivery.value, MAX_BYTES)), delivery.headers.tenant ?? ''))

/** JSON is no block that could be spliced: the mark does not go along. */
function json({ kind, key, headers: all }: Delivery, value: Buffer): Envelope {
  const { scanned: _, ...headers } = all
  return { kind, key, value, headers: { ...headers, contentType: JSON_TYPE } }
}

/** What is written here was scanned under the limit of whoever took it in. */
export const MAX_BYTES = 512 * 1024 * 1024
