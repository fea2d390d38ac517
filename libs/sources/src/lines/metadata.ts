import type { Label } from '@clymene/model'

import { varintSize, writeVarint } from './varint.ts'

export const NO_METADATA: Buffer = Buffer.alloc(0)

// logproto.proto: EntryAdapter { repeated LabelPairAdapter structuredMetadata = 3 }, LabelPairAdapter { string name = 1; string value = 2 }.
const ENTRY_METADATA = (3 << 3) | 2
const PAIR_NAME = (1 << 3) | 2
const PAIR_VALUE = (2 << 3) | 2

/** Structured metadata as the protobuf fields of an entry, in the order given; pairs without a value are left out. */
export function encodeMetadata(pairs: Iterable<Label>): Buffer {
  let bytes = NO_METADATA
  for (const [name, value] of pairs) if (value !== '') bytes = Buffer.concat([bytes, encodePair(name, value)])
  return bytes
}

function encodePair(name: string, value: string): Buffer {
  const nameBytes = Buffer.byteLength(name)
  const valueBytes = Buffer.byteLength(value)
  const pairBytes = 1 + varintSize(nameBytes) + nameBytes + 1 + varintSize(valueBytes) + valueBytes
  const bytes = Buffer.allocUnsafe(1 + varintSize(pairBytes) + pairBytes)
  let position = 0
  bytes[position++] = ENTRY_METADATA
  position = writeVarint(bytes, position, pairBytes)
  bytes[position++] = PAIR_NAME
  position = writeVarint(bytes, position, nameBytes)
  position += bytes.write(name, position)
  bytes[position++] = PAIR_VALUE
  position = writeVarint(bytes, position, valueBytes)
  bytes.write(value, position)
  return bytes
}
