import { DecodeError, PROTOBUF, type BusRecord, type Delivery } from '@clymene/model'
import { uncompressedLength, type MessageReader } from '@clymene/wire'

import type { BodySize } from './limits.ts'

export type Prepared =
  | { readonly kind: 'delivery'; readonly delivery: Delivery; readonly size: BodySize }
  /** A message of no bytes: nothing to write. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'undecodable'; readonly error: DecodeError }

/**
 * Makes a delivery of what a bus hands over. A message with the mark of our gateway goes through as it is. Any other (Go
 * Clymene's have no headers, and may be JSON) is decompressed and scanned, because only a block that was scanned by itself
 * may be spliced.
 */
export function prepare(record: BusRecord, reader: MessageReader): Prepared {
  try {
    return isScanned(record) ? asItIs(record) : scan(record, reader)
  } catch (error) {
    if (error instanceof DecodeError) return { kind: 'undecodable', error }
    throw error
  }
}

const isScanned = ({ headers }: BusRecord): boolean => headers.scanned === true && headers.records !== undefined

function asItIs(record: BusRecord): Prepared {
  const { value, headers } = record
  return delivery({ ...record, position: 0 }, uncompressedLength(value), headers.records ?? 0)
}

function scan(record: BusRecord, reader: MessageReader): Prepared {
  const { value, records, uncompressedBytes, tenant, maxTimestampMs } = reader.read(record.kind, record.value, record.headers.contentType)
  const { newestMs: _, ...received } = record.headers
  const headers = {
    ...received,
    ...(record.headers.tenant === undefined && tenant !== undefined && tenant !== '' ? { tenant } : {}),
    contentType: PROTOBUF,
    records,
    ...(maxTimestampMs === undefined ? {} : { newestMs: maxTimestampMs }),
    scanned: true,
  }
  return delivery({ ...record, value, headers, position: 0 }, uncompressedBytes, records)
}

function delivery(one: Delivery, uncompressedBytes: number, records: number): Prepared {
  if (uncompressedBytes === 0) return { kind: 'empty' }
  return { kind: 'delivery', delivery: one, size: { bytes: one.value.length, uncompressedBytes, records } }
}
