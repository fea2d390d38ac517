import type { Labels, LogEntry, LogStream } from '@clymene/model'

import { delimitedSize, FieldWriter, int64Size, textBytes, varintSize } from '../protobuf/field-writer.ts'
import { formatStreamLabels } from './stream-labels.ts'
import {
  ENTRY_LINE,
  ENTRY_METADATA,
  ENTRY_TIMESTAMP,
  PAIR_NAME,
  PAIR_VALUE,
  REQUEST_STREAM,
  STREAM_ENTRY,
  STREAM_LABELS,
  TIMESTAMP_NANOS,
  TIMESTAMP_SECONDS,
} from './tags.ts'
import { fromNanoseconds, type Timestamp } from './timestamp.ts'

/** A Loki `PushRequest` of these streams, in the order given. */
export function encodePushRequest(streams: readonly LogStream[]): Buffer {
  const writer = new FieldWriter(1024)
  for (const stream of streams) writeStream(writer, stream)
  return writer.written()
}

type SizedEntry = { readonly entry: LogEntry; readonly timestamp: Timestamp; readonly lineBytes: number; readonly bytes: number }

function writeStream(writer: FieldWriter, { labels, entries }: LogStream): void {
  const text = formatStreamLabels(labels)
  const labelBytes = textBytes(text)
  const sized = entries.map(sizeOf)
  const size = sized.reduce((sum, { bytes }) => sum + delimitedSize(bytes), delimitedSize(labelBytes))
  writer.reserve(delimitedSize(size))
  writer.byte(REQUEST_STREAM)
  writer.varint(size)
  writer.text(STREAM_LABELS, text, labelBytes)
  for (const entry of sized) writeEntry(writer, entry)
}

function sizeOf(entry: LogEntry): SizedEntry {
  const timestamp = fromNanoseconds(entry.timestampNs)
  const lineBytes = textBytes(entry.line)
  let bytes = delimitedSize(timestampSize(timestamp)) + delimitedSize(lineBytes)
  for (const pair of entry.metadata ?? []) bytes += delimitedSize(pairSize(pair))
  return { entry, timestamp, lineBytes, bytes }
}

function writeEntry(writer: FieldWriter, { entry, timestamp, lineBytes, bytes }: SizedEntry): void {
  writer.byte(STREAM_ENTRY)
  writer.varint(bytes)
  writer.byte(ENTRY_TIMESTAMP)
  writer.byte(timestampSize(timestamp))
  writer.byte(TIMESTAMP_SECONDS)
  writer.int64(timestamp.seconds)
  writer.byte(TIMESTAMP_NANOS)
  writer.varint(timestamp.nanos)
  writer.text(ENTRY_LINE, entry.line, lineBytes)
  for (const pair of entry.metadata ?? []) {
    writer.byte(ENTRY_METADATA)
    writer.varint(pairSize(pair))
    writer.text(PAIR_NAME, pair[0], textBytes(pair[0]))
    writer.text(PAIR_VALUE, pair[1], textBytes(pair[1]))
  }
}

const timestampSize = ({ seconds, nanos }: Timestamp): number => 1 + int64Size(seconds) + 1 + varintSize(nanos)

const pairSize = ([name, value]: Labels[number]): number => delimitedSize(textBytes(name)) + delimitedSize(textBytes(value))
