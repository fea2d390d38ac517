import type { ExpectedLabel } from '../expected-label.ts'
import { FieldReader } from '../protobuf/field-reader.ts'
import { wrongWireType } from '../protobuf/message-check.ts'
import {
  ENTRY_LINE,
  ENTRY_METADATA,
  ENTRY_TIMESTAMP,
  PAIR_NAME,
  PAIR_VALUE,
  REQUEST_STREAM,
  STREAM_ENTRY,
  STREAM_HASH,
  STREAM_LABELS,
} from './tags.ts'
import { readTimestamp, type Timestamp, toNanoseconds } from './timestamp.ts'
import { watchStreamLabels, type StreamWatch } from './watch-labels.ts'

export type PushRequestScan = {
  readonly streams: number
  readonly entries: number
  /** Bytes of the lines alone. */
  readonly lineBytes: number
  /** Of entries; undefined when there is none. */
  readonly minTimestampNs: bigint | undefined
  readonly maxTimestampNs: bigint | undefined
  /** The first value of the expected label that is another one, cut at 128 characters; absent when there is none. */
  readonly otherValue?: string
}

/**
 * Checks an uncompressed Loki `PushRequest` to the last byte without making objects of it, and counts. Structure and
 * timestamps only, as Loki does: a line may be any bytes, and the label text is read only where a label is expected.
 *
 * @param expected a label that every stream is to have with this value, if it has it.
 * @throws DecodeError
 */
export function scanPushRequest(bytes: Uint8Array, expected?: ExpectedLabel): PushRequestScan {
  const reader = new FieldReader(bytes)
  const watch = expected === undefined ? undefined : watchStreamLabels(bytes, expected)
  const counts: Counts = {
    entries: 0,
    lineBytes: 0,
    timestamp: { seconds: 0, nanos: 0 },
    min: { seconds: Infinity, nanos: 0 },
    max: { seconds: -Infinity, nanos: 0 },
  }
  let streams = 0
  while (reader.position < bytes.length) {
    const start = reader.position
    const tag = reader.tag(bytes.length)
    if (tag === REQUEST_STREAM) {
      scanStream(reader, reader.fieldEnd(bytes.length), counts, watch)
      streams++
    } else if (tag >>> 3 === 1) throw wrongWireType('PushRequest', tag, start)
    else reader.skip(tag, bytes.length)
  }
  const { entries, lineBytes, min, max } = counts
  const otherValue = watch?.otherValue()
  return {
    streams,
    entries,
    lineBytes,
    minTimestampNs: entries === 0 ? undefined : toNanoseconds(min),
    maxTimestampNs: entries === 0 ? undefined : toNanoseconds(max),
    ...(otherValue === undefined ? {} : { otherValue }),
  }
}

type Counts = { entries: number; lineBytes: number; readonly timestamp: Timestamp; readonly min: Timestamp; readonly max: Timestamp }

function scanStream(reader: FieldReader, end: number, counts: Counts, watch: StreamWatch | undefined): void {
  let labelsStart = end
  let labelsEnd = end
  while (reader.position < end) {
    const start = reader.position
    const tag = reader.tag(end)
    if (tag === STREAM_ENTRY) scanEntry(reader, reader.fieldEnd(end), counts)
    else if (tag === STREAM_LABELS) {
      // The last of a repeated field counts.
      labelsEnd = reader.fieldEnd(end)
      labelsStart = reader.position
      reader.position = labelsEnd
    } else if (tag >>> 3 <= 3 && tag !== STREAM_HASH) throw wrongWireType('StreamAdapter', tag, start)
    else reader.skip(tag, end)
  }
  watch?.see(labelsStart, labelsEnd)
}

function scanEntry(reader: FieldReader, end: number, counts: Counts): void {
  const { timestamp, min, max } = counts
  timestamp.seconds = 0
  timestamp.nanos = 0
  let lineBytes = 0
  while (reader.position < end) {
    const start = reader.position
    const tag = reader.tag(end)
    if (tag === ENTRY_TIMESTAMP) readTimestamp(reader, reader.fieldEnd(end), timestamp)
    else if (tag === ENTRY_LINE) {
      const lineEnd = reader.fieldEnd(end)
      lineBytes = lineEnd - reader.position
      reader.position = lineEnd
    } else if (tag === ENTRY_METADATA) scanPair(reader, reader.fieldEnd(end))
    else if (tag >>> 3 <= 3) throw wrongWireType('EntryAdapter', tag, start)
    else reader.skip(tag, end)
  }
  counts.entries++
  counts.lineBytes += lineBytes
  if (isBefore(timestamp, min)) Object.assign(min, timestamp)
  if (isBefore(max, timestamp)) Object.assign(max, timestamp)
}

function scanPair(reader: FieldReader, end: number): void {
  while (reader.position < end) {
    const start = reader.position
    const tag = reader.tag(end)
    if (tag >>> 3 <= 2 && tag !== PAIR_NAME && tag !== PAIR_VALUE) throw wrongWireType('LabelPairAdapter', tag, start)
    reader.skip(tag, end)
  }
}

const isBefore = (a: Timestamp, b: Timestamp): boolean => a.seconds < b.seconds || (a.seconds === b.seconds && a.nanos < b.nanos)
