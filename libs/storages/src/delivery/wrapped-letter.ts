import { createHash } from 'node:crypto'

import type { Envelope } from '@clymene/model'

import { isWrapped, onlyNote, WRAPPED_HEADERS, withoutNote } from './letter-headers.ts'

/** Of key and further headers together: all parts of a letter repeat them. */
const MAX_AROUND_BYTES = 8 * 1024

/**
 * A letter that can be cut: every part has its key and headers, so where those are large they go into the value, and a hash of the key
 * takes the place of the key.
 *
 *     length of the JSON uint32 BE | {"key": …, "extra": [[name, value], …]} | value
 */
export function wrapLetter<L extends Envelope>(letter: L): L {
  if (bytesAround(letter) <= MAX_AROUND_BYTES) return letter
  const { key, value, extra = {} } = letter
  const own = Object.entries(withoutNote(extra) ?? {})
  const around = Buffer.from(JSON.stringify({ key, extra: own }))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(around.length)
  return {
    ...letter,
    key: createHash('sha256').update(key).digest('hex'),
    value: Buffer.concat([length, around, value]),
    extra: { ...onlyNote(extra), ...WRAPPED_HEADERS },
  }
}

/** Of key and further headers. */
export const bytesAround = ({ key, extra }: Envelope): number =>
  Object.entries(withoutNote(extra) ?? {}).reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), Buffer.byteLength(key))

/** As it was before {@link wrapLetter}. What is malformed stays as it is. */
export function unwrapLetter<L extends Envelope>(letter: L): L {
  const { value, extra = {} } = letter
  if (!isWrapped(extra) || value.length < 4) return letter
  const end = 4 + value.readUInt32BE()
  const around = end > value.length ? undefined : readAround(value.toString('utf8', 4, end))
  if (around === undefined) return letter
  return { ...letter, key: around.key, value: value.subarray(end), extra: { ...Object.fromEntries(around.extra), ...onlyNote(extra) } }
}

function readAround(text: string): { readonly key: string; readonly extra: readonly (readonly [string, string])[] } | undefined {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof found !== 'object' || found === null || !('key' in found) || !('extra' in found)) return undefined
  const { key, extra } = found
  return typeof key === 'string' && Array.isArray(extra) && extra.every(isPair) ? { key, extra } : undefined
}

const isPair = (one: unknown): one is readonly [string, string] =>
  Array.isArray(one) && one.length === 2 && one.every((text) => typeof text === 'string')
