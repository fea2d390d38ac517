import { booleanOf, mappingOf } from '@clymene/model'

/**
 * One map of a configuration that holds secrets, read key by key. Every mistake is collected with its place; what was found is told
 * by its kind only, never by its value; a short word for a boolean is no secret. null and empty text count as absent, as in Go.
 */
export type ConfigMap = {
  readonly where: (key: string) => string
  readonly has: (key: string) => boolean
  readonly keys: () => readonly string[]
  /** Text, or a scalar that YAML took for a number or a boolean. */
  readonly text: (key: string) => string | undefined
  readonly texts: (key: string) => readonly string[]
  readonly bool: (key: string, fallback: boolean) => boolean
  readonly map: (key: string) => ConfigMap | undefined
  /** A map as it is; maps and lists in it are objects and arrays, as JSON has them. */
  readonly values: (key: string) => ReadonlyMap<string, unknown>
  readonly mistake: (key: string, message: string) => void
  /** Every key that is not among these is a mistake; `references` are those of Prometheus for secret stores that are compiled in. */
  readonly only: (known: readonly string[], references?: readonly string[]) => void
}

export function configMap(fields: ReadonlyMap<string, unknown>, where: (key: string) => string, mistakes: string[]): ConfigMap {
  const mistake = (key: string, message: string): void => {
    const line = `${where(key)}: ${message}`
    // A key that is read twice is wrong once.
    if (!mistakes.includes(line)) mistakes.push(line)
  }
  const value = (key: string): unknown => fields.get(key) ?? undefined
  const asText = (key: string, found: unknown): string | undefined => {
    if (found === undefined || found === null || found === '') return undefined
    if (typeof found === 'string') return found
    if (typeof found === 'boolean' || (typeof found === 'number' && Number.isSafeInteger(found))) return String(found)
    mistake(key, `expected text, found ${kindOf(found)}${typeof found === 'number' ? '; put it in quotes' : ''}`)
    return undefined
  }
  const mapping = (key: string): ReadonlyMap<string, unknown> | undefined => {
    const found = value(key)
    if (found === undefined) return undefined
    const inner = mappingOf(found)
    if (inner === undefined) mistake(key, `expected a map, found ${kindOf(found)}`)
    return inner
  }
  return {
    where,
    mistake,
    has: (key) => value(key) !== undefined && value(key) !== '',
    keys: () => [...fields.keys()],
    text: (key) => asText(key, value(key)),
    texts: (key) => {
      const found = value(key) ?? []
      if (Array.isArray(found)) return found.flatMap((item: unknown) => asText(key, item) ?? [])
      mistake(key, `expected a list of texts, found ${kindOf(found)}`)
      return []
    },
    bool: (key, fallback) => {
      const found = value(key) ?? fallback
      const read = booleanOf(found)
      if (read !== undefined) return read
      mistake(key, `expected true or false, found ${isShortWord(found) ? JSON.stringify(found) : kindOf(found)}`)
      return fallback
    },
    map: (key) => {
      const inner = mapping(key)
      return inner && configMap(inner, (name) => `${where(key)}.${name}`, mistakes)
    },
    values: (key) => new Map([...(mapping(key) ?? [])].map(([name, found]) => [name, asJson(found)])),
    only: (known, references = []) => {
      for (const key of fields.keys()) {
        if (references.includes(key)) mistake(key, `is not supported, use ${key.slice(0, -'_ref'.length)}_file`)
        // Without a blank after the colon `{password:secret}` is a key, and its place would tell the secret.
        else if (!known.includes(key)) mistake(key.replace(/:.+$/s, ':…'), `unknown key (known: ${known.join(', ')})`)
      }
    },
  }
}

function asJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asJson)
  const inner = mappingOf(value)
  return inner === undefined ? value : Object.fromEntries([...inner].map(([name, one]) => [name, asJson(one)]))
}

/** `maybe`, `nein`: nobody's secret. */
const isShortWord = (value: unknown): value is string => typeof value === 'string' && /^[a-z]{1,5}$/i.test(value)

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'a map' : typeof value === 'string' ? 'text' : `a ${typeof value}`
