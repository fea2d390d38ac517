import { followFile } from './followed-file.ts'
import { isHeaderName } from './header-config.ts'

export type HeaderLines = { readonly headers: ReadonlyMap<string, string>; readonly mistakes: readonly string[] }

/** What a request says by itself: of its body, its connection, the protocol. */
const OWN: ReadonlySet<string> = new Set(
  (
    'connection content-encoding content-length content-type expect host keep-alive proxy-connection te trailer transfer-encoding upgrade ' +
    'x-prometheus-remote-write-version'
  ).split(' '),
)

/** Visible ASCII with blanks and tabs inside: what every server takes as the value of a header (RFC 9110 §5.5). */
export const isPlainHeaderValue = (value: string): boolean => /^[!-~](?:[\t -~]*[!-~])?$/.test(value)

/**
 * Further headers of a request, names in small letters. A mistake names the header or the line, never the value.
 *
 * @param taken headers that something else says already, each with what that is.
 */
export function checkHeaders(pairs: readonly (readonly [name: string, value: string])[], taken: ReadonlyMap<string, string>): HeaderLines {
  const headers = new Map<string, string>()
  const mistakes: string[] = []
  for (const [index, [name, value]] of pairs.entries()) {
    const lower = name.toLowerCase()
    if (!isHeaderName(name)) mistakes.push(`header ${index + 1} has no legal name`)
    else if (OWN.has(lower)) mistakes.push(`${lower} is said by Clymene itself`)
    else if (taken.has(lower)) mistakes.push(`${lower} is said by ${taken.get(lower)} already`)
    else if (headers.has(lower)) mistakes.push(`${lower} stands there twice`)
    else if (!isPlainHeaderValue(value)) mistakes.push(`the value of ${lower} is empty or not visible ASCII`)
    headers.set(lower, value)
  }
  return { headers, mistakes }
}

/** The same of a text with `name: value` a line; empty lines and those that begin with # are passed over. */
export function checkHeaderText(text: string, taken: ReadonlyMap<string, string>): HeaderLines {
  const malformed: string[] = []
  const pairs = text.split(/\r?\n/).flatMap((line, index) => {
    if (/^\s*(?:#|$)/.test(line)) return []
    const at = line.indexOf(':')
    if (at > 0) return [[line.slice(0, at), line.slice(at + 1).trim()] as const]
    malformed.push(`line ${index + 1}: expected name: value`)
    return []
  })
  const { headers, mistakes } = checkHeaders(pairs, taken)
  return { headers, mistakes: [...malformed, ...mistakes] }
}

/** The headers of a file as they are now. @throws (the function) Error naming the path and what is wrong there, never a value */
export function headerFile(path: string, taken: ReadonlyMap<string, string>): () => ReadonlyMap<string, string> {
  const file = followFile(path)
  let content: Buffer | undefined
  let headers: ReadonlyMap<string, string> = new Map()
  return () => {
    const now = file.read()
    if (now === content) return headers
    const { headers: found, mistakes } = checkHeaderText(now.toString('utf8'), taken)
    if (mistakes.length > 0) throw new Error(`${path}: ${mistakes.join('; ')}`)
    content = now
    headers = found
    return headers
  }
}
