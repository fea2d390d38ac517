import { FieldReader } from '../protobuf/field-reader.ts'
import { FieldWriter } from '../protobuf/field-writer.ts'
import { writeDelimited } from '../protobuf/write-delimited.ts'
import { readSeriesFields } from './series-fields.ts'
import { REQUEST_METADATA, REQUEST_SERIES } from './tags.ts'

/**
 * The records number `from` to `to` (not included) of a `WriteRequest` as one of its own; samples and histograms count, in the
 * order of the bytes. A series that has none of them is left out. Values keep their bits, which matters for staleness markers.
 *
 * Slices side by side hold everything once: the exemplars of a series go with its last record (a receiver takes them after the
 * samples), those of a series without records with the records that follow, metadata with record 0. Unknown fields of a series stay with
 * each of its parts.
 *
 * @throws DecodeError
 */
export function sliceWriteRequest(bytes: Uint8Array, from: number, to: number): Buffer {
  const reader = new FieldReader(bytes)
  const writer = new FieldWriter(Math.min(bytes.length, 1024))
  let record = 0
  while (reader.position < bytes.length) {
    const start = reader.position
    const tag = reader.tag(bytes.length)
    if (tag === REQUEST_SERIES) {
      const { labels, records, exemplars } = readSeriesFields(reader, reader.fieldEnd(bytes.length))
      const kept = records.slice(Math.max(from - record, 0), Math.max(to - record, 0))
      const last = record + Math.max(records.length - 1, 0)
      if (last >= from && last < to) kept.push(...exemplars)
      if (kept.length > 0) writeDelimited(writer, REQUEST_SERIES, [...labels, ...kept])
      record += records.length
    } else {
      reader.skip(tag, bytes.length)
      if (tag === REQUEST_METADATA && from <= 0 && to > 0) writeField(writer, bytes.subarray(start, reader.position))
    }
  }
  return writer.written()
}

function writeField(writer: FieldWriter, field: Uint8Array): void {
  writer.reserve(field.length)
  writer.bytes(field)
}
