import { type LogBatch, readBatch } from './batch.ts'
import { isAbsent, member, mismatch } from './fields.ts'
import { readLokiStreams } from './loki.ts'
import { parseJson } from './parse.ts'

/**
 * Reads logs in either JSON: Go Clymene's, told by its `batch`, or that of Loki's push API, told by its `streams` (no tenant there).
 *
 * @throws DecodeError
 */
export function decodeLogsJson(bytes: Uint8Array): LogBatch {
  const root = { value: parseJson(bytes), path: '' }
  if (!isAbsent(member(root, 'batch'))) return readBatch(root)
  if (!isAbsent(member(root, 'streams'))) return { streams: readLokiStreams(root), tenant: '' }
  throw mismatch(root, 'an object with "batch" or "streams"')
}
