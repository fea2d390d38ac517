/** What JSON.parse makes of an object. Labels are data: read them by {@link textPairsAt}, never by name. */
export type Json = Readonly<Record<string, unknown>>

const EMPTY: Json = {}

export const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

export function jsonAt(json: Json, key: string): Json {
  const value = json[key]
  return isJson(value) ? value : EMPTY
}

/** '' when it is absent or no text. */
export function textAt(json: Json, key: string): string {
  const value = json[key]
  return typeof value === 'string' ? value : ''
}

export function numberAt(json: Json, key: string): number | undefined {
  const value = json[key]
  return typeof value === 'number' ? value : undefined
}

export function booleanAt(json: Json, key: string): boolean | undefined {
  const value = json[key]
  return typeof value === 'boolean' ? value : undefined
}

/** The objects of a list, empty when it is absent. */
export function listAt(json: Json, key: string): readonly Json[] {
  const value = json[key]
  return Array.isArray(value) ? value.filter(isJson) : []
}

export function textsAt(json: Json, key: string): readonly string[] {
  const value = json[key]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

export type TextPairs = readonly (readonly [name: string, value: string])[]

export const textPairsAt = (json: Json, key: string): TextPairs =>
  Object.entries(jsonAt(json, key)).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []))
