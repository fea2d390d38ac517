import { FieldReader } from '../protobuf/field-reader.ts'
import { REQUEST_SERIES } from './tags.ts'

/**
 * Halves a `WriteRequest` at a series boundary; the order stays. Metadata and unknown fields go with the first half.
 *
 * @returns undefined when there are fewer than two series: a series is not divided.
 * @throws DecodeError
 */
export function splitWriteRequest(bytes: Uint8Array): [Buffer, Buffer] | undefined {
  const series: Uint8Array[] = []
  const others: Uint8Array[] = []
  const reader = new FieldReader(bytes)
  while (reader.position < bytes.length) {
    const start = reader.position
    const tag = reader.tag(bytes.length)
    reader.skip(tag, bytes.length)
    const fields = tag === REQUEST_SERIES ? series : others
    fields.push(bytes.subarray(start, reader.position))
  }
  if (series.length < 2) return undefined
  const middle = Math.ceil(series.length / 2)
  return [Buffer.concat([...series.slice(0, middle), ...others]), Buffer.concat(series.slice(middle))]
}
