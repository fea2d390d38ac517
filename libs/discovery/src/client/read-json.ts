import { DiscoveryError } from '../discovery-error.ts'
import { isJson, type Json } from '../json.ts'

/** @throws DiscoveryError without what was read, which may hold secrets. */
export function readList(text: string, what: string): readonly Json[] {
  const value = parsed(text, what)
  // Go writes an empty list as null.
  if (value === null) return []
  if (!Array.isArray(value) || !value.every(isJson)) throw wrong(`expected a list of ${what}, found other JSON`)
  return value
}

/** @throws DiscoveryError without what was read, which may hold secrets. */
export function readObject(text: string, what: string): Json {
  const value = parsed(text, what)
  if (!isJson(value)) throw wrong(`expected ${what}, found other JSON`)
  return value
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong(`expected ${what} in JSON`)
  }
}

const wrong = (message: string): DiscoveryError => new DiscoveryError('answer', message)
