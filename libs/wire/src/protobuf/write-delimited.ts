import { delimitedSize, type FieldWriter } from './field-writer.ts'

/** Appends a message made of fields that are encoded already, under a one-byte tag. */
export function writeDelimited(writer: FieldWriter, tag: number, fields: readonly Uint8Array[]): void {
  const size = fields.reduce((sum, field) => sum + field.length, 0)
  writer.reserve(delimitedSize(size))
  writer.byte(tag)
  writer.varint(size)
  for (const field of fields) writer.bytes(field)
}
