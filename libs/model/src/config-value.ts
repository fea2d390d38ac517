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

/** What was found, for the message of a mistake: as JSON, a Map as an object. Never of what may be a secret. */
export const shown = (value: unknown): string => JSON.stringify(value, plain) ?? String(value)

const plain = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value)
  return value instanceof Map ? Object.fromEntries<unknown>(value) : value
}
