import { ConfigError, mappingOf, shown } from '@clymene/model'
import { configMap, HTTP_ACCESS_KEYS, parseDuration, parseHttpAccess, type ConfigMap, type HttpAccessConfig } from '@clymene/runtime'

/** Prometheus' durations: whole numbers, units once each, from the longest. */
const DURATION = /^(?:0|(?=\d)(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?)$/

/** Whether a text is a duration as Prometheus takes it. */
export const isDuration = (text: string): boolean => DURATION.test(text)

/** Milliseconds; more than 0. */
export function intervalAt(map: ConfigMap, key: string, fallback: string): number {
  const text = map.text(key) ?? fallback
  if (!isDuration(text)) map.mistake(key, `expected a duration such as 30s or 1m30s, found ${shown(text)}`)
  else if (parseDuration(text) > 0) return parseDuration(text)
  else map.mistake(key, `expected more than 0, found ${shown(text)}`)
  return 1
}

/** A port; `fallback` when it is not given. */
export function portAt(map: ConfigMap, key: string, fallback: number): number {
  const text = map.text(key)
  if (text === undefined) return fallback
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  map.mistake(key, `expected a port between 0 and 65535, found ${shown(text)}`)
  return fallback
}

export type Fields = ReadonlyMap<string, unknown>

type Read<T> = (map: ConfigMap, fields: Fields, mistakes: string[]) => T

/** A list of at least one text. */
export function someTextsAt(map: ConfigMap, key: string, fields: Fields): readonly string[] {
  const texts = map.texts(key)
  const found = fields.get(key) ?? []
  if (texts.length === 0 && Array.isArray(found)) map.mistake(key, 'expected a list of at least one text')
  return texts
}

/**
 * Reads one item of a list of discoveries with `read`, which collects mistakes in the map.
 *
 * @param keys that it may have.
 * @throws ConfigError with every mistake.
 */
export function readItem<T>(value: unknown, where: string, keys: readonly string[], read: Read<T>): T {
  const fields = mappingOf(value)
  if (fields === undefined) throw new ConfigError(`${where}: expected a mapping, found ${shown(value)}`)
  const mistakes: string[] = []
  const map = configMap(fields, (key) => `${where}.${key}`, mistakes)
  map.only(keys)
  const item = read(map, fields, mistakes)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return item
}

/** The same of an item that has the options of an HTTP client beside its own keys. */
export function readHttpItem<T>(
  value: unknown,
  where: string,
  { keys, directory = '.' }: { readonly keys: readonly string[]; readonly directory?: string | undefined },
  read: (map: ConfigMap, http: HttpAccessConfig, fields: Fields) => T,
): T {
  return readItem(value, where, [...keys, ...HTTP_ACCESS_KEYS], (map, fields, mistakes) => {
    let http: HttpAccessConfig = { followRedirects: true }
    try {
      http = parseHttpAccess(fields, where, { directory })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      mistakes.push(...error.mistakes)
    }
    return read(map, http, fields)
  })
}
