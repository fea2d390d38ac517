import { isUtf8 } from 'node:buffer'

import { DecodeError } from '@clymene/model'

import { DELIMITED, FIXED64, type FieldReader, VARINT } from './field-reader.ts'

/** What a field may hold: a scalar, text (has to be UTF-8), bytes (anything), packed numbers or an embedded message. */
export type FieldShape = 'varint' | 'fixed64' | 'text' | 'bytes' | 'packed-varint' | 'packed-fixed64' | MessageShape

/** Field numbers of a message and what they hold; a number that is not here is unknown and skipped. */
export type MessageShape = { readonly name: string; readonly fields: ReadonlyMap<number, FieldShape> }

/**
 * Checks the message from the reader's position to `end`, embedded ones included, and passes it. For what is rare: the hot
 * messages have code of their own. A known field with another wire type is refused, as Go's generated code does.
 *
 * @throws DecodeError
 */
export function checkMessage(reader: FieldReader, end: number, shape: MessageShape): void {
  while (reader.position < end) {
    const start = reader.position
    const tag = reader.tag(end)
    const field = shape.fields.get(tag >>> 3)
    if (field === undefined) reader.skip(tag, end)
    else if (!wireTypes(field).includes(tag & 7)) throw wrongWireType(shape.name, tag, start)
    else checkField(reader, end, field, tag)
  }
}

export function wrongWireType(message: string, tag: number, offset: number): DecodeError {
  return new DecodeError(`wire type ${tag & 7} in field ${tag >>> 3} of ${message}`, offset)
}

/** @throws DecodeError when bytes `from` to `to` are not UTF-8. */
export function checkUtf8(bytes: Uint8Array, from: number, to: number): void {
  if (!isUtf8(bytes.subarray(from, to))) throw new DecodeError('text that is not UTF-8', from)
}

function checkField(reader: FieldReader, end: number, field: FieldShape, tag: number): void {
  if ((tag & 7) !== DELIMITED) {
    reader.skip(tag, end)
    return
  }
  const fieldEnd = reader.fieldEnd(end)
  if (typeof field === 'object') checkMessage(reader, fieldEnd, field)
  else if (field === 'text') checkUtf8(reader.bytes, reader.position, fieldEnd)
  else if (field === 'packed-varint') while (reader.position < fieldEnd) reader.skipVarint(fieldEnd)
  else if (field === 'packed-fixed64' && (fieldEnd - reader.position) % 8 !== 0) {
    throw new DecodeError('packed numbers of 8 bytes are cut', reader.position)
  }
  reader.position = fieldEnd
}

/** A repeated number may come packed or one by one. */
function wireTypes(field: FieldShape): readonly number[] {
  switch (field) {
    case 'varint':
      return [VARINT]
    case 'fixed64':
      return [FIXED64]
    case 'packed-varint':
      return [DELIMITED, VARINT]
    case 'packed-fixed64':
      return [DELIMITED, FIXED64]
    case 'text':
    case 'bytes':
    default:
      return [DELIMITED]
  }
}
