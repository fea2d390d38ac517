/**
 * The text of a string literal: quoted, with Go's escapes, or between back quotes, as it stands.
 *
 * @throws Error for an escape that Go does not know.
 * @see https://go.dev/ref/spec#String_literals
 */
export function unquote(literal: string): string {
  const body = literal.slice(1, -1)
  if (literal.startsWith('`')) return body.replaceAll('\r', '')
  if (!body.includes('\\')) return body
  // Octal and hexadecimal escapes are bytes, so the text is put together of bytes.
  const parts: Buffer[] = []
  for (const [piece, escape] of body.matchAll(/[^\\]+|\\(x[\da-fA-F]{2}|[0-7]{3}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[^])/g)) {
    parts.push(escape === undefined ? Buffer.from(piece) : escaped(escape, literal))
  }
  return Buffer.concat(parts).toString()
}

const SIMPLE: ReadonlyMap<string, string> = new Map([
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

function escaped(escape: string, literal: string): Buffer {
  const simple = SIMPLE.get(escape)
  if (simple !== undefined) return Buffer.from(simple)
  const digits = escape.slice(1)
  if (digits !== '') {
    const code = /^[0-7]/.test(escape) ? Number.parseInt(escape, 8) : Number.parseInt(digits, 16)
    if (/^[uU]/.test(escape) && code <= 0x10ffff) return Buffer.from(String.fromCodePoint(code))
    if (!/^[uU]/.test(escape) && code <= 0xff) return Buffer.of(code)
  }
  throw new Error(`${literal}: unknown escape \\${escape}`)
}
