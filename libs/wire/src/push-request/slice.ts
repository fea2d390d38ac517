import { FieldReader } from '../protobuf/field-reader.ts'
import { FieldWriter } from '../protobuf/field-writer.ts'
import { writeDelimited } from '../protobuf/write-delimited.ts'
import { REQUEST_STREAM, STREAM_ENTRY } from './tags.ts'

/**
 * The entries number `from` to `to` (not included) of a `PushRequest`, in the order of the bytes, as one of its own; a stream that
 * has none of them is left out. Labels, metadata and lines keep their bytes.
 *
 * @throws DecodeError
 */
export function slicePushRequest(bytes: Uint8Array, from: number, to: number): Buffer {
  const reader = new FieldReader(bytes)
  const writer = new FieldWriter(Math.min(bytes.length, 1024))
  let entry = 0
  while (reader.position < bytes.length) {
    const tag = reader.tag(bytes.length)
    if (tag !== REQUEST_STREAM) {
      reader.skip(tag, bytes.length)
      continue
    }
    const end = reader.fieldEnd(bytes.length)
    const others: Uint8Array[] = []
    const entries: Uint8Array[] = []
    while (reader.position < end) {
      const start = reader.position
      const fieldTag = reader.tag(end)
      reader.skip(fieldTag, end)
      const field = bytes.subarray(start, reader.position)
      if (fieldTag !== STREAM_ENTRY) others.push(field)
      else if (entry++ >= from && entry <= to) entries.push(field)
    }
    if (entries.length > 0) writeDelimited(writer, REQUEST_STREAM, [...others, ...entries])
  }
  return writer.written()
}
