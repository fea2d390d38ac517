/** What stands behind a backslash in literals of Go, and what it means, beside numbers. `'` is escaped in runes only, `"` in strings only: both are read in both. */
export const GO_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
])

/**
 * The text of a literal of Go: a string between quotes, with escapes, or between back quotes, as it stands; or a rune.
 *
 * @throws Error for an escape that Go does not know.
 * @see https://go.dev/ref/spec#String_literals
 */
export function unquoteGo(literal: string): string {
  const body = literal.slice(1, -1)
  if (literal.startsWith('`')) return body.replaceAll('\r', '')
  if (!body.includes('\\')) return body
  const isRune = literal.startsWith("'")
  // Octal and hexadecimal escapes of a string are bytes, so the text is put together of bytes.
  const parts: Buffer[] = []
  for (const [piece, escape] of body.matchAll(/[^\\]+|\\(x[\da-fA-F]{2}|[0-7]{3}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[^]|$)/gu)) {
    parts.push(escape === undefined ? Buffer.from(piece) : escaped(escape, isRune, literal))
  }
  return Buffer.concat(parts).toString()
}

function escaped(escape: string, isRune: boolean, literal: string): Buffer {
  const simple = GO_ESCAPES.get(escape)
  if (simple !== undefined) return Buffer.from(simple)
  const digits = escape.slice(1)
  if (digits !== '') {
    const code = /^[0-7]/.test(escape) ? Number.parseInt(escape, 8) : Number.parseInt(digits, 16)
    if ((isRune || /^[uU]/.test(escape)) && code <= 0x10_ff_ff) return Buffer.from(String.fromCodePoint(code))
    if (!/^[uU]/.test(escape) && code <= 0xff) return Buffer.of(code)
  }
  throw new Error(`${literal}: unknown escape \\${escape}`)
}
