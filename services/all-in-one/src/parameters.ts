import { errorMessage } from '@clymene/model'
import { QueryError, type LabelMatcher } from '@clymene/storages'

import { parseMatchers } from './matcher-text.ts'

/** The parameters of a query string, read one by one; mistakes are told all at once by `finish`. */
export type Parameters = {
  readonly required: (name: string) => string
  readonly optional: (name: string) => string | undefined
  readonly list: (name: string) => readonly string[] | undefined
  readonly integer: (name: string, fallback: number, min: number, max?: number) => number
  readonly optionalInteger: (name: string, min?: number) => number | undefined
  readonly oneOf: <T extends string>(name: string, allowed: readonly T[], fallback: T) => T
  readonly matchers: (name: string) => readonly LabelMatcher[]
  /** @throws QueryError naming every parameter that is wrong or unknown */
  readonly finish: () => void
}

export function createParameters(query: unknown): Parameters {
  const read = new Set<string>()
  const mistakes: string[] = []
  const texts = new Map(
    Object.entries(typeof query === 'object' && query !== null ? query : {}).map(([name, value]) => {
      if (Array.isArray(value)) mistakes.push(`${name}: given ${value.length} times, expected once`)
      return [name, String(value)]
    }),
  )
  const optional = (name: string): string | undefined => {
    read.add(name)
    return texts.get(name)
  }
  const integer = (name: string, fallback: number, min: number, max = Number.MAX_SAFE_INTEGER): number => {
    const text = optional(name)
    if (text === undefined) return fallback
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    mistakes.push(`${name}=${JSON.stringify(text)}: expected a whole number between ${min} and ${max}`)
    return fallback
  }
  return {
    optional,
    integer,
    required: (name) => {
      const text = optional(name)
      if (text === undefined || text === '') mistakes.push(`${name}: expected a value`)
      return text ?? ''
    },
    list: (name) =>
      optional(name)
        ?.split(',')
        .filter((item) => item !== ''),
    optionalInteger: (name, min = 0) => (optional(name) === undefined ? undefined : integer(name, 0, min)),
    oneOf: (name, allowed, fallback) => {
      const text = optional(name)
      const match = text === undefined ? fallback : allowed.find((one) => one === text)
      if (match === undefined) mistakes.push(`${name}=${JSON.stringify(text)}: expected one of ${allowed.join(', ')}`)
      return match ?? fallback
    },
    matchers: (name) => {
      try {
        return parseMatchers(optional(name) ?? '')
      } catch (error) {
        mistakes.push(`${name}: ${errorMessage(error)}`)
        return []
      }
    },
    finish: () => {
      for (const name of texts.keys()) if (!read.has(name)) mistakes.push(`${name}: unknown parameter, expected ${[...read].join(', ')}`)
      if (mistakes.length > 0) throw new QueryError(mistakes.join('; '))
    },
  }
}
