import type { FieldReader } from '../protobuf/field-reader.ts'
import { SERIES_EXEMPLAR, SERIES_HISTOGRAM, SERIES_SAMPLE } from './tags.ts'

/** A series taken apart: whole fields, tags among them, in the order of the bytes. */
export type SeriesFields = {
  /** Whatever belongs to the series as a whole: unknown fields too. */
  readonly labels: readonly Uint8Array[]
  /** Samples and histograms. */
  readonly records: readonly Uint8Array[]
  readonly exemplars: readonly Uint8Array[]
}

/**
 * Reads the content of a series that stands at the reader's position.
 *
 * @throws DecodeError
 */
export function readSeriesFields(reader: FieldReader, end: number): SeriesFields {
  const labels: Uint8Array[] = []
  const records: Uint8Array[] = []
  const exemplars: Uint8Array[] = []
  while (reader.position < end) {
    const start = reader.position
    const tag = reader.tag(end)
    reader.skip(tag, end)
    const fields = tag === SERIES_SAMPLE || tag === SERIES_HISTOGRAM ? records : tag === SERIES_EXEMPLAR ? exemplars : labels
    fields.push(reader.bytes.subarray(start, reader.position))
  }
  return { labels, records, exemplars }
}
