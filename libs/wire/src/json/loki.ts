import { type Labels, type LogEntry, type LogStream, sortedLabels } from '@clymene/model'

import { elements, type JsonField, member, members, mismatch, text } from './fields.ts'
import { parseJson } from './parse.ts'

/**
 * Reads the JSON of Loki's push API; a third element of a value is its structured metadata:
 *
 *     {"streams":[{"stream":{"a":"b"},"values":[["1660000000123456789","line",{"trace":"1"}]]}]}
 *
 * @throws DecodeError that names the path
 * @see https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs
 */
export const decodeLokiJson = (bytes: Uint8Array): LogStream[] => readLokiStreams({ value: parseJson(bytes), path: '' })

/** The same from a parsed document. */
export function readLokiStreams(root: JsonField): LogStream[] {
  return elements(member(root, 'streams')).map((stream) => ({
    labels: readLabels(member(stream, 'stream')),
    entries: elements(member(stream, 'values')).map(readEntry),
  }))
}

function readEntry(field: JsonField): LogEntry {
  const [timestamp, line, metadata] = elements(field)
  if (timestamp === undefined || line === undefined) throw mismatch(field, '[timestamp, line]')
  const { value } = timestamp
  // A JSON number would have lost its last digits: nanoseconds are beyond 2^53.
  if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) throw mismatch(timestamp, 'nanoseconds as a string')
  const pairs = metadata === undefined ? [] : readLabels(metadata)
  const entry = { timestampNs: BigInt(value), line: text(line) }
  return pairs.length > 0 ? { ...entry, metadata: pairs } : entry
}

const readLabels = (field: JsonField): Labels => sortedLabels(members(field).map(([name, value]) => [name, text(value)] as const))
