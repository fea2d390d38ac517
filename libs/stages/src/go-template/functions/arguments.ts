import { isList, isMap, kindOf, print, TemplateError, type Value } from '../value.ts'

/**
 * A function that templates can call.
 *
 * @param limit longest text that it may make, in UTF-16 units; checked again by the caller, so only what grows quickly looks at it.
 * @throws TemplateError for arguments that it does not take.
 */
export type TemplateFunction = (args: readonly Value[], limit: number) => Value

export type NamedFunction = readonly [name: string, call: TemplateFunction]

/** A function with a fixed number of arguments, or at least so many. */
export function fixed(name: string, count: number, call: TemplateFunction): NamedFunction {
  return [
    name,
    (args, limit) => {
      if (args.length !== count) throw new TemplateError(`${name}: takes ${count} arguments, found ${args.length}`)
      return call(args, limit)
    },
  ]
}

export function atLeast(name: string, count: number, call: TemplateFunction): NamedFunction {
  return [
    name,
    (args, limit) => {
      if (args.length < count) throw new TemplateError(`${name}: takes at least ${count} arguments, found ${args.length}`)
      return call(args, limit)
    },
  ]
}

/** Functions of texts alone. */
export const ofTexts = (name: string, count: number, call: (...texts: string[]) => Value): NamedFunction =>
  fixed(name, count, (args) => call(...args.map(textOf)))

/** A text where Go wants a string: nothing else is converted. */
export function textOf(value: Value): string {
  if (typeof value === 'string') return value
  throw new TemplateError(`expected text, found ${kindOf(value)}`)
}

/** Any value as text, as sprig has it. */
export const anyText = (value: Value): string => (value === undefined ? '<nil>' : print(value))

/** A whole number where Go wants an int. */
export function countOf(value: Value): number {
  if (typeof value === 'bigint' && value >= -MAX_INT && value <= MAX_INT) return Number(value)
  throw new TemplateError(`expected a whole number, found ${kindOf(value)}`)
}

const MAX_INT = BigInt(Number.MAX_SAFE_INTEGER)

export function listOf(value: Value): readonly Value[] {
  if (isList(value)) return value
  throw new TemplateError(`expected a list, found ${kindOf(value)}`)
}

export function mapOf(value: Value): ReadonlyMap<string, Value> {
  if (isMap(value)) return value
  throw new TemplateError(`expected a map, found ${kindOf(value)}`)
}

/** Repeats within the limit, before anything that long is made. */
export function repeated(text: string, times: number, limit: number): string {
  if (times < 0 || text.length * times > limit) throw new TemplateError(`longer than ${limit} characters`)
  return text.repeat(times)
}
