import { FUNCTIONS, type Reference } from './functions.ts'
import { fieldOf, isArray, isEqual, isObject, isTrue, JmespathError, objectOf, typeOf } from './json-value.ts'

/** A compiled expression: a value of JSON in, one out; null when there is nothing. */
export type Evaluate = (value: unknown) => unknown

/** An argument of a function: an expression for its value, or one that is handed over. */
export type Argument = { readonly evaluate: Evaluate; readonly isReference: boolean }

export const same: Evaluate = (value) => value ?? null
export const field =
  (key: string): Evaluate =>
  (value) =>
    fieldOf(value, key)
export const chain =
  (left: Evaluate, right: Evaluate): Evaluate =>
  (value) =>
    right(left(value))
export const index =
  (at: number): Evaluate =>
  (value) =>
    isArray(value) ? (value.at(at) ?? null) : null

/** A step of 0 is refused before. */
export function slice(start: number | undefined, stop: number | undefined, step: number): Evaluate {
  return (value) => {
    if (!isArray(value)) return null
    const { length } = value
    const bound = (at: number, least: number, most: number): number => Math.min(Math.max(at < 0 ? at + length : at, least), most)
    const [least, most] = step > 0 ? [0, length] : [-1, length - 1]
    const from = start === undefined ? (step > 0 ? 0 : length - 1) : bound(start, least, most)
    const to = stop === undefined ? (step > 0 ? length : -1) : bound(stop, least, most)
    const found: unknown[] = []
    for (let at = from; step > 0 ? at < to : at > to; at += step) found.push(value[at])
    return found
  }
}

/** Applies `right` to every item of a list, leaving out what is null. */
export function projection(left: Evaluate, right: Evaluate): Evaluate {
  return (value) => {
    const list = left(value)
    return isArray(list) ? list.map(right).filter((one) => one !== null) : null
  }
}

export const objectValues: Evaluate = (value) => (isObject(value) ? Object.keys(value).map((key) => fieldOf(value, key)) : null)

export const flatten: Evaluate = (value) => (isArray(value) ? value.flatMap((one) => (isArray(one) ? one : [one])) : null)

export const filter = (condition: Evaluate): Evaluate => {
  return (value) => (isArray(value) ? value.filter((one) => isTrue(condition(one))) : null)
}

export const not =
  (one: Evaluate): Evaluate =>
  (value) =>
    !isTrue(one(value))
export const or = (left: Evaluate, right: Evaluate): Evaluate => {
  return (value) => {
    const found = left(value)
    return isTrue(found) ? found : right(value)
  }
}
export const and = (left: Evaluate, right: Evaluate): Evaluate => {
  return (value) => {
    const found = left(value)
    return isTrue(found) ? right(value) : found
  }
}

/** Only numbers have an order; else null. */
export function compare(operator: string, left: Evaluate, right: Evaluate): Evaluate {
  return (value) => {
    const [a, b] = [left(value), right(value)]
    if (operator === '==') return isEqual(a, b)
    if (operator === '!=') return !isEqual(a, b)
    if (typeof a !== 'number' || typeof b !== 'number') return null
    if (operator === '<') return a < b
    if (operator === '<=') return a <= b
    return operator === '>' ? a > b : a >= b
  }
}

export const multiSelectList = (items: readonly Evaluate[]): Evaluate => {
  return (value) => (value === null || value === undefined ? null : items.map((item) => item(value)))
}
export const multiSelectHash = (items: readonly (readonly [key: string, item: Evaluate])[]): Evaluate => {
  return (value) => (value === null || value === undefined ? null : objectOf(items.map(([key, item]) => [key, item(value)] as const)))
}

/**
 * Calls a function of {@link FUNCTIONS}.
 *
 * @throws Error at once for a name or a number of arguments that there is not; JmespathError when it runs, for a value of a wrong type.
 */
export function call(name: string, args: readonly Argument[]): Evaluate {
  const found = FUNCTIONS.get(name)
  if (found === undefined) throw new Error(`unknown function ${name} (known: ${[...FUNCTIONS.keys()].join(', ')})`)
  const repeats = found.takes.at(-1) === '...'
  const least = repeats ? found.takes.length - 1 : found.takes.length
  if (args.length < least || (!repeats && args.length > least)) throw new Error(`${name} takes ${least} arguments, found ${args.length}`)
  const expected = args.map((_, at) => (repeats ? (found.takes[Math.min(at, least - 1)] ?? 'any') : (found.takes[at] ?? 'any')))
  return (value) => {
    const values = args.map(({ evaluate, isReference }, at) => {
      const given: unknown = isReference ? ({ apply: evaluate } satisfies Reference) : evaluate(value)
      const types = (expected[at] ?? 'any').split('|')
      if (!types.some((type) => isOfType(given, type, isReference))) throw new JmespathError(`${name}: expected ${types.join(' or ')}`)
      return given
    })
    return found.call(...values)
  }
}

function isOfType(value: unknown, type: string, isReference: boolean): boolean {
  if (type === 'reference' || isReference) return type === 'reference' && isReference
  if (type === 'any') return true
  if (type === 'numbers') return isArray(value) && value.every((one) => typeof one === 'number')
  if (type === 'strings') return isArray(value) && value.every((one) => typeof one === 'string')
  return typeOf(value) === type
}
