/** Told of each pair. */
export type LogfmtPair = (key: string, value: string) => void

/**
 * Reads `key=value key="quoted \"value\"" flag`: pairs apart by white space, a key alone with an empty value. Stops at the
 * first mistake, such as a quotation mark in a plain value or one that is not closed; the pairs before it count.
 *
 * @returns whether all of it was logfmt.
 * @see https://pkg.go.dev/github.com/go-logfmt/logfmt
 */
export function readLogfmt(line: string, pair: LogfmtPair): boolean {
  let position = 0
  for (;;) {
    while (position < line.length && line.charCodeAt(position) <= SPACE) position++
    if (position >= line.length) return true
    const start = position
    while (isKey(line.charCodeAt(position))) position++
    if (position === start) return false
    const key = line.slice(start, position)
    const code = line.charCodeAt(position)
    if (code !== EQUALS) {
      if (code === QUOTE) return false
      pair(key, '')
      continue
    }
    position++
    if (line.charCodeAt(position) === QUOTE) {
      const end = closingQuote(line, position + 1)
      const value = end === -1 ? undefined : unquote(line.slice(position, end + 1))
      if (value === undefined) return false
      pair(key, value)
      position = end + 1
      continue
    }
    const valueStart = position
    while (isKey(line.charCodeAt(position))) position++
    if (line.charCodeAt(position) > SPACE) return false
    pair(key, line.slice(valueStart, position))
  }
}

function closingQuote(line: string, start: number): number {
  let position = line.indexOf('"', start)
  for (; position !== -1; position = line.indexOf('"', position + 1)) {
    let slashes = 0
    while (line.charCodeAt(position - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return position
  }
  return -1
}

/** The value of a JSON string; undefined for one with a wrong escape. */
function unquote(quoted: string): string | undefined {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    // White space that JSON wants escaped stands as it is in logfmt.
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    return String(JSON.parse(quoted.replaceAll(/[\u0000-\u001f]/g, escapeControl))).toWellFormed()
  } catch {
    return undefined
  }
}

const escapeControl = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** What keys and plain values are made of; NaN, behind the end, is none. */
const isKey = (code: number): boolean => code > SPACE && code !== EQUALS && code !== QUOTE

const SPACE = 0x20
const QUOTE = 0x22
const EQUALS = 0x3d
const BACKSLASH = 0x5c
