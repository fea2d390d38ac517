import { DecodeError } from '@clymene/model'

import { MAX_LENGTH, readPreamble, writePreamble } from './preamble.ts'

/**
 * Merges blocks without decompressing them: the result decompresses to the concatenation of what each holds.
 * It works because a copy only points backwards, by a distance, inside its own block's output; so every block must have been
 * decompressed and checked on its own before, else a crafted one could copy out of its neighbour.
 *
 * @param allocate gives the memory of the result, at least as many bytes as it is asked for.
 * @throws DecodeError when a preamble is cut, or the sum is over 2^32-1.
 */
export function spliceBlocks(blocks: readonly Uint8Array[], allocate = (bytes: number): Buffer => Buffer.allocUnsafe(bytes)): Buffer {
  let length = 0
  let elements = 0
  const starts = blocks.map((block) => {
    const preamble = readPreamble(block)
    length += preamble.length
    elements += block.length - preamble.elements
    return preamble.elements
  })
  if (length > MAX_LENGTH) throw new DecodeError(`snappy blocks of ${length} bytes together cannot be one block`, 0)

  const spliced = allocate(elements + 5)
  let position = writePreamble(spliced, length)
  for (const [index, block] of blocks.entries()) {
    spliced.set(block.subarray(starts[index]), position)
    position += block.length - (starts[index] ?? 0)
  }
  return spliced.subarray(0, position)
}
