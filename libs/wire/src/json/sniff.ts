/**
 * Whether bytes are a JSON object and not a snappy block; the content type does not tell, since Go Clymene sends its JSON as
 * `application/x-protobuf`. A block that begins with `{` claims 123 bytes, and its next byte begins its first element, which has to be
 * a literal; `"`, `}`, tab and line breaks are copies. With a space, a literal of nine, the text would have to look like JSON, too.
 */
export function looksLikeJson(bytes: Uint8Array): boolean {
  const brace = skipSpace(bytes, 0)
  if (bytes[brace] !== 0x7b) return false
  const next = bytes[skipSpace(bytes, brace + 1)]
  return next === 0x22 || next === 0x7d
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let position = from
  for (let byte = bytes[position]; byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d; byte = bytes[position]) position++
  return position
}
