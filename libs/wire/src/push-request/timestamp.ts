import { DecodeError } from '@clymene/model'

import type { FieldReader } from '../protobuf/field-reader.ts'
import { wrongWireType } from '../protobuf/message-check.ts'
import { TIMESTAMP_NANOS, TIMESTAMP_SECONDS } from './tags.ts'

/** google.protobuf.Timestamp holds 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z: Loki refuses a body with another. */
const MIN_SECONDS = -62_135_596_800
const MAX_SECONDS = 253_402_300_799
const NANOS_PER_SECOND = 1_000_000_000

/** A moment in two exact numbers: a bigint for each line would cost more than the scan. */
export type Timestamp = { seconds: number; nanos: number }

/** Reads the Timestamp that ends at `end` into `target`. @throws DecodeError, also when it is out of range. */
export function readTimestamp(reader: FieldReader, end: number, target: Timestamp): void {
  const start = reader.position
  target.seconds = 0
  target.nanos = 0
  while (reader.position < end) {
    const fieldStart = reader.position
    const tag = reader.tag(end)
    if (tag === TIMESTAMP_SECONDS) target.seconds = reader.int64(end)
    else if (tag === TIMESTAMP_NANOS) target.nanos = reader.int64(end)
    else if (tag >>> 3 <= 2) throw wrongWireType('Timestamp', tag, fieldStart)
    else reader.skip(tag, end)
  }
  const { seconds, nanos } = target
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS || nanos < 0 || nanos >= NANOS_PER_SECOND) {
    throw new DecodeError('timestamp outside of the years 1 to 9999', start)
  }
}

export const toNanoseconds = ({ seconds, nanos }: Timestamp): bigint => BigInt(seconds) * BigInt(NANOS_PER_SECOND) + BigInt(nanos)

/** The parts of a time in nanoseconds; `nanos` is never negative. */
export function fromNanoseconds(timestampNs: bigint): Timestamp {
  const divisor = BigInt(NANOS_PER_SECOND)
  const nanos = ((timestampNs % divisor) + divisor) % divisor
  return { seconds: Number((timestampNs - nanos) / divisor), nanos: Number(nanos) }
}
