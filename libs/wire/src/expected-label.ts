/**
 * A label that has to have this value in every series and stream that has it. One whose value is empty counts as absent, as in
 * Prometheus and Loki.
 */
export type ExpectedLabel = { readonly name: string; readonly value: string }

/** Compares the labels of a message with the one that is expected, as bytes. A class for speed: it is asked for every label of that length. */
export class LabelWatch {
  /** Bytes of the name to look for; no name has the length of -1. */
  readonly nameLength: number
  /** The first value that is another one, cut at 128 characters; undefined while there is none. */
  otherValue: string | undefined
  readonly #bytes: Buffer
  readonly #name: Buffer
  readonly #value: Buffer

  constructor(bytes: Uint8Array, expected?: ExpectedLabel) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#name = Buffer.from(expected?.name ?? '')
    this.#value = Buffer.from(expected?.value ?? '')
    this.nameLength = expected === undefined ? -1 : this.#name.length
  }

  /** A label whose name has `nameLength` bytes. */
  see(nameStart: number, valueStart: number, valueEnd: number): void {
    if (this.otherValue !== undefined || valueStart === valueEnd || !this.#has(this.#name, nameStart)) return
    if (valueEnd - valueStart === this.#value.length && this.#has(this.#value, valueStart)) return
    this.seeOther(this.#bytes.toString('utf8', valueStart, Math.min(valueEnd, valueStart + 4 * MAX_CHARACTERS)))
  }

  /** A value of the label that is not the expected one. */
  seeOther(value: string): void {
    this.otherValue ??= value.slice(0, MAX_CHARACTERS)
  }

  #has(text: Buffer, start: number): boolean {
    for (let index = 0; index < text.length; index++) if (this.#bytes[start + index] !== text[index]) return false
    return true
  }
}

const MAX_CHARACTERS = 128
