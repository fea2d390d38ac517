import { DecodeError } from '@clymene/model'

/**
 * An element is a tag byte, by its low bits (format_description.txt of google/snappy, part 2):
 *
 *     00  literal: length-1 in the high 6 bits; 60 to 63 say that 1 to 4 bytes (little endian) hold it; then the bytes
 *     01  copy: length-4 in bits 2 to 4, offset in bits 5 to 7 (high part) and the next byte
 *     10  copy: length-1 in the high 6 bits, offset in 2 bytes
 *     11  copy: length-1 in the high 6 bits, offset in 4 bytes
 *
 * A copy repeats what stands `offset` bytes before; it may overlap what it writes. This writes those of `block` from `elements` on to `output`
 * and says what is wrong with them; body.wat does the same nine times as fast and does not say.
 *
 * @throws DecodeError when they are damaged or do not make exactly `length` bytes.
 */
export function writeElements(block: Uint8Array, elements: number, output: Buffer, length: number): void {
  const end = block.length
  let read = elements
  let written = 0
  while (read < end) {
    const start = read
    const tag = block[read++]!
    if ((tag & 3) === 0) {
      let size = tag >>> 2
      if (size >= 60) {
        const bytes = size - 59
        if (read + bytes > end) throw new DecodeError('snappy literal ends inside its length', start)
        size = 0
        for (let index = bytes - 1; index >= 0; index--) size = size * 256 + block[read + index]!
        read += bytes
      }
      size++
      if (size > end - read) throw new DecodeError('snappy literal runs past the end of the block', start)
      if (size > length - written) throw new DecodeError('snappy block holds more than it claims', start)
      if (size <= 32) for (let index = 0; index < size; index++) output[written + index] = block[read + index]!
      else output.set(block.subarray(read, read + size), written)
      read += size
      written += size
      continue
    }
    let size: number
    let offset: number
    if ((tag & 3) === 1) {
      if (read + 1 > end) throw new DecodeError('snappy copy ends inside its offset', start)
      size = 4 + ((tag >>> 2) & 7)
      offset = ((tag & 0xe0) << 3) | block[read]!
      read += 1
    } else if ((tag & 3) === 2) {
      if (read + 2 > end) throw new DecodeError('snappy copy ends inside its offset', start)
      size = 1 + (tag >>> 2)
      offset = block[read]! | (block[read + 1]! << 8)
      read += 2
    } else {
      if (read + 4 > end) throw new DecodeError('snappy copy ends inside its offset', start)
      size = 1 + (tag >>> 2)
      offset = (block[read]! | (block[read + 1]! << 8) | (block[read + 2]! << 16) | (block[read + 3]! << 24)) >>> 0
      read += 4
    }
    if (offset === 0 || offset > written) throw new DecodeError('snappy copy points before the start of its output', start)
    if (size > length - written) throw new DecodeError('snappy block holds more than it claims', start)
    const from = written - offset
    for (let index = 0; index < size; index++) output[written + index] = output[from + index]!
    written += size
  }
  if (written !== length) throw new DecodeError(`snappy block holds ${written} bytes and claims ${length}`, end)
}
