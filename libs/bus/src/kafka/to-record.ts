import type { BusRecord, Kind } from '@clymene/model'
import { fromHeaders } from '@clymene/wire'
import type { KafkaMessage } from 'kafkajs'

export type RecordOrigin = { readonly logId: string; readonly topic: string; readonly partition: number; readonly kind: Kind }

/** A message of Kafka as the bus hands it over. A missing key or value (a tombstone) is an empty one. */
export const toRecord = ({ key, value, headers, offset, timestamp }: KafkaMessage, { kind, ...origin }: RecordOrigin): BusRecord => ({
  kind,
  key: key?.toString() ?? '',
  value: value ?? EMPTY,
  headers: headers === undefined ? {} : fromHeaders((name) => headerText(headers[name]), { trustScanned: true }),
  origin: { ...origin, offset: BigInt(offset), timestampMs: Number(timestamp) },
})

const EMPTY = Buffer.alloc(0)

/** A header may stand there twice: then the first counts. */
function headerText(value: Buffer | string | (Buffer | string)[] | undefined): string | undefined {
  const first = Array.isArray(value) ? value[0] : value
  return first?.toString()
}

/**
 * The values of messages are views of the whole answer to a fetch, with all its partitions. Of what has to wait a copy is
 * kept, so that the answer's memory is free: a copy takes 0.1 ms a MiB.
 */
export function ownValues(records: readonly BusRecord[]): readonly BusRecord[] {
  const bytes = Buffer.allocUnsafeSlow(records.reduce((sum, { value }) => sum + value.length, 0))
  let at = 0
  return records.map((record) => {
    const start = at
    at += record.value.copy(bytes, at)
    return { ...record, value: bytes.subarray(start, at) }
  })
}
