import { FieldReader } from '../protobuf/field-reader.ts'
import { FieldWriter } from '../protobuf/field-writer.ts'
import { writeDelimited } from '../protobuf/write-delimited.ts'
import { REQUEST_STREAM, STREAM_ENTRY } from './tags.ts'

/**
 * Halves a `PushRequest` at a stream boundary or, when it has one stream, at an entry boundary within that; the order stays.
 * Unknown fields of the message go with the first half, labels and other fields of a divided stream with both.
 *
 * @returns undefined when there is nothing to divide: no stream, or one with fewer than two entries.
 * @throws DecodeError
 */
export function splitPushRequest(bytes: Uint8Array): [Buffer, Buffer] | undefined {
  const { chosen: streams, others } = fieldsOf(bytes, REQUEST_STREAM)
  if (streams.length > 1) {
    const middle = Math.ceil(streams.length / 2)
    return [Buffer.concat([...streams.slice(0, middle), ...others]), Buffer.concat(streams.slice(middle))]
  }
  const halves = streams[0] && splitStream(streams[0])
  return halves && [Buffer.concat([halves[0], ...others]), halves[1]]
}

function splitStream(stream: Uint8Array): [Buffer, Buffer] | undefined {
  const { chosen: entries, others } = fieldsOf(contentOf(stream), STREAM_ENTRY)
  if (entries.length < 2) return undefined
  const middle = Math.ceil(entries.length / 2)
  return [wrapStream([...others, ...entries.slice(0, middle)]), wrapStream([...others, ...entries.slice(middle)])]
}

/** The fields of a message with `chosenTag`, tags and lengths included, and all the others. */
function fieldsOf(message: Uint8Array, chosenTag: number): { chosen: Uint8Array[]; others: Uint8Array[] } {
  const chosen: Uint8Array[] = []
  const others: Uint8Array[] = []
  const reader = new FieldReader(message)
  while (reader.position < message.length) {
    const start = reader.position
    const tag = reader.tag(message.length)
    reader.skip(tag, message.length)
    const fields = tag === chosenTag ? chosen : others
    fields.push(message.subarray(start, reader.position))
  }
  return { chosen, others }
}

/** What a delimited field holds. */
function contentOf(field: Uint8Array): Uint8Array {
  const reader = new FieldReader(field)
  reader.tag(field.length)
  const end = reader.fieldEnd(field.length)
  return field.subarray(reader.position, end)
}

function wrapStream(fields: readonly Uint8Array[]): Buffer {
  const writer = new FieldWriter(0)
  writeDelimited(writer, REQUEST_STREAM, fields)
  return writer.written()
}
