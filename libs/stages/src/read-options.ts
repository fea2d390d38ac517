import { errorMessage, scalarText, shown } from '@clymene/model'
import { compileRegex, type Regex } from '@clymene/regex'

import type { Fields } from './fields.ts'

/** The expression under `key`; undefined when it is not there, '' or, noted as a mistake, none. */
export function readRegex(fields: Fields, key: string): Regex | undefined {
  const pattern = fields.text(key) ?? ''
  if (pattern === '') return undefined
  try {
    return compileRegex(pattern)
  } catch (error) {
    fields.mistake(`.${key}: ${errorMessage(error)}`)
    return undefined
  }
}

/** Undefined when it is not there, or noted as a mistake. A number in quotes is one too. */
export function readNumber(fields: Fields, key: string, expected: string, accept: (value: number) => boolean): number | undefined {
  const text = scalarText(fields.raw(key))
  if (fields.raw(key) === undefined || fields.raw(key) === null) return undefined
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text)
  if (accept(value)) return value
  fields.mistake(`.${key}: expected ${expected}, found ${shown(fields.raw(key))}`)
  return undefined
}

/** One text or a list of them under `key`; `a,b` is two. */
export function readNames(fields: Fields, key: string): readonly string[] {
  const names = typeof fields.raw(key) === 'string' ? (fields.text(key) ?? '').split(',') : fields.texts(key)
  if (names.includes('')) fields.mistake(`.${key}: names must not be empty`)
  return names
}

/** A word out of a few, in lower or upper case; the first when it is not there. */
export function readWord<T extends string>(fields: Fields, key: string, words: readonly [T, ...T[]]): T {
  const text = fields.text(key) ?? ''
  const word = text === '' ? words[0] : words.find((known) => known === text.toLowerCase())
  if (word === undefined) fields.mistake(`.${key}: expected ${words.join(' or ')}, found ${shown(text)}`)
  return word ?? words[0]
}

/** Why lines were dropped, as a label of a metric: what the configuration calls it, else `fallback`. */
export const readReason = (fields: Fields, fallback: string): string => {
  const reason = fields.text('drop_counter_reason') ?? ''
  return reason === '' ? fallback : reason
}

const SIZE_UNITS: ReadonlyMap<string, number> = new Map(
  ['', 'K', 'M', 'G'].flatMap((unit, power) => [`${unit}B`, `${unit}IB`, unit].map((name) => [name, 1024 ** power] as const)),
)

/** Bytes as a number or as `16KB` or `16KiB`, a kilobyte being 1024 bytes; undefined when it is not there. */
export function readBytes(fields: Fields, key: string): number | undefined {
  const text = fields.text(key)
  if (text === undefined) return undefined
  const match = /^(\d+) ?([A-Za-z]*)$/.exec(text)
  const unit = SIZE_UNITS.get(match?.[2]?.toUpperCase() ?? 'none')
  if (match !== null && unit !== undefined && Number.isSafeInteger(Number(match[1]) * unit)) return Number(match[1]) * unit
  fields.mistake(`.${key}: expected bytes such as 16384 or 16KB, found ${shown(text)}`)
  return undefined
}

/** Milliseconds of a duration under `key`; undefined when it is not there, '' or, noted as a mistake, none. */
export function readDuration(fields: Fields, key: string): number | undefined {
  const text = fields.text(key) ?? ''
  if (text === '') return undefined
  const milliseconds = parseGoDuration(text)
  if (milliseconds !== undefined && milliseconds > 0) return milliseconds
  fields.mistake(`.${key}: expected a duration such as 3s, 1h30m or 500ms, found ${shown(text)}`)
  return undefined
}

const TIME_UNITS: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
])
const DURATION = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/

/**
 * Milliseconds of a duration as Go writes it, such as `1h30m`, `-1.5s` or `0`; undefined for what is none.
 *
 * @see https://pkg.go.dev/time#ParseDuration
 */
export function parseGoDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0
  if (!DURATION.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit = ''] of text.matchAll(/(\d*\.?\d*)(ns|us|µs|μs|ms|s|m|h)/g))
    sum += Number(amount) * (TIME_UNITS.get(unit) ?? 0)
  return text.startsWith('-') ? -sum : sum
}
