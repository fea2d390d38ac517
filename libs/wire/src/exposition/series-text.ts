import { isUtf8 } from 'node:buffer'

import { ExpositionError } from './exposition-error.ts'

/** What the two formats allow between the braces. */
export type SeriesDialect = {
  /** Blanks and tabs between tokens. */
  readonly blanks: boolean
  /** A comma must stand between two labels. */
  readonly commas: boolean
  /** A label value may hold a raw line break. */
  readonly lineBreaks: boolean
  /** A quoted string without `=` is the metric's name. Not so in an exemplar. */
  readonly quotedName: boolean
}

/** First bytes and further bytes of unquoted names: a metric's may hold colons. */
const LABEL_START = 1
const DIGIT = 2
const COLON = 4
const CLASS = Uint8Array.from({ length: 256 }, (_, code) => {
  const char = String.fromCharCode(code)
  if (/[a-zA-Z_]/.test(char)) return LABEL_START
  if (/[0-9]/.test(char)) return DIGIT
  return char === ':' ? COLON : 0
})

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LINE_BREAK = 0x0a

export const startsMetricName = (byte: number | undefined): boolean => byte !== undefined && (CLASS[byte]! & (LABEL_START | COLON)) !== 0

/** The end of an unquoted metric name that starts at `at`. */
export function metricNameEnd(body: Buffer, at: number): number {
  let end = at
  while (end < body.length && CLASS[body[end]!] !== 0) end++
  return end
}

export function skipBlanks(body: Buffer, at: number): number {
  let next = at
  while (body[next] === 0x20 || body[next] === 0x09) next++
  return next
}

/**
 * Checks the labels of a series or exemplar and returns where they end, after the closing brace.
 *
 *     labels = "{" [ item { "," item } [ "," ] ] "}"
 *     item   = quoted metric name | ( label name | quoted label name ) "=" quoted value
 *
 * @param at after the opening brace.
 * @param named the metric's name stood before the brace; else it has to stand inside, quoted.
 */
export function labelsEnd(body: Buffer, at: number, named: boolean, dialect: SeriesDialect): number {
  const blanks = dialect.blanks ? skipBlanks : noBlanks
  let nameKnown = named
  let next = blanks(body, at)
  while (body[next] !== 0x7d) {
    const item = next
    const quoted = body[next] === QUOTE
    if (quoted) next = quotedEnd(body, next, dialect.quotedName, false)
    else if (CLASS[body[next]!] === LABEL_START) next = labelNameEnd(body, next)
    else throw new ExpositionError('expected a label name or "}"', body, next)
    next = blanks(body, next)
    if (quoted && dialect.quotedName && (body[next] === 0x2c || body[next] === 0x7d)) {
      if (nameKnown) throw new ExpositionError('the metric has a name already', body, item)
      nameKnown = true
      if (body[next] === 0x2c) next = blanks(body, next + 1)
      continue
    }
    if (body[next] !== 0x3d) throw new ExpositionError('expected "=" after the label name', body, next)
    next = blanks(body, next + 1)
    if (body[next] !== QUOTE) throw new ExpositionError('expected a label value in double quotes', body, next)
    next = blanks(body, quotedEnd(body, next, dialect.lineBreaks, true))
    if (body[next] === 0x2c) next = blanks(body, next + 1)
    else if (dialect.commas && body[next] !== 0x7d) throw new ExpositionError('expected "," or "}" after the label value', body, next)
  }
  if (!nameKnown) throw new ExpositionError('the series has no metric name', body, at)
  return next + 1
}

const noBlanks = (_body: Buffer, at: number): number => at

function labelNameEnd(body: Buffer, at: number): number {
  let end = at
  while (end < body.length && (CLASS[body[end]!]! & (LABEL_START | DIGIT)) !== 0) end++
  return end
}

/**
 * After the closing quote of the string that starts at `at`. A backslash takes the next byte with it, but no line break.
 *
 * @param value label values must be UTF-8 and may hold NUL bytes; names may not, and are checked when they are decoded.
 */
export function quotedEnd(body: Buffer, at: number, lineBreaks: boolean, value: boolean): number {
  let ascii = true
  let next = at + 1
  for (; next < body.length; next++) {
    let byte = body[next]!
    if (byte === QUOTE) break
    if (byte === BACKSLASH) {
      next++
      if (value) next = skipNuls(body, next)
      byte = body[next] ?? LINE_BREAK
      if (byte === LINE_BREAK) throw new ExpositionError('expected a character after the backslash', body, next)
    }
    if (byte >= 0x80) ascii = false
    else if (byte === LINE_BREAK && !lineBreaks) throw new ExpositionError('expected a closing quote', body, next)
    else if (byte === 0 && !value) throw new ExpositionError('expected a name without NUL', body, next)
  }
  if (next >= body.length) throw new ExpositionError('expected a closing quote', body, body.length)
  if (value && !ascii && !isUtf8(body.subarray(at, next))) throw new ExpositionError('the label value is not UTF-8', body, at)
  return next + 1
}

/** Prometheus reads over NUL bytes in a label value, also between a backslash and what it escapes. */
function skipNuls(body: Buffer, at: number): number {
  let next = at
  while (body[next] === 0) next++
  return next
}
