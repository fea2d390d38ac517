/**
 * A value of a template. Go's kinds: `bigint` is its int, `number` its float64, `undefined` is nil and what is not there.
 * `Date` is a time.
 */
export type Value = string | boolean | bigint | number | undefined | Date | readonly Value[] | ReadonlyMap<string, Value>

/** A template cannot go on: what it stands for stays as it was. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)
export const isMap = (value: Value): value is ReadonlyMap<string, Value> => value instanceof Map

/** What `if` goes by. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0
  if (isMap(value)) return value.size > 0
  return value instanceof Date || Boolean(value)
}

/** The name of a value's kind, for messages. */
export function kindOf(value: Value): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'float64'
  if (typeof value === 'boolean') return 'bool'
  if (isList(value)) return 'list'
  if (isMap(value)) return 'map'
  return value instanceof Date ? 'time' : 'string'
}

/** A value as a template prints it: as Go's `%v`. */
export function print(value: Value): string {
  if (typeof value === 'string') return value
  if (value === undefined) return '<no value>'
  return printNested(value)
}

/** The same inside of a list or of printf, where nothing is `<nil>`. */
export function printNested(value: Value): string {
  if (value === undefined) return '<nil>'
  if (typeof value === 'number') return printFloat(value)
  if (isList(value)) return `[${value.map(printNested).join(' ')}]`
  if (isMap(value)) {
    const keys = [...value.keys()].toSorted((a, b) => (a < b ? -1 : 1))
    return `map[${keys.map((key) => `${key}:${printNested(value.get(key))}`).join(' ')}]`
  }
  return value instanceof Date ? `${value.toISOString().replace('T', ' ').replace('Z', '')} +0000 UTC` : String(value)
}

/** As `%v` of a float64: the shortest digits, with an exponent below 1e-4 and from 1e21. */
export function printFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e21)) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  return Object.is(value, -0) ? '-0' : String(value)
}
