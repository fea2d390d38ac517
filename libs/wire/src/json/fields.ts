import { DecodeError } from '@clymene/model'

/**
 * A value inside a parsed JSON document and its path (`timeseries[3].samples`), for errors. The text is gone by then, so their
 * offset is 0: the path tells where.
 */
export type JsonField = { readonly value: unknown; readonly path: string }

export function mismatch({ value, path }: JsonField, expected: string): DecodeError {
  return new DecodeError(`${path || 'message'}: expected ${expected}, found ${describe(value)} in the JSON`, 0)
}

/** Own members only: `__proto__` is a name like others. */
export function members(field: JsonField): readonly (readonly [string, JsonField])[] {
  return Object.entries(objectOf(field)).map(([name, value]) => [name, { value, path: below(field, name) }])
}

/** The member `name`, else one whose name differs only in case, as Go reads it; undefined is its value when there is none. */
export function member(field: JsonField, name: string): JsonField {
  const object = objectOf(field)
  const lower = name.toLowerCase()
  const key = Object.hasOwn(object, name) ? name : Object.keys(object).find((candidate) => candidate.toLowerCase() === lower)
  return { value: key === undefined ? undefined : object[key], path: below(field, name) }
}

export function elements(field: JsonField): readonly JsonField[] {
  if (isAbsent(field)) return []
  if (!Array.isArray(field.value)) throw mismatch(field, 'an array')
  return field.value.map((value: unknown, index) => ({ value, path: `${field.path}[${index}]` }))
}

/** Missing and null are the empty text. */
export function text(field: JsonField): string {
  if (isAbsent(field)) return ''
  if (typeof field.value !== 'string') throw mismatch(field, 'a string')
  return field.value
}

/** A JSON number or its decimal text; missing and null are 0. `NaN`, `Infinity` and `-Infinity` stand as text. */
export function double(field: JsonField): number {
  if (isAbsent(field)) return 0
  const { value } = field
  if (typeof value === 'number') return value
  if (typeof value === 'string') {
    if (value === 'NaN') return Number.NaN
    if (/^-?Infinity$/.test(value)) return value === 'Infinity' ? Infinity : -Infinity
    if (/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)) return Number(value)
  }
  throw mismatch(field, 'a number, "NaN", "Infinity" or "-Infinity"')
}

/** An int64 as JSON number or decimal text, exact up to 2^53; missing and null are 0. */
export function int64(field: JsonField): number {
  if (isAbsent(field)) return 0
  const { value } = field
  const number = typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw mismatch(field, 'a whole number')
}

/** The object behind a field; missing and null are an empty one. */
function objectOf(field: JsonField): Record<string, unknown> {
  if (isAbsent(field)) return {}
  if (!isObject(field.value)) throw mismatch(field, 'an object')
  return field.value
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

const below = ({ path }: JsonField, name: string): string => (path === '' ? name : `${path}.${name}`)

export const isAbsent = ({ value }: JsonField): boolean => value === undefined || value === null

function describe(value: unknown): string {
  if (typeof value === 'object') return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object'
  const shown = JSON.stringify(value) ?? 'nothing'
  return shown.length > 40 ? `${shown.slice(0, 39)}…` : shown
}
