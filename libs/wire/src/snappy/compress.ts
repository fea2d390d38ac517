import { createBlockMemory, MAX_BLOCK_SOURCE_BYTES, type BlockMemory } from '../wasm/block-memory.ts'
import { MAX_LENGTH, writePreamble } from './preamble.ts'

const MAX_TABLE_BITS = 14
/** Positions, plus one, of the last place where a hash was seen; 0 is none. Reused: calls are synchronous. */
const table = new Int32Array(1 << MAX_TABLE_BITS)
/** The last bytes are always a literal, so that four bytes can be read at every position that is looked at. */
const MARGIN = 15
/** An offset of two bytes reaches this far. */
const MAX_OFFSET = 0xffff

/**
 * One snappy block (raw format) that every decoder reads: literals and copies with offsets of one or two bytes.
 *
 * @throws RangeError when there are more than 2^32-1 bytes.
 */
export function compress(bytes: Uint8Array): Buffer {
  if (bytes.length > MAX_LENGTH) throw new RangeError(`snappy block of ${bytes.length} bytes`)
  if (bytes.length <= MARGIN || bytes.length > MAX_BLOCK_SOURCE_BYTES) return compressByJavaScript(bytes)
  memory ??= createBlockMemory()
  // A copy: the memory is used again.
  return Buffer.from(memory(bytes, tableBits(bytes.length), maxBlockBytes(bytes.length), writePreamble))
}

let memory: BlockMemory | undefined

/** The same where WebAssembly has no room, and for a few bytes. */
export function compressByJavaScript(bytes: Uint8Array): Buffer {
  const output = Buffer.allocUnsafeSlow(maxBlockBytes(bytes.length))
  let written = writePreamble(output, bytes.length)
  written = bytes.length <= MARGIN ? writeLiteral(bytes, 0, bytes.length, output, written) : writeElements(bytes, output, written)
  // A copy: a view would keep the worst case alive, about seven times as much, as long as the block waits for its acknowledgement.
  return Buffer.from(output.subarray(0, written))
}

const maxBlockBytes = (length: number): number => 32 + length + Math.ceil(length / 6)

/** A table for few bytes is soon empty again. */
const tableBits = (length: number): number => Math.min(MAX_TABLE_BITS, Math.max(8, 32 - Math.clz32(length)))

/** Looks for repeats of four bytes or more through a hash table, in bigger steps the longer none is found. */
function writeElements(bytes: Uint8Array, output: Buffer, start: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const bits = tableBits(bytes.length)
  const shift = 32 - bits
  table.fill(0, 0, 1 << bits)
  const last = bytes.length - MARGIN
  let written = start
  let literal = 0
  let position = 1
  let misses = 32
  while (position < last) {
    const word = view.getUint32(position, true)
    const hash = Math.imul(word, 0x1e35a7bd) >>> shift
    const candidate = table[hash]! - 1
    table[hash] = position + 1
    if (candidate < 0 || position - candidate > MAX_OFFSET || view.getUint32(candidate, true) !== word) {
      position += misses++ >>> 5
      continue
    }
    if (literal < position) written = writeLiteral(bytes, literal, position, output, written)
    let size = 4
    while (position + size + 4 <= bytes.length && view.getUint32(position + size, true) === view.getUint32(candidate + size, true))
      size += 4
    while (position + size < bytes.length && bytes[position + size] === bytes[candidate + size]) size++
    written = writeCopy(position - candidate, size, output, written)
    position += size
    literal = position
    misses = 32
    if (position < last) table[Math.imul(view.getUint32(position - 1, true), 0x1e35a7bd) >>> shift] = position
  }
  return literal < bytes.length ? writeLiteral(bytes, literal, bytes.length, output, written) : written
}

/** Tag `(length-1) << 2`, or 60 to 63 there and the length in 1 to 4 bytes; then the bytes. */
function writeLiteral(bytes: Uint8Array, from: number, to: number, output: Buffer, at: number): number {
  const size = to - from
  if (size === 0) return at
  let written = at
  if (size <= 60) output[written++] = (size - 1) << 2
  else {
    const lengthBytes = size <= 0x100 ? 1 : size <= 0x1_0000 ? 2 : size <= 0x100_0000 ? 3 : 4
    output[written++] = (59 + lengthBytes) << 2
    written = output.writeUIntLE(size - 1, written, lengthBytes)
  }
  if (size <= 32) for (let index = 0; index < size; index++) output[written + index] = bytes[from + index]!
  else output.set(bytes.subarray(from, to), written)
  return written + size
}

/** Copies take at most 64 bytes; the short form takes 4 to 11 bytes from an offset under 2048. */
function writeCopy(offset: number, length: number, output: Buffer, at: number): number {
  let written = at
  let size = length
  while (size >= 68) {
    written = writeLongCopy(offset, 64, output, written)
    size -= 64
  }
  if (size > 64) {
    written = writeLongCopy(offset, 60, output, written)
    size -= 60
  }
  if (size >= 12 || offset >= 2048) return writeLongCopy(offset, size, output, written)
  output[written] = ((offset >>> 8) << 5) | ((size - 4) << 2) | 1
  output[written + 1] = offset & 0xff
  return written + 2
}

function writeLongCopy(offset: number, size: number, output: Buffer, at: number): number {
  output[at] = ((size - 1) << 2) | 2
  output[at + 1] = offset & 0xff
  output[at + 2] = offset >>> 8
  return at + 3
}
