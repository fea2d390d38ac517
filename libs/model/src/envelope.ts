import type { Kind } from './records.ts'

/** A snappy block of a protobuf `WriteRequest` (metrics) or Loki `PushRequest` (logs): what the byte path carries. */
export const PROTOBUF = 'application/x-protobuf'
/** The JSON forms of Go Clymene (metrics and logs) and of Loki's push API. */
export const JSON_TYPE = 'application/json'

/**
 * What travels beside the bytes. Every field is optional: a message of Go Clymene has none.
 * The same names are Kafka headers, HTTP headers and gRPC metadata (envelope-headers.ts of libs/wire).
 */
export type EnvelopeHeaders = {
  readonly contentType?: string
  readonly tenant?: string
  readonly cluster?: string
  /** Who numbered the message: an agent's id, or the gateway's for senders that do not number. */
  readonly agent?: string
  /** Changes each time the numbering starts anew; milliseconds since the epoch of that start. */
  readonly epoch?: number
  /** Rises by one with each message of one key, agent and epoch. */
  readonly sequence?: number
  /** Which of the agent's streams: messages of one stream stay in order. */
  readonly stream?: string
  /** Samples or entries inside. */
  readonly records?: number
  /**
   * Of a piece of a message that was cut, because it was larger than the bus takes: index, within the whole, of its first sample or
   * entry. The pieces have one number; that of the first is 0. Absent when the message was not cut.
   */
  readonly position?: number
  /** Time of the newest sample or entry inside, milliseconds since the epoch. */
  readonly newestMs?: number
  /** This block was decompressed and scanned on its own by a gateway of ours: it may be spliced. Never taken from outside. */
  readonly scanned?: boolean
}

/** One message: the unit that is acknowledged, retried, ordered and counted. */
export type Envelope = {
  readonly kind: Kind
  /** `tenant/cluster/agent/stream`: decides the partition, and with it what stays in order. */
  readonly key: string
  readonly value: Buffer
  readonly headers: EnvelopeHeaders
  /** Further headers that a bus carries as they are (lower-case names); dead letters tell here why they are ones. */
  readonly extra?: Readonly<Record<string, string>>
}

/** The key of a message whose sender tells who it is: tenant, cluster, agent and stream decide what stays in order. */
export const envelopeKey = ({ tenant = '', cluster = '', agent = '', stream = '' }: EnvelopeHeaders): string =>
  [tenant, cluster, agent, stream].map((part) => encodeURIComponent(part)).join('/')

/** Where a message stands in a bus: with the log's id it names a message for ever, also when a topic is made anew. */
export type Origin = {
  /** Kafka's cluster id, or the embedded log's own id. */
  readonly logId: string
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** When the bus took it, milliseconds since the epoch. */
  readonly timestampMs: number
}

/** A message read from a bus. */
export type BusRecord = Envelope & { readonly origin: Origin }
