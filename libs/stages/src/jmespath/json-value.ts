/** An expression does not work out for a value: a function refused its arguments. */
export class JmespathError extends Error {
  override readonly name = 'JmespathError'
}

export type JsonObject = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
export const isArray = (value: unknown): value is readonly unknown[] => Array.isArray(value)

/** Null when it is not there. `__proto__` is a key like any other. */
export const fieldOf = (value: unknown, key: string): unknown => (isObject(value) && Object.hasOwn(value, key) ? value[key] : null)

/** An object of these entries, of which the last of a key counts. */
export function objectOf(entries: Iterable<readonly [key: string, value: unknown]>): JsonObject {
  const object: Record<string, unknown> = {}
  for (const [key, value] of entries) Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  return object
}

/** What filters, `&&`, `||` and `!` go by. */
export function isTrue(value: unknown): boolean {
  if (isArray(value)) return value.length > 0
  if (isObject(value)) return Object.keys(value).length > 0
  return value !== null && value !== undefined && value !== false && value !== ''
}

/** Values nested deeper than this are not compared: the stack is finite. */
const MAX_DEPTH = 500

/** @throws JmespathError */
export function isEqual(a: unknown, b: unknown, depth = 0): boolean {
  if (depth > MAX_DEPTH) throw new JmespathError(`more than ${MAX_DEPTH} values in one another`)
  if (isArray(a)) return isArray(b) && a.length === b.length && a.every((one, index) => isEqual(one, b[index], depth + 1))
  if (!isObject(a)) return (a ?? null) === (b ?? null)
  const keys = Object.keys(a)
  return (
    isObject(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isEqual(fieldOf(a, key), fieldOf(b, key), depth + 1))
  )
}

export function typeOf(value: unknown): 'array' | 'object' | 'null' | 'string' | 'number' | 'boolean' {
  if (isArray(value)) return 'array'
  if (isObject(value)) return 'object'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return 'number'
  return typeof value === 'boolean' ? 'boolean' : 'null'
}
