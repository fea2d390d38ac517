/** What stands behind the backslash for a byte that JSON escapes in two characters; 0 for one that stands for itself, `NATIVE` for any other. */
const ESCAPES = new Uint8Array(256)
const NATIVE = 1
ESCAPES.fill(NATIVE, 0, 0x20)
ESCAPES.fill(NATIVE, 0x80)
for (const [character, escape] of ['""', '\\\\', '\bb', '\ff', '\nn', '\rr', '\tt'].map(([a, b]) => [a!, b!] as const))
  ESCAPES[character.charCodeAt(0)] = escape.charCodeAt(0)

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const MINUS = 0x2d
const ZERO = 0x30
/** Below this a loop is faster than a call of the engine's own copy. */
const SHORT = 48

/**
 * JSON text as the bytes that are sent, appended piece by piece to one buffer that grows. A class without a string or an object per
 * value: 0.55 M samples become documents in a CPU-second this way, 0.1 M when strings are made and joined (docs/adr/020).
 */
export class JsonBytes {
  /** The text is `buffer[0, length)`; the buffer is another one after it has grown. */
  buffer: Buffer
  length = 0

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafeSlow(capacity)
  }

  /** Appends JSON that is ready. */
  raw(bytes: Buffer, end = bytes.length): void {
    this.#reserve(end)
    const { buffer, length } = this
    if (end < SHORT) for (let at = 0; at < end; at++) buffer[length + at] = bytes[at]!
    else bytes.copy(buffer, length, 0, end)
    this.length = length + end
  }

  /** Appends JSON that is ready and all ASCII. */
  ascii(text: string): void {
    this.#reserve(text.length)
    const { buffer, length } = this
    for (let at = 0; at < text.length; at++) buffer[length + at] = text.charCodeAt(at)
    this.length = length + text.length
  }

  /** Appends JSON that is ready, of any characters. */
  json(text: string): void {
    this.#reserve(text.length * 3)
    this.length += this.buffer.write(text, this.length)
  }

  /** Appends the text that the UTF-8 `bytes[start, end)` are as a JSON string, as `JSON.stringify` writes it. */
  text(bytes: Buffer, start: number, end: number): void {
    this.#reserve(2 * (end - start) + 2)
    const written = writeText(this.buffer, this.length, bytes, start, end)
    if (written === UNCOMMON) this.json(JSON.stringify(bytes.toString('utf8', start, end)))
    else this.length = written
  }

  /** Appends `"name":"value",` of the texts that both are in `bytes`. */
  member(bytes: Buffer, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    this.#reserve(2 * (nameEnd - nameStart + valueEnd - valueStart) + 6)
    const { buffer } = this
    const colon = writeText(buffer, this.length, bytes, nameStart, nameEnd)
    if (colon === UNCOMMON) return this.#uncommonMember(bytes, nameStart, nameEnd, valueStart, valueEnd)
    const comma = writeText(buffer, colon + 1, bytes, valueStart, valueEnd)
    if (comma === UNCOMMON) return this.#uncommonMember(bytes, nameStart, nameEnd, valueStart, valueEnd)
    buffer[colon] = COLON
    buffer[comma] = COMMA
    this.length = comma + 1
  }

  #uncommonMember(bytes: Buffer, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    this.text(bytes, nameStart, nameEnd)
    this.ascii(':')
    this.text(bytes, valueStart, valueEnd)
    this.ascii(',')
  }

  /** Takes back the last character. */
  dropLast(): void {
    this.length--
  }

  /** Appends a finite number as JavaScript writes it. */
  number(value: number): void {
    if (!Number.isSafeInteger(value)) return this.ascii(String(value))
    this.#reserve(20)
    if (value < 0) this.buffer[this.length++] = MINUS
    const whole = Math.abs(value)
    // Eight digits at a time: up to 2^31 the engine divides whole numbers, beyond it floating ones.
    const high = Math.floor(whole / 1e8)
    if (high > 0) {
      this.#digits(high, countDigits(high))
      this.#digits(whole - high * 1e8, 8)
    } else this.#digits(whole, countDigits(whole))
  }

  #digits(value: number, digits: number): void {
    const { buffer } = this
    let rest = value | 0
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const tens = (rest / 10) | 0
      buffer[at] = ZERO + rest - tens * 10
      rest = tens
    }
    this.length += digits
  }

  #reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.buffer.length, this.length + more))
    this.buffer.copy(larger, 0, 0, this.length)
    this.buffer = larger
  }
}

/** Of a whole number below 10^8. */
function countDigits(value: number): number {
  let digits = 1
  for (let limit = 10; value >= limit; limit *= 10) digits++
  return digits
}

const UNCOMMON = -1

/** Writes a JSON string and gives where it ends; or `UNCOMMON` for one with characters that want more than a backslash. */
function writeText(target: Buffer, targetStart: number, bytes: Buffer, start: number, end: number): number {
  let to = targetStart
  target[to++] = QUOTE
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    const escape = ESCAPES[byte]!
    if (escape === 0) target[to++] = byte
    else if (escape === NATIVE) return UNCOMMON
    else {
      target[to++] = BACKSLASH
      target[to++] = escape
    }
  }
  target[to++] = QUOTE
  return to
}
