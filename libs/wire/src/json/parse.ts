import { DecodeError, errorMessage } from '@clymene/model'

/** No format here nests deeper than eight levels. */
const MAX_DEPTH = 32
/** The shortest object or array of any format takes about ten bytes with its content: more of them is an attack on memory. */
const MIN_BYTES_PER_CONTAINER = 8
const FREE_CONTAINERS = 1024

/**
 * Parses JSON of a sender. Of a key that comes twice the last counts, as in Go; bytes that are not UTF-8 become U+FFFD, as in Go.
 * Memory stays within a small multiple of the input: depth and number of objects are looked at first.
 *
 * @throws DecodeError
 */
export function parseJson(bytes: Uint8Array): unknown {
  checkNesting(bytes)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new DecodeError('malformed JSON', offsetOf(error, text))
  }
}

/** Where parsing stopped, in bytes; 0 when the engine does not say. Its message itself may quote the text, so it is not passed on. */
function offsetOf(error: unknown, text: string): number {
  const message = errorMessage(error)
  if (message.includes('end of JSON input')) return Buffer.byteLength(text)
  const position = Number(/at position (\d+)/.exec(message)?.[1] ?? 0)
  return Buffer.byteLength(text.slice(0, position))
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Looks at brackets outside of strings only; whether they match is the parser's business. */
function checkNesting(bytes: Uint8Array): void {
  const maxContainers = FREE_CONTAINERS + bytes.length / MIN_BYTES_PER_CONTAINER
  let depth = 0
  let containers = 0
  for (let position = 0; position < bytes.length; position++) {
    const byte = bytes[position]!
    if (byte === QUOTE) {
      position++
      while (position < bytes.length && bytes[position] !== QUOTE) position += bytes[position] === BACKSLASH ? 2 : 1
    } else if (byte === 0x7b || byte === 0x5b) {
      depth++
      containers++
      if (depth > MAX_DEPTH) throw new DecodeError(`JSON nested deeper than ${MAX_DEPTH} levels`, position)
      if (containers > maxContainers) throw new DecodeError('JSON of too many objects for its length', position)
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
}
