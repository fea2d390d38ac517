/**
 * Appends protobuf fields to a buffer that grows. A class, because it is the hot path of an agent. Lengths are known before a
 * message is written (the `…Size` functions), so nothing is ever moved.
 */
export class FieldWriter {
  #buffer: Buffer
  #view: DataView
  position = 0

  constructor(initialBytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(initialBytes)
    this.#view = new DataView(this.#buffer.buffer)
  }

  /** Makes room for `bytes` more. Every write below expects that it was called. */
  reserve(bytes: number): void {
    const needed = this.position + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length))
    larger.set(this.#buffer.subarray(0, this.position))
    this.#buffer = larger
    this.#view = new DataView(larger.buffer)
  }

  /** One byte: a tag of a field number under 16. */
  byte(value: number): void {
    this.#buffer[this.position++] = value
  }

  /** Three bytes in one write, the first one lowest: more bytes follow, or there is room for one more. */
  three(bytes: number): void {
    this.#view.setInt32(this.position, bytes, true)
    this.position += 3
  }

  /** Seven bytes in two writes: the first four of them and the last four. */
  seven(first: number, last: number): void {
    this.#view.setInt32(this.position, first, true)
    this.#view.setInt32(this.position + 3, last, true)
    this.position += 7
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    let rest = value
    while (rest >= 0x8000_0000) {
      this.#buffer[this.position++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    while (rest >= 0x80) {
      this.#buffer[this.position++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#buffer[this.position++] = rest
  }

  /** An int64: ten bytes when it is negative. */
  int64(value: number): void {
    if (value >= 0) this.varint(value)
    else this.bigVarint(BigInt.asUintN(64, BigInt(value)))
  }

  /** A whole number from 0 to 2^64-1. */
  bigVarint(value: bigint): void {
    let rest = value
    while (rest >= 0x80n) {
      this.#buffer[this.position++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#buffer[this.position++] = Number(rest)
  }

  /** NaN becomes value.NormalNaN of Prometheus: JavaScript promises nothing about a NaN's bits, and some mean "stale". */
  double(value: number): void {
    if (Number.isNaN(value)) {
      this.uint64(0x0000_0001, 0x7ff8_0000)
      return
    }
    this.#view.setFloat64(this.position, value, true)
    this.position += 8
  }

  uint64(low: number, high: number): void {
    this.#view.setUint32(this.position, low, true)
    this.#view.setUint32(this.position + 4, high, true)
    this.position += 8
  }

  bytes(source: Uint8Array): void {
    this.#buffer.set(source, this.position)
    this.position += source.length
  }

  /** `source[start, end)` without making an object of it. */
  bytesOf(source: Buffer, start: number, end: number): void {
    this.position += source.copy(this.#buffer, this.position, start, end)
  }

  /** A delimited text field whose UTF-8 has `size` bytes. */
  text(tag: number, text: string, size: number): void {
    this.#buffer[this.position++] = tag
    this.varint(size)
    this.#buffer.write(text, this.position, size, 'utf8')
    this.position += size
  }

  /** What was written: a view, valid until the next write. */
  written(): Buffer {
    return this.#buffer.subarray(0, this.position)
  }
}

export function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

/** Bytes of an int64 as a varint. */
export const int64Size = (value: number): number => (value < 0 ? 10 : varintSize(value))

/** Bytes of a delimited field with a one-byte tag. */
export const delimitedSize = (contentBytes: number): number => 1 + varintSize(contentBytes) + contentBytes

export const textBytes = (text: string): number => Buffer.byteLength(text, 'utf8')
