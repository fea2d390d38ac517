import { isList, isMap, type Value } from '../value.ts'
import { fixed, type NamedFunction, textOf } from './arguments.ts'
import { same } from './list.ts'

/** Functions of sprig on what a value is. */
export const KIND_FUNCTIONS: readonly NamedFunction[] = [
  fixed('kindOf', 1, ([value]) => goKind(value)),
  fixed('kindIs', 2, ([kind, value]) => textOf(kind) === goKind(value)),
  fixed('typeOf', 1, ([value]) => goType(value)),
  fixed('typeIs', 2, ([type, value]) => textOf(type) === goType(value)),
  fixed('typeIsLike', 2, ([type, value]) => [goType(value), `*${goType(value)}`].includes(textOf(type))),
  fixed('deepEqual', 2, ([a, b]) => same(a, b)),
  // Values do not change, so a copy is the value.
  fixed('deepCopy', 1, ([value]) => value),
]

const goKind = (value: Value): string => {
  if (value === undefined) return 'invalid'
  if (isList(value)) return 'slice'
  return isMap(value) ? 'map' : goType(value)
}

/** Every list is one of anything, as `list` makes it. */
function goType(value: Value): string {
  if (value === undefined) return '<nil>'
  if (isList(value)) return '[]interface {}'
  if (isMap(value)) return 'map[string]interface {}'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'float64'
  return typeof value === 'boolean' ? 'bool' : 'string'
}
