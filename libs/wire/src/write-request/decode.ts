import { type Label, type Labels, type Sample, sortedLabels, type TimeSeries } from '@clymene/model'

import { FieldReader } from '../protobuf/field-reader.ts'
import { LABEL_NAME, LABEL_VALUE, REQUEST_SERIES, SAMPLE_TIMESTAMP, SAMPLE_VALUE, SERIES_LABEL, SERIES_SAMPLE } from './tags.ts'

/**
 * The series of an uncompressed `WriteRequest` as objects, in the order sent, for storages that need fields. Metadata, exemplars
 * and histograms are passed over; of a label that comes twice the last counts. Every message that `scanWriteRequest` accepts
 * can be decoded. A staleness marker is a NaN like others here.
 *
 * @throws DecodeError
 */
export function decodeWriteRequest(bytes: Uint8Array): TimeSeries[] {
  const reader = new FieldReader(bytes)
  const series: TimeSeries[] = []
  while (reader.position < bytes.length) {
    const tag = reader.tag(bytes.length)
    if (tag === REQUEST_SERIES) series.push(readSeries(reader, reader.fieldEnd(bytes.length)))
    else reader.skip(tag, bytes.length)
  }
  return series
}

function readSeries(reader: FieldReader, end: number): TimeSeries {
  const labels: Label[] = []
  const samples: Sample[] = []
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === SERIES_LABEL) labels.push(readLabel(reader, reader.fieldEnd(end)))
    else if (tag === SERIES_SAMPLE) samples.push(readSample(reader, reader.fieldEnd(end)))
    else reader.skip(tag, end)
  }
  return { labels: isSorted(labels) ? labels : sortedLabels(new Map(labels)), samples }
}

/** Nearly every sender writes labels as we keep them: sorted, each once, none empty. */
function isSorted(labels: Labels): boolean {
  let previous = ''
  return labels.every(([name, value]) => {
    const after = name > previous && value !== ''
    previous = name
    return after
  })
}

/** Reads a message of a name (field 1) and a value (field 2): `Label` here, `LabelPairAdapter` in Loki. */
export function readLabel(reader: FieldReader, end: number): Label {
  let name = ''
  let value = ''
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === LABEL_NAME) name = reader.text(reader.fieldEnd(end))
    else if (tag === LABEL_VALUE) value = reader.text(reader.fieldEnd(end))
    else reader.skip(tag, end)
  }
  return [name, value]
}

function readSample(reader: FieldReader, end: number): Sample {
  let value = 0
  let timestampMs = 0
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === SAMPLE_VALUE) value = reader.double(end)
    else if (tag === SAMPLE_TIMESTAMP) timestampMs = reader.int64(end)
    else reader.skip(tag, end)
  }
  return { timestampMs, value }
}
