import { FieldReader } from '../protobuf/field-reader.ts'
import { FieldWriter } from '../protobuf/field-writer.ts'
import { writeDelimited } from '../protobuf/write-delimited.ts'
import { readSeriesFields, type SeriesFields } from './series-fields.ts'
import { REQUEST_SERIES } from './tags.ts'

/**
 * Halves a `WriteRequest` of one series between its samples, into two with the same labels; the order stays. Metadata and unknown
 * fields of the request go with the first half, exemplars with the second: a receiver takes them after the samples.
 *
 * @returns undefined when there is another number of series, or fewer than two samples and histograms in the one.
 * @throws DecodeError
 */
export function splitSeries(bytes: Uint8Array): [Buffer, Buffer] | undefined {
  const reader = new FieldReader(bytes)
  const around: Uint8Array[] = []
  let series: SeriesFields | undefined
  while (reader.position < bytes.length) {
    const start = reader.position
    const tag = reader.tag(bytes.length)
    if (tag === REQUEST_SERIES) {
      if (series !== undefined) return undefined
      series = readSeriesFields(reader, reader.fieldEnd(bytes.length))
    } else {
      reader.skip(tag, bytes.length)
      around.push(bytes.subarray(start, reader.position))
    }
  }
  if (series === undefined || series.records.length < 2) return undefined
  const { labels, records, exemplars } = series
  const middle = Math.ceil(records.length / 2)
  return [
    Buffer.concat([wrap([...labels, ...records.slice(0, middle)]), ...around]),
    wrap([...labels, ...records.slice(middle), ...exemplars]),
  ]
}

function wrap(fields: readonly Uint8Array[]): Buffer {
  const writer = new FieldWriter(0)
  writeDelimited(writer, REQUEST_SERIES, fields)
  return writer.written()
}
