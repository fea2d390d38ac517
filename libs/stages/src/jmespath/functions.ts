import { fieldOf, isArray, isEqual, JmespathError, type JsonObject, objectOf, typeOf } from './json-value.ts'

/** An expression that is handed over with `&`. */
export type Reference = { readonly apply: (value: unknown) => unknown }

export type JmespathFunction = {
  /** Types of the arguments, `|` between those that one may have; a last one of `...` repeats the one before. */
  readonly takes: readonly string[]
  readonly call: (...args: readonly unknown[]) => unknown
}

type Key = string | number

/* oxlint-disable typescript/no-unsafe-type-assertion -- `takes` was checked before */
/** @see https://jmespath.org/specification.html#built-in-functions */
export const FUNCTIONS: ReadonlyMap<string, JmespathFunction> = new Map<string, JmespathFunction>([
  ['abs', { takes: ['number'], call: (value) => Math.abs(value as number) }],
  ['avg', { takes: ['numbers'], call: (list) => ((list as number[]).length === 0 ? null : sum(list) / (list as number[]).length) }],
  ['ceil', { takes: ['number'], call: (value) => Math.ceil(value as number) }],
  ['contains', { takes: ['array|string', 'any'], call: contains }],
  ['ends_with', { takes: ['string', 'string'], call: (text, end) => (text as string).endsWith(end as string) }],
  ['floor', { takes: ['number'], call: (value) => Math.floor(value as number) }],
  ['join', { takes: ['string', 'strings'], call: (separator, list) => (list as string[]).join(separator as string) }],
  ['keys', { takes: ['object'], call: (object) => Object.keys(object as JsonObject) }],
  ['length', { takes: ['string|array|object'], call: lengthOf }],
  [
    'map',
    { takes: ['reference', 'array'], call: (reference, list) => (list as unknown[]).map((item) => (reference as Reference).apply(item)) },
  ],
  ['max', { takes: ['numbers|strings'], call: (list) => extreme(list as Key[], (key) => key, 1) }],
  ['max_by', { takes: ['array', 'reference'], call: (list, reference) => extremeBy(list as unknown[], reference as Reference, 1) }],
  [
    'merge',
    { takes: ['object', '...'], call: (...objects) => objectOf(objects.flatMap((object) => Object.entries(object as JsonObject))) },
  ],
  ['min', { takes: ['numbers|strings'], call: (list) => extreme(list as Key[], (key) => key, -1) }],
  ['min_by', { takes: ['array', 'reference'], call: (list, reference) => extremeBy(list as unknown[], reference as Reference, -1) }],
  ['not_null', { takes: ['any', '...'], call: (...values) => values.find((value) => value !== null && value !== undefined) ?? null }],
  [
    'reverse',
    {
      takes: ['string|array'],
      call: (value) =>
        isArray(value)
          ? value.toReversed()
          : Array.from(value as string)
              .toReversed()
              .join(''),
    },
  ],
  ['sort', { takes: ['numbers|strings'], call: (list) => (list as Key[]).toSorted(compareKeys) }],
  ['sort_by', { takes: ['array', 'reference'], call: (list, reference) => sortBy(list as unknown[], reference as Reference) }],
  ['starts_with', { takes: ['string', 'string'], call: (text, start) => (text as string).startsWith(start as string) }],
  ['sum', { takes: ['numbers'], call: sum }],
  ['to_array', { takes: ['any'], call: (value) => (isArray(value) ? value : [value]) }],
  ['to_number', { takes: ['any'], call: toNumber }],
  ['to_string', { takes: ['any'], call: (value) => (typeof value === 'string' ? value : JSON.stringify(value)) }],
  ['type', { takes: ['any'], call: typeOf }],
  ['values', { takes: ['object'], call: (object) => Object.keys(object as JsonObject).map((key) => fieldOf(object, key)) }],
])

function sum(list: unknown): number {
  return (list as number[]).reduce((total, one) => total + one, 0)
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Array.from(value).length
  return isArray(value) ? value.length : Object.keys(value as JsonObject).length
}
/* oxlint-enable typescript/no-unsafe-type-assertion */

function contains(subject: unknown, search: unknown): boolean {
  if (isArray(subject)) return subject.some((item) => isEqual(item, search))
  return typeof subject === 'string' && typeof search === 'string' && subject.includes(search)
}

function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(value) ? Number(value) : null
}

const compareKeys = (a: Key, b: Key): number => (a < b ? -1 : a > b ? 1 : 0)

/** The keys of a list: all numbers or all texts. */
function keysOf(list: readonly unknown[], reference: Reference): readonly Key[] {
  const keys = list.map((item) => reference.apply(item))
  if (keys.every((key) => typeof key === 'number')) return keys
  if (keys.every((key) => typeof key === 'string')) return keys
  throw new JmespathError('the values to sort by are neither all numbers nor all texts')
}

function sortBy(list: readonly unknown[], reference: Reference): readonly unknown[] {
  const keys = keysOf(list, reference)
  return list
    .map((item, index) => ({ item, key: keys[index] ?? 0 }))
    .toSorted((a, b) => compareKeys(a.key, b.key))
    .map(({ item }) => item)
}

function extremeBy(list: readonly unknown[], reference: Reference, direction: 1 | -1): unknown {
  const keys = keysOf(list, reference)
  const best = extreme([...keys.keys()], (index) => keys[index] ?? 0, direction)
  return best === null ? null : list[best]
}

/** The first of the largest or smallest; null of none. */
function extreme<T>(list: readonly T[], keyOf: (item: T) => Key, direction: 1 | -1): T | null {
  let best: T | null = null
  for (const item of list) if (best === null || compareKeys(keyOf(item), keyOf(best)) * direction > 0) best = item
  return best
}
