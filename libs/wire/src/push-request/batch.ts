import { DecodeError } from '@clymene/model'

import { FieldReader } from '../protobuf/field-reader.ts'
import { delimitedSize, FieldWriter } from '../protobuf/field-writer.ts'
import { BATCH_BYTES } from './tags.ts'

/**
 * What a `logproto.Batch` (the request of Clymene's gRPC `TransferBatch`) holds: JSON from Go Clymene.
 *
 * @returns a view on `bytes`; empty when there is none.
 * @throws DecodeError
 */
export function unwrapBatch(bytes: Uint8Array): Uint8Array {
  const reader = new FieldReader(bytes)
  let content = bytes.subarray(0, 0)
  while (reader.position < bytes.length) {
    const start = reader.position
    const tag = reader.tag(bytes.length)
    if (tag === BATCH_BYTES) {
      const end = reader.fieldEnd(bytes.length)
      content = bytes.subarray(reader.position, end)
      reader.position = end
    } else if (tag >>> 3 === 1) throw new DecodeError(`wire type ${tag & 7} in field 1 of Batch`, start)
    else reader.skip(tag, bytes.length)
  }
  return content
}

/** The `logproto.Batch` around the bytes of a gRPC `TransferBatch`. */
export function wrapBatch(bytes: Uint8Array): Buffer {
  const writer = new FieldWriter(delimitedSize(bytes.length))
  writer.byte(BATCH_BYTES)
  writer.varint(bytes.length)
  writer.bytes(bytes)
  return writer.written()
}
