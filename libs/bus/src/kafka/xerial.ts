import { DecodeError } from '@clymene/model'
import { compress, decompress } from '@clymene/wire'

/**
 * The framing that Java's snappy-java puts around snappy blocks and that Kafka's Java clients read and write:
 *
 *     magic 82 53 4e 41 50 50 59 00 | version int32 | lowest compatible version int32 | (length int32 | snappy block)*
 *
 * Other clients write one bare block, which is read too.
 */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const HEADER_BYTES = 16
/** What snappy-java makes one block of. */
const BLOCK_BYTES = 32 * 1024

export function compressXerial(bytes: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header.writeInt32BE(1, 8)
  header.writeInt32BE(1, 12)
  const parts: Buffer[] = [header]
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = compress(bytes.subarray(at, at + BLOCK_BYTES))
    const length = Buffer.alloc(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

/** @throws DecodeError when it is cut or damaged; TooLargeError when it claims more than `maxBytes`. */
export function decompressXerial(bytes: Buffer, maxBytes: number): Buffer {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return decompress(bytes, maxBytes)
  const parts: Buffer[] = []
  let left = maxBytes
  for (let at = HEADER_BYTES; at < bytes.length;) {
    if (at + 4 > bytes.length) throw new DecodeError('snappy frame ends inside a length', at)
    const length = bytes.readInt32BE(at)
    at += 4
    if (length < 0 || at + length > bytes.length) throw new DecodeError('snappy frame ends inside a block', at)
    const part = decompress(bytes.subarray(at, at + length), left)
    left -= part.length
    parts.push(part)
    at += length
  }
  return Buffer.concat(parts)
}
