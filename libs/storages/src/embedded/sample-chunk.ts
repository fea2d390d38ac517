import { DecodeError } from '@clymene/model'

/** Samples of one series in the order of their time. Grows by doubling. */
export type SampleColumns = {
  count: number
  /** Milliseconds since the epoch, rising, no two alike. */
  times: Float64Array
  /** Two words a value, low half first: the bits, because a staleness marker does not survive being a number. */
  bits: Uint32Array
}

/** The furthest time from 1970 that is taken, either way: about 31,000 years. */
export const MAX_TIME_MS = 1e15

export const emptyColumns = (capacity = 4): SampleColumns => ({
  count: 0,
  times: new Float64Array(capacity),
  bits: new Uint32Array(capacity * 2),
})

const VERSION = 1
/** version + count, then at worst ten bytes of time and nine of value a sample. */
const MAX_SAMPLE_BYTES = 19
let scratch = Buffer.allocUnsafeSlow(240 * MAX_SAMPLE_BYTES)

// A chunk:
//   u8 version = 1, varint count
//   times   varint zigzag(first), varint zigzag(second - first), then varint zigzag of how much each step differs from the last one
//   values  one by one, XORed with the one before (the first with 0):
//           u8 (leading zero bytes << 4 | bytes that follow), the bytes from the first to the last that is not zero, highest first
//           0x80: the same value again
/** Packs `columns` into a buffer of its own. A gauge takes 4–7 bytes a sample, an idle counter 2. */
export function encodeChunk({ count, times, bits }: SampleColumns): Buffer {
  const bound = 16 + count * MAX_SAMPLE_BYTES
  if (scratch.length < bound) scratch = Buffer.allocUnsafeSlow(bound)
  scratch[0] = VERSION
  let at = putVarint(scratch, 1, count)
  let previous = 0
  let step = 0
  for (let index = 0; index < count; index++) {
    const time = times[index] ?? 0
    const nextStep = time - previous
    at = putVarint(scratch, at, zigzag(index < 2 ? nextStep : nextStep - step))
    step = nextStep
    previous = time
  }
  let low = 0
  let high = 0
  for (let index = 0; index < count; index++) {
    const nextLow = bits[2 * index] ?? 0
    const nextHigh = bits[2 * index + 1] ?? 0
    at = putXor(scratch, at, (nextLow ^ low) >>> 0, (nextHigh ^ high) >>> 0)
    low = nextLow
    high = nextHigh
  }
  return Buffer.from(scratch.subarray(0, at))
}

/** @throws DecodeError when the chunk is cut, of another version or followed by something. */
export function decodeChunk(chunk: Uint8Array): SampleColumns {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (bytes[0] !== VERSION) throw new DecodeError(`chunk of version ${bytes[0]}, expected ${VERSION}`, 0)
  const reader = { bytes, at: 1 }
  const count = takeVarint(reader)
  // A sample takes two bytes at least: a count that lies allocates nothing.
  if (count > (bytes.length - reader.at) / 2) throw new DecodeError(`${count} samples in ${bytes.length} bytes`, 1)
  const columns = emptyColumns(count)
  let time = 0
  let step = 0
  for (let index = 0; index < count; index++) {
    const word = unzigzag(takeVarint(reader))
    step = index < 2 ? word : step + word
    time += step
    columns.times[index] = time
  }
  let low = 0
  let high = 0
  for (let index = 0; index < count; index++) {
    const control = takeByte(reader)
    const length = control & 0x0f
    if (control >> 4 === 8 ? length !== 0 : length === 0 || (control >> 4) + length > 8) {
      throw new DecodeError(`control byte ${control}`, reader.at - 1)
    }
    for (let place = 7 - (control >> 4), left = length; left > 0; left--, place--) {
      const byte = takeByte(reader)
      if (place >= 4) high = (high ^ (byte << ((place - 4) * 8))) >>> 0
      else low = (low ^ (byte << (place * 8))) >>> 0
    }
    columns.bits[2 * index] = low
    columns.bits[2 * index + 1] = high
  }
  if (reader.at !== bytes.length) throw new DecodeError('bytes after the last sample', reader.at)
  columns.count = count
  return columns
}

function putXor(target: Buffer, start: number, low: number, high: number): number {
  if (low === 0 && high === 0) {
    target[start] = 0x80
    return start + 1
  }
  const leading = high === 0 ? 4 + (Math.clz32(low) >> 3) : Math.clz32(high) >> 3
  const trailing = low === 0 ? 4 + trailingZeroBytes(high) : trailingZeroBytes(low)
  let at = start
  target[at++] = (leading << 4) | (8 - leading - trailing)
  for (let place = 7 - leading; place >= trailing; place--) target[at++] = place >= 4 ? high >>> ((place - 4) * 8) : low >>> (place * 8)
  return at
}

const trailingZeroBytes = (word: number): number => (31 - Math.clz32(word & -word)) >> 3

/** Times are at most MAX_TIME_MS in magnitude, so a difference of differences still is a safe integer once doubled. */
const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)
const unzigzag = (word: number): number => (word % 2 === 0 ? word / 2 : -(word + 1) / 2)

function putVarint(target: Buffer, start: number, value: number): number {
  let at = start
  let rest = value
  while (rest >= 0x80) {
    target[at++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  target[at++] = rest
  return at
}

type ChunkReader = { readonly bytes: Buffer; at: number }

function takeVarint(reader: ChunkReader): number {
  let value = 0
  for (let scale = 1; scale <= 2 ** 56; scale *= 128) {
    const byte = takeByte(reader)
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value
  }
  throw new DecodeError('varint over 9 bytes', reader.at)
}

function takeByte(reader: ChunkReader): number {
  const byte = reader.bytes[reader.at]
  if (byte === undefined) throw new DecodeError('chunk cut', reader.at)
  reader.at++
  return byte
}
