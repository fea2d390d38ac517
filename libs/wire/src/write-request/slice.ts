import { FieldReader } from '../protobuf/field-reader.ts'
import { FieldWriter } from '../protobuf/field-writer.ts'
import { writeDelimited } from '../protobuf/write-delimited.ts'
import { REQUEST_SERIES, SERIES_HISTOGRAM, SERIES_LABEL, SERIES_SAMPLE } from './tags.ts'

/**
 * The records number `from` to `to` (not included) of a `WriteRequest` as one of its own; samples and histograms count, in the
 * order of the bytes. A series that has none of them is left out, and so are metadata and exemplars. Values keep their bits, which
 * matters for staleness markers.
 *
 * @throws DecodeError
 */
export function sliceWriteRequest(bytes: Uint8Array, from: number, to: number): Buffer {
  const reader = new FieldReader(bytes)
  const writer = new FieldWriter(Math.min(bytes.length, 1024))
  let record = 0
  while (reader.position < bytes.length) {
    const tag = reader.tag(bytes.length)
    if (tag !== REQUEST_SERIES) {
      reader.skip(tag, bytes.length)
      continue
    }
    const end = reader.fieldEnd(bytes.length)
    const labels: Uint8Array[] = []
    const records: Uint8Array[] = []
    while (reader.position < end) {
      const start = reader.position
      const fieldTag = reader.tag(end)
      reader.skip(fieldTag, end)
      const field = bytes.subarray(start, reader.position)
      if (fieldTag === SERIES_LABEL) labels.push(field)
      else if ((fieldTag === SERIES_SAMPLE || fieldTag === SERIES_HISTOGRAM) && record++ >= from && record <= to) records.push(field)
    }
    if (records.length > 0) writeDelimited(writer, REQUEST_SERIES, [...labels, ...records])
  }
  return writer.written()
}
