import { createHash } from 'node:crypto'

import { isList, isMap, TemplateError, type Value } from '../value.ts'
import { fixed, type NamedFunction, ofTexts } from './arguments.ts'
import { decodeBase32, encodeBase32 } from './base32.ts'

const hash = (name: string, algorithm: string): NamedFunction =>
  ofTexts(name, 1, (text = '') => createHash(algorithm).update(text).digest('hex'))

/** Hashes, base64 and JSON by sprig's names. */
export const ENCODING_FUNCTIONS: readonly NamedFunction[] = [
  hash('sha1sum', 'sha1'),
  hash('sha256sum', 'sha256'),
  hash('sha512sum', 'sha512'),
  ofTexts('adler32sum', 1, (text = '') => String(adler32(text))),
  ofTexts('b32enc', 1, (text = '') => encodeBase32(text)),
  ofTexts('b32dec', 1, (text = '') => decodeBase32(text)),
  ofTexts('b64enc', 1, (text = '') => Buffer.from(text).toString('base64')),
  ofTexts('b64dec', 1, (text = '') => decodeBase64(text)),
  fixed('toJson', 1, ([value]) => toJson(value, escapeHtml)),
  fixed('toRawJson', 1, ([value]) => toJson(value, (text) => text)),
  fixed('toPrettyJson', 1, ([value]) => escapeHtml(JSON.stringify(plain(value), undefined, 2))),
  ofTexts('fromJson', 1, (text = '') => parseJson(text)),
  ofTexts('mustFromJson', 1, (text = '') => {
    const value = parseJson(text)
    if (value === undefined && text.trim() !== 'null') throw new TemplateError('mustFromJson: no JSON')
    return value
  }),
]

/** @see https://www.rfc-editor.org/rfc/rfc1950#section-9 */
function adler32(text: string): number {
  let a = 1
  let b = 0
  for (const byte of Buffer.from(text)) {
    a = (a + byte) % 65_521
    b = (b + a) % 65_521
  }
  return b * 65_536 + a
}

/** @throws TemplateError for what is no base64. */
function decodeBase64(text: string): string {
  const valid = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
  if (!valid) throw new TemplateError('b64dec: no base64')
  return Buffer.from(text, 'base64').toString()
}

const toJson = (value: Value, escape: (json: string) => string): string => escape(JSON.stringify(plain(value)))

const escapeHtml = (json: string): string =>
  json.replaceAll(/[<>&\u2028\u2029]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Nested deeper than this, a value is refused: the stack is finite. */
const MAX_DEPTH = 500

function plain(value: Value, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw new TemplateError(`more than ${MAX_DEPTH} values in one another`)
  if (value === undefined) return null
  if (typeof value === 'bigint') return Number(value)
  if (isList(value)) return value.map((one) => plain(one, depth + 1))
  if (!isMap(value)) return value
  const keys = [...value.keys()].toSorted((a, b) => (a < b ? -1 : 1))
  // Null prototype: `__proto__` is a key like any other.
  const object: Record<string, unknown> = Object.create(null)
  for (const key of keys) Object.defineProperty(object, key, { value: plain(value.get(key), depth + 1), enumerable: true })
  return object
}

function parseJson(text: string): Value {
  try {
    return ofJson(JSON.parse(text))
  } catch {
    return undefined
  }
}

function ofJson(value: unknown, depth = 0): Value {
  if (depth > MAX_DEPTH) throw new TemplateError(`more than ${MAX_DEPTH} values in one another`)
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value
  if (Array.isArray(value)) return value.map((one: unknown) => ofJson(one, depth + 1))
  if (typeof value !== 'object' || value === null) return undefined
  return new Map(Object.entries(value).map(([key, one]: [string, unknown]) => [key, ofJson(one, depth + 1)]))
}
