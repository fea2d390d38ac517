import { DecodeError } from '@clymene/model'

/** What a block can claim at most: its length is a varint of 32 bits. */
export const MAX_LENGTH = 0xffff_ffff

/**
 * Bytes that the block holds when decompressed, as its preamble claims.
 *
 * @throws DecodeError when the preamble is cut or claims more than 2^32-1.
 */
export function uncompressedLength(block: Uint8Array): number {
  return readPreamble(block).length
}

/**
 * A block is preamble, elements. The preamble is the uncompressed length as a little-endian varint of up to 5 bytes
 * (format_description.txt of google/snappy, part 1).
 */
export function readPreamble(block: Uint8Array): { length: number; elements: number } {
  let length = 0
  for (let position = 0; position < 5; position++) {
    const byte = block[position]
    if (byte === undefined) throw new DecodeError('snappy block ends inside its length', position)
    length += (byte & 0x7f) * 2 ** (7 * position)
    if (byte >= 0x80) continue
    if (length > MAX_LENGTH) throw new DecodeError('snappy block claims more than 4 GiB', position)
    return { length, elements: position + 1 }
  }
  throw new DecodeError('snappy block has a length of more than 5 bytes', 5)
}

/** Writes the preamble for `length` at the start of `target` and returns how many bytes it took (1 to 5). */
export function writePreamble(target: Uint8Array, length: number): number {
  let position = 0
  let rest = length
  while (rest >= 0x80) {
    target[position++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  target[position++] = rest
  return position
}
