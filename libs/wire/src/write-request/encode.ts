import type { Labels, TimeSeries } from '@clymene/model'

import { delimitedSize, FieldWriter, int64Size, textBytes } from '../protobuf/field-writer.ts'
import { LABEL_NAME, LABEL_VALUE, REQUEST_SERIES, SAMPLE_TIMESTAMP, SAMPLE_VALUE, SERIES_LABEL, SERIES_SAMPLE } from './tags.ts'

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
  const sizes = labels.map(([name, value]) => [textBytes(name), textBytes(value)] as const)
  const total = sizes.reduce((sum, [name, value]) => sum + delimitedSize(delimitedSize(name) + delimitedSize(value)), 0)
  const writer = new FieldWriter(total)
  for (const [index, [name, value]] of labels.entries()) {
    const [nameBytes, valueBytes] = sizes[index]!
    writer.byte(SERIES_LABEL)
    writer.varint(delimitedSize(nameBytes) + delimitedSize(valueBytes))
    writer.text(LABEL_NAME, name, nameBytes)
    writer.text(LABEL_VALUE, value, valueBytes)
  }
  return writer.written()
}

const sampleSize = (timestampMs: number): number => 1 + 8 + 1 + int64Size(timestampMs)
