import { isMap, TemplateError, type Value } from '../value.ts'
import { anyText, atLeast, fixed, mapOf, type NamedFunction, textOf } from './arguments.ts'

/** Functions of sprig on maps. `set` and `unset` are not offered: values do not change. */
export const MAP_FUNCTIONS: readonly NamedFunction[] = [
  ['dict', (args) => new Map(pairs(args))],
  fixed('get', 2, ([map, key]) => mapOf(map).get(textOf(key)) ?? ''),
  fixed('hasKey', 2, ([map, key]) => mapOf(map).has(textOf(key))),
  ['keys', (args) => args.flatMap((map) => [...mapOf(map).keys()])],
  fixed('values', 1, ([map]) => [...mapOf(map).values()]),
  atLeast('pick', 1, ([map, ...keys]) => filtered(map, (key) => keys.includes(key))),
  atLeast('omit', 1, ([map, ...keys]) => filtered(map, (key) => !keys.includes(key))),
  atLeast('merge', 1, (args) => new Map(args.toReversed().flatMap((map) => [...mapOf(map)]))),
  atLeast('mergeOverwrite', 1, (args) => new Map(args.flatMap((map) => [...mapOf(map)]))),
  atLeast('pluck', 1, ([key, ...maps]) => {
    const name = textOf(key)
    return maps.map(mapOf).flatMap((map) => (map.has(name) ? [map.get(name)] : []))
  }),
  atLeast('dig', 3, dig),
]

function pairs(args: readonly Value[]): (readonly [string, Value])[] {
  return args.flatMap((key, index) => (index % 2 === 0 ? [[anyText(key), index + 1 < args.length ? args[index + 1] : ''] as const] : []))
}

const filtered = (map: Value, keep: (key: string) => boolean): Value => new Map([...mapOf(map)].filter(([key]) => keep(key)))

/** `dig "a" "b" fallback map`. */
function dig(args: readonly Value[]): Value {
  const keys = args.slice(0, -2)
  let value = args.at(-1)
  for (const key of keys) {
    if (!isMap(value)) throw new TemplateError('dig: expected a map')
    if (!value.has(textOf(key))) return args.at(-2)
    value = value.get(textOf(key))
  }
  return value
}
