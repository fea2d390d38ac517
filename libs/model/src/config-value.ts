/** The fields of a mapping of a configuration, be it an object or a Map; undefined when it is none. */
export function mappingOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (value instanceof Map) return new Map([...value].map(([key, one]: [unknown, unknown]) => [String(key), one]))
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : undefined
}

/** YAML makes numbers and booleans of plain scalars that are meant as text: `regex: true`, `replacement: 9100`. Undefined when it is no scalar. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : undefined
}

/**
 * A boolean, or a word that is one to YAML 1.1, as Go's reader takes it in three spellings: yes, Yes, YES. `true` as text had quotes: it is none.
 * Undefined when it is no boolean.
 */
export function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  return typeof value === 'string' && SPELLINGS.test(value) ? WORDS.get(value.toLowerCase()) : undefined
}

const SPELLINGS = /^(?:[a-z]+|[A-Z][a-z]*|[A-Z]+)$/
const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['on', true],
  ['y', true],
  ['no', false],
  ['off', false],
  ['n', false],
])

/** What was found, for the message of a mistake: as JSON, a Map as an object. Never of what may be a secret. */
export const shown = (value: unknown): string => JSON.stringify(value, plain) ?? String(value)

const plain = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value)
  return value instanceof Map ? Object.fromEntries<unknown>(value) : value
}
