import type { Label, Labels, TimeSeries } from '@clymene/model'

import { delimitedSize, FieldWriter, int64Size, textBytes } from '../protobuf/field-writer.ts'
import {
  EXEMPLAR_LABEL,
  EXEMPLAR_TIMESTAMP,
  EXEMPLAR_VALUE,
  LABEL_NAME,
  LABEL_VALUE,
  REQUEST_SERIES,
  SAMPLE_TIMESTAMP,
  SAMPLE_VALUE,
  SERIES_EXEMPLAR,
  SERIES_LABEL,
  SERIES_SAMPLE,
} from './tags.ts'

/** A `WriteRequest` of these series, in the order given. NaN is never written as a staleness marker. */
export function encodeWriteRequest(series: readonly TimeSeries[]): Buffer {
  const writer = new FieldWriter(64 + 256 * series.length)
  for (const { labels, samples } of series) {
    const encodedLabels = encodeSeriesLabels(labels)
    const size = samples.reduce((sum, { timestampMs }) => sum + delimitedSize(sampleSize(timestampMs)), encodedLabels.length)
    writer.reserve(delimitedSize(size))
    writer.byte(REQUEST_SERIES)
    writer.varint(size)
    writer.bytes(encodedLabels)
    for (const { timestampMs, value } of samples) {
      writer.byte(SERIES_SAMPLE)
      writer.varint(sampleSize(timestampMs))
      writer.byte(SAMPLE_VALUE)
      writer.double(value)
      writer.byte(SAMPLE_TIMESTAMP)
      writer.int64(timestampMs)
    }
  }
  return writer.written()
}

/** The label fields of a `TimeSeries`, as `createWriteRequestWriter` takes them: encoded once, written with every sample. */
export function encodeSeriesLabels(labels: Labels): Buffer {
  const writer = new FieldWriter(labelsSize(labels))
  writeLabels(writer, SERIES_LABEL, labels)
  return writer.written()
}

/** One exemplar field of a `TimeSeries`, as `createWriteRequestWriter` takes it; several may stand one after the other. */
export function encodeExemplar(labels: Labels, value: number, timestampMs: number): Buffer {
  const size = labelsSize(labels) + 1 + 8 + 1 + int64Size(timestampMs)
  const writer = new FieldWriter(delimitedSize(size))
  writer.byte(SERIES_EXEMPLAR)
  writer.varint(size)
  writeLabels(writer, EXEMPLAR_LABEL, labels)
  writer.byte(EXEMPLAR_VALUE)
  writer.double(value)
  writer.byte(EXEMPLAR_TIMESTAMP)
  writer.int64(timestampMs)
  return writer.written()
}

function labelsSize(labels: Labels): number {
  let total = 0
  for (const label of labels) total += delimitedSize(labelSize(label))
  return total
}

const labelSize = ([name, value]: Label): number => delimitedSize(textBytes(name)) + delimitedSize(textBytes(value))

function writeLabels(writer: FieldWriter, tag: number, labels: Labels): void {
  for (const label of labels) {
    const [name, value] = label
    writer.byte(tag)
    writer.varint(labelSize(label))
    writer.text(LABEL_NAME, name, textBytes(name))
    writer.text(LABEL_VALUE, value, textBytes(value))
  }
}

const sampleSize = (timestampMs: number): number => 1 + 8 + 1 + int64Size(timestampMs)
