import { type LogEntry, type LogStream, sortedLabels } from '@clymene/model'

import { formatStreamLabels, parseStreamLabels } from '../push-request/stream-labels.ts'
import { elements, type JsonField, member, members, mismatch, text } from './fields.ts'
import { parseJson } from './parse.ts'
import { formatRfc3339, parseRfc3339 } from './rfc3339.ts'

export type LogBatch = { readonly streams: readonly LogStream[]; readonly tenant: string }

/**
 * Reads Go Clymene's JSON of logs (Kafka, `/api/logs`, gRPC `Batch`):
 *
 *     {"batch":{"streams":{"{a=\"b\"}":{"labels":"{a=\"b\"}","entries":[{"ts":"2022-08-17T01:02:03Z","line":"x"}]}},
 *      "bytes":1,"createdAt":"2022-08-17T01:02:04Z"},"tenantID":""}
 *
 * An entry may have `"structuredMetadata":[{"name":"trace","value":"1"}]`, as Loki names it; Go Clymene, which has none, passes over it.
 * Read as Go reads it: unknown fields ignored, names without case, missing is zero. Only `labels` names the stream, the key does not.
 *
 * @throws DecodeError that names the path
 */
export const decodeBatchJson = (bytes: Uint8Array): LogBatch => readBatch({ value: parseJson(bytes), path: '' })

/** The same from a parsed document. */
export function readBatch(root: JsonField): LogBatch {
  const streams = members(member(member(root, 'batch'), 'streams')).map(([, stream]) => ({
    labels: readLabels(member(stream, 'labels')),
    entries: elements(member(stream, 'entries')).map(readEntry),
  }))
  return { streams, tenant: text(member(root, 'tenantID')) }
}

/**
 * Writes it so that Go Clymene reads it, all but structured metadata. Streams of the same labels become one.
 *
 * @param createdAtMs when the batch was made, milliseconds since the epoch.
 */
export function encodeBatchJson(streams: readonly LogStream[], tenant: string, createdAtMs: number = Date.now()): Buffer {
  const byLabels = new Map<string, LogEntry[]>()
  for (const stream of streams) {
    const labels = formatStreamLabels(stream.labels)
    const entries = byLabels.get(labels)
    if (entries === undefined) byLabels.set(labels, [...stream.entries])
    else for (const entry of stream.entries) entries.push(entry)
  }
  let bytes = 0
  const pairs = Array.from(byLabels, ([labels, entries]) => {
    for (const { line } of entries) bytes += Buffer.byteLength(line)
    return [labels, { labels, entries: entries.map(entryJson) }] as const
  })
  const createdAt = formatRfc3339(BigInt(Math.floor(createdAtMs)) * 1_000_000n)
  // The keys begin with `{`, so none is `__proto__`.
  return Buffer.from(JSON.stringify({ batch: { streams: Object.fromEntries(pairs), bytes, createdAt }, tenantID: tenant }))
}

const entryJson = ({ timestampNs, line, metadata = [] }: LogEntry) => ({
  ts: formatRfc3339(timestampNs),
  line,
  ...(metadata.length > 0 ? { structuredMetadata: metadata.map(([name, value]) => ({ name, value })) } : {}),
})

function readLabels(field: JsonField): LogStream['labels'] {
  const labels = text(field)
  try {
    return labels === '' ? [] : parseStreamLabels(labels)
  } catch (error) {
    throw mismatch(field, `labels as {name="value"} (${error instanceof Error ? error.message : String(error)})`)
  }
}

function readEntry(entry: JsonField): LogEntry {
  const ts = member(entry, 'ts')
  const timestampNs = parseRfc3339(text(ts))
  if (timestampNs === undefined) throw mismatch(ts, 'a time of RFC 3339')
  const line = text(member(entry, 'line'))
  const pairs = elements(member(entry, 'structuredMetadata')).map(
    (pair) => [text(member(pair, 'name')), text(member(pair, 'value'))] as const,
  )
  return pairs.length > 0 ? { timestampNs, line, metadata: sortedLabels(pairs) } : { timestampNs, line }
}
