import { delimitedSize, FieldWriter, int64Size, textBytes, varintSize } from '../protobuf/field-writer.ts'
import {
  METADATA_FAMILY,
  METADATA_HELP,
  METADATA_TYPE,
  METADATA_UNIT,
  REQUEST_METADATA,
  REQUEST_SERIES,
  SAMPLE_TIMESTAMP,
  SAMPLE_VALUE,
  SERIES_SAMPLE,
} from './tags.ts'

/** MetricMetadata.MetricType of prompb/types.proto, in its order. */
export const METRIC_TYPES = ['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset'] as const
export type MetricType = (typeof METRIC_TYPES)[number]

export type WriteRequestWriter = {
  /** One series with one sample. `encodedLabels` comes from `encodeSeriesLabels`; `timestampMs` is a whole number. */
  readonly append: (encodedLabels: Uint8Array, timestampMs: number, value: number) => void
  /** The same with Prometheus' staleness marker as value. */
  readonly appendStale: (encodedLabels: Uint8Array, timestampMs: number) => void
  readonly appendMetadata: (type: MetricType, family: string, help: string, unit: string) => void
  /** The message so far: a view, valid until the next append or reset. */
  readonly finish: () => Buffer
  /** Starts an empty message in the same buffer. */
  readonly reset: () => void
  /** Samples written since the start or the last reset. */
  readonly records: number
  /** Length of the message so far. */
  readonly bytes: number
}

/** Value.StaleNaN of Prometheus (model/value/value.go): a NaN that no arithmetic gives. Written as words: a number may lose its bits. */
const STALE_NAN_LOW = 0x0000_0002
const STALE_NAN_HIGH = 0x7ff0_0000

/**
 * Builds a `WriteRequest` series by series: a cached series costs a copy of its labels and about 20 bytes.
 *
 * @param initialBytes room to start with; the buffer grows and is kept over `reset`.
 */
export function createWriteRequestWriter(initialBytes = 64 * 1024): WriteRequestWriter {
  const writer = new FieldWriter(initialBytes)
  let records = 0

  function startSample(encodedLabels: Uint8Array, timestampMs: number): void {
    const sampleBytes = 1 + 8 + 1 + int64Size(timestampMs)
    const seriesBytes = encodedLabels.length + 2 + sampleBytes
    writer.reserve(1 + varintSize(seriesBytes) + seriesBytes)
    writer.byte(REQUEST_SERIES)
    writer.varint(seriesBytes)
    writer.bytes(encodedLabels)
    writer.byte(SERIES_SAMPLE)
    writer.byte(sampleBytes)
    writer.byte(SAMPLE_VALUE)
    records++
  }

  function endSample(timestampMs: number): void {
    writer.byte(SAMPLE_TIMESTAMP)
    writer.int64(timestampMs)
  }

  return {
    append: (encodedLabels, timestampMs, value) => {
      startSample(encodedLabels, timestampMs)
      writer.double(value)
      endSample(timestampMs)
    },
    appendStale: (encodedLabels, timestampMs) => {
      startSample(encodedLabels, timestampMs)
      writer.uint64(STALE_NAN_LOW, STALE_NAN_HIGH)
      endSample(timestampMs)
    },
    appendMetadata: (type, family, help, unit) => {
      const [familyBytes, helpBytes, unitBytes] = [textBytes(family), textBytes(help), textBytes(unit)]
      const size = 2 + delimitedSize(familyBytes) + delimitedSize(helpBytes) + delimitedSize(unitBytes)
      writer.reserve(delimitedSize(size))
      writer.byte(REQUEST_METADATA)
      writer.varint(size)
      writer.byte(METADATA_TYPE)
      writer.byte(METRIC_TYPES.indexOf(type))
      writer.text(METADATA_FAMILY, family, familyBytes)
      writer.text(METADATA_HELP, help, helpBytes)
      writer.text(METADATA_UNIT, unit, unitBytes)
    },
    finish: () => writer.written(),
    reset: () => {
      writer.position = 0
      records = 0
    },
    get records() {
      return records
    },
    get bytes() {
      return writer.position
    },
  }
}
