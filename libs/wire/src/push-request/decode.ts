import { type Label, type LogEntry, type LogStream, sortedLabels } from '@clymene/model'

import { FieldReader } from '../protobuf/field-reader.ts'
import { readLabel } from '../write-request/decode.ts'
import { parseStreamLabels } from './stream-labels.ts'
import { ENTRY_LINE, ENTRY_METADATA, ENTRY_TIMESTAMP, REQUEST_STREAM, STREAM_ENTRY, STREAM_LABELS } from './tags.ts'
import { readTimestamp, type Timestamp, toNanoseconds } from './timestamp.ts'

/**
 * The streams of an uncompressed Loki `PushRequest` as objects, in the order sent, for storages that need fields.
 *
 * @throws DecodeError, also when the label text of a stream cannot be read.
 */
export function decodePushRequest(bytes: Uint8Array): LogStream[] {
  const reader = new FieldReader(bytes)
  const streams: LogStream[] = []
  while (reader.position < bytes.length) {
    const tag = reader.tag(bytes.length)
    if (tag === REQUEST_STREAM) streams.push(readStream(reader, reader.fieldEnd(bytes.length)))
    else reader.skip(tag, bytes.length)
  }
  return streams
}

function readStream(reader: FieldReader, end: number): LogStream {
  const entries: LogEntry[] = []
  let labels = ''
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === STREAM_LABELS) labels = reader.text(reader.fieldEnd(end))
    else if (tag === STREAM_ENTRY) entries.push(readEntry(reader, reader.fieldEnd(end)))
    else reader.skip(tag, end)
  }
  return { labels: labels === '' ? [] : parseStreamLabels(labels), entries }
}

function readEntry(reader: FieldReader, end: number): LogEntry {
  const timestamp: Timestamp = { seconds: 0, nanos: 0 }
  const pairs: Label[] = []
  let line = ''
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === ENTRY_TIMESTAMP) readTimestamp(reader, reader.fieldEnd(end), timestamp)
    else if (tag === ENTRY_LINE) line = reader.text(reader.fieldEnd(end))
    else if (tag === ENTRY_METADATA) pairs.push(readLabel(reader, reader.fieldEnd(end)))
    else reader.skip(tag, end)
  }
  const timestampNs = toNanoseconds(timestamp)
  const metadata = sortedLabels(new Map(pairs))
  return metadata.length > 0 ? { timestampNs, line, metadata } : { timestampNs, line }
}
