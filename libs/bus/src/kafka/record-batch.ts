import { crc32c } from './crc32c.ts'
import { varintSize, writeVarint } from './varint.ts'

/** A message as the log keeps it; `headers` is the encoded header section ({@link encodeHeaders}). */
export type OutgoingRecord = { readonly key: Buffer; readonly value: Buffer; readonly headers: Buffer }

/** Compression of the records; the id is the codec's number in the attributes. */
export type Codec = { readonly id: number; readonly compress: (bytes: Buffer) => Promise<Buffer> }

export type RecordBatch = { readonly chunks: readonly Buffer[]; readonly bytes: number }

const HEADER_BYTES = 61
/** A value of at least this many bytes is sent from where it stands, a smaller one is copied between its neighbours. */
const COPY_BELOW = 4096

/**
 * One record batch (magic 2) of a produce request. The chunks are written one after the other; large values are not copied.
 *
 *     baseOffset int64 | length int32 | leaderEpoch int32 | magic int8 | crc uint32 | attributes int16 | lastOffsetDelta int32 |
 *     baseTimestamp int64 | maxTimestamp int64 | producerId int64 | producerEpoch int16 | baseSequence int32 | count int32 | records
 *     record: length varint | attributes int8 | timestampDelta varint | offsetDelta varint | keyLength varint | key |
 *             valueLength varint | value | headers
 *
 * Source: kafka.apache.org/documentation/#recordbatch. The crc is over everything behind it.
 *
 * kafkajs's own encoder copies each value about eight times: to produce took 23 CPU-s a GiB at 64 KiB a message and 33 at
 * 1 KiB, with this and its own requests 1.4 and 16 (test/bench/kafka-produce.ts).
 */
export async function encodeRecordBatch(
  records: readonly OutgoingRecord[],
  timestampMs: number,
  codec: Codec | undefined,
): Promise<RecordBatch> {
  const plain = encodeRecords(records)
  const body = codec === undefined ? plain : [await codec.compress(Buffer.concat(plain))]
  const bytes = body.reduce((sum, chunk) => sum + chunk.length, HEADER_BYTES)
  const header = encodeBatchHeader(records.length, bytes, timestampMs, codec?.id ?? 0)
  let crc = crc32c(header.subarray(CRC_FROM))
  for (const chunk of body) crc = crc32c(chunk, crc)
  header.writeUInt32BE(crc, CRC_AT)
  return { chunks: [header, ...body], bytes }
}

const CRC_AT = 17
const CRC_FROM = 21

function encodeBatchHeader(count: number, bytes: number, timestampMs: number, attributes: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  const timestamp = BigInt(timestampMs)
  header.writeInt32BE(bytes - 12, 8)
  header.writeInt32BE(-1, 12)
  header.writeInt8(2, 16)
  header.writeInt16BE(attributes, CRC_FROM)
  header.writeInt32BE(count - 1, 23)
  header.writeBigInt64BE(timestamp, 27)
  header.writeBigInt64BE(timestamp, 35)
  // No producer id, epoch and sequence: not idempotent, one request in flight keeps the order.
  header.fill(0xff, 43, 57)
  header.writeInt32BE(count, 57)
  return header
}

function encodeRecords(records: readonly OutgoingRecord[]): Buffer[] {
  const lengths = records.map(bodyLength)
  const scratch = Buffer.allocUnsafe(
    records.reduce(
      (sum, { value }, index) => sum + varintSize(lengths[index]!) + lengths[index]! - (value.length < COPY_BELOW ? 0 : value.length),
      0,
    ),
  )
  const chunks: Buffer[] = []
  let start = 0
  let at = 0
  for (const [index, { key, value, headers }] of records.entries()) {
    at = writeVarint(scratch, lengths[index]!, at)
    scratch[at++] = 0 // attributes
    scratch[at++] = 0 // timestampDelta
    at = writeVarint(scratch, index, at)
    at = writeVarint(scratch, key.length, at)
    at += key.copy(scratch, at)
    at = writeVarint(scratch, value.length, at)
    if (value.length < COPY_BELOW) {
      at += value.copy(scratch, at)
    } else {
      chunks.push(scratch.subarray(start, at), value)
      start = at
    }
    at += headers.copy(scratch, at)
  }
  if (at > start) chunks.push(scratch.subarray(start, at))
  return chunks
}

const bodyLength = ({ key, value, headers }: OutgoingRecord, index: number): number =>
  2 + varintSize(index) + varintSize(key.length) + key.length + varintSize(value.length) + value.length + headers.length

/** `count varint | (nameLength varint | name | valueLength varint | value)*`, the last part of a record. */
export function encodeHeaders(headers: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(headers)
    .flat()
    .map((text) => Buffer.from(text))
  const count = pairs.length / 2
  const encoded = Buffer.allocUnsafe(pairs.reduce((sum, { length }) => sum + varintSize(length) + length, varintSize(count)))
  let at = writeVarint(encoded, count, 0)
  for (const bytes of pairs) {
    at = writeVarint(encoded, bytes.length, at)
    at += bytes.copy(encoded, at)
  }
  return encoded
}
