import { DecodeError } from '@clymene/model'

/**
 * Reads protobuf fields from a message that was scanned before. A class, because a field costs 20 ns this way and 60 ns
 * with closures or returned pairs. What the scan should have refused still gives a DecodeError, never a read past `end`.
 */
export class FieldCursor {
  readonly bytes: Buffer
  at: number
  end: number

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  /** A tag, a length or a small number; more than 53 bits is an error. */
  varint(): number {
    const { bytes } = this
    const first = bytes[this.at]
    if (first !== undefined && first < 0x80 && this.at < this.end) {
      this.at++
      return first
    }
    let value = 0
    let scale = 1
    for (const start = this.at; this.at < this.end; scale *= 128) {
      const byte = bytes[this.at++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw new DecodeError('number over 53 bits', start)
        return value
      }
      if (scale > 2 ** 56) throw new DecodeError('varint over 10 bytes', start)
    }
    throw new DecodeError('message cut in a varint', this.at)
  }

  /** An int64 as a number: exact up to 2^53, beyond that the nearest. */
  int64(): number {
    const start = this.at
    let last = start
    while (last < this.end && (this.bytes[last] ?? 0) >= 0x80) last++
    if (last - start <= 6) return this.varint()
    if (last >= this.end || last - start > 9) throw new DecodeError('varint cut or over 10 bytes', start)
    let value = 0n
    for (let index = last; index >= start; index--) value = (value << 7n) | BigInt((this.bytes[index] ?? 0) & 0x7f)
    this.at = last + 1
    return Number(BigInt.asIntN(64, value))
  }

  /** Reads a length and gives where that field ends; `at` is then its first byte. */
  fieldEnd(): number {
    const start = this.at
    const length = this.varint()
    if (length > this.end - this.at) throw new DecodeError(`length ${length} is over the end of the message`, start)
    return this.at + length
  }

  /** Steps over the value of a field whose tag was just read. */
  skip(tag: number): void {
    const wireType = tag & 7
    if (wireType === 0) this.int64()
    else if (wireType === 1) this.advance(8)
    else if (wireType === 2) this.at = this.fieldEnd()
    else if (wireType === 5) this.advance(4)
    else throw new DecodeError(`wire type ${wireType}`, this.at)
  }

  /** Steps over `length` bytes and gives where they began. */
  advance(length: number): number {
    const start = this.at
    if (length > this.end - start) throw new DecodeError('message cut in a fixed number', start)
    this.at = start + length
    return start
  }
}
