import { LabelWatch, type ExpectedLabel } from '../expected-label.ts'
import { parseStreamLabels } from './stream-labels.ts'

/** Looks for a label in the label texts of streams. */
export type StreamWatch = {
  /** The text of a stream, by its bytes. @throws DecodeError for one that cannot be read: who can say what a store finds in it? */
  readonly see: (from: number, to: number) => void
  /** The first value that is another one, cut at 128 characters. */
  readonly otherValue: () => string | undefined
}

/**
 * The text of nearly every sender is of the form
 *
 *     {name="value", name="value"}      without escapes, one blank or none after a comma
 *
 * and is walked as bytes; any other is parsed.
 */
export function watchStreamLabels(message: Uint8Array, expected: ExpectedLabel): StreamWatch {
  const bytes = Buffer.isBuffer(message) ? message : Buffer.from(message.buffer, message.byteOffset, message.length)
  const watch = new LabelWatch(bytes, expected)
  return {
    see: (from, to) => {
      if (from === to || walkPlain(bytes, from, to, watch)) return
      for (const [name, value] of parseStreamLabels(bytes.toString('utf8', from, to))) {
        if (name === expected.name && value !== expected.value) watch.seeOther(value)
      }
    },
    otherValue: () => watch.otherValue,
  }
}

/** False when the text is not of the plain form. */
function walkPlain(bytes: Buffer, from: number, to: number, watch: LabelWatch): boolean {
  // The last byte is the brace that closes: nothing below looks beyond it.
  const end = to - 1
  if (bytes[from] !== OPEN || bytes[end] !== CLOSE) return false
  let position = from + 1
  while (position < end) {
    const nameStart = position
    while (IN_NAME[bytes[position]!] === 1) position++
    const nameEnd = position
    if (nameEnd === nameStart || bytes[position] !== EQUALS || bytes[position + 1] !== QUOTE) return false
    position += 2
    const valueStart = position
    while (position < end && IN_VALUE[bytes[position]!] === 1) position++
    if (bytes[position] !== QUOTE) return false
    if (nameEnd - nameStart === watch.nameLength) watch.see(nameStart, valueStart, position)
    position++
    if (position === end) return true
    if (bytes[position] !== COMMA) return false
    position += bytes[position + 1] === BLANK ? 2 : 1
    if (position >= end) return false
  }
  return true
}

const OPEN = 0x7b
const CLOSE = 0x7d
const EQUALS = 0x3d
const QUOTE = 0x22
const COMMA = 0x2c
const BLANK = 0x20

const IN_NAME = tableOf((byte) => /[A-Za-z0-9_]/.test(String.fromCharCode(byte)))
const IN_VALUE = tableOf((byte) => !'"\\\n'.includes(String.fromCharCode(byte)))

function tableOf(isIn: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => Number(isIn(byte)))
}
