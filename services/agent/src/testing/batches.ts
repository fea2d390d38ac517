import type { Kind, SourceBatch } from '@clymene/model'
import { encodePushRequest, encodeWriteRequest } from '@clymene/wire'

/** One sample `name=value`, as a source hands it over. */
export const sampleBatch = (name: string, value: number, stream = '0'): SourceBatch =>
  batchOf('metrics', encodeWriteRequest([{ labels: [['__name__', name]], samples: [{ timestampMs: value, value }] }]), 1, stream)

/** Lines of one stream. */
export const lineBatch = (lines: readonly string[], { stream = '0', tenant }: { stream?: string; tenant?: string } = {}): SourceBatch => {
  const entries = lines.map((line, index) => ({ timestampNs: BigInt(index + 1), line }))
  const batch = batchOf('logs', encodePushRequest([{ labels: [['job', 'j']], entries }]), lines.length, stream)
  return tenant === undefined ? batch : { ...batch, tenant }
}

const batchOf = (kind: Kind, body: Uint8Array, records: number, stream: string): SourceBatch => ({
  kind,
  body: Buffer.from(body),
  records,
  stream,
})
