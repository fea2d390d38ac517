import { isList, isMap, isTrue, TemplateError, type Value } from '../value.ts'
import { anyText, atLeast, countOf, fixed, listOf, type NamedFunction, ofTexts, textOf } from './arguments.ts'
import { compareTexts } from './compare.ts'

/** Functions of sprig on lists. */
export const LIST_FUNCTIONS: readonly NamedFunction[] = [
  ['list', (args) => args],
  ['tuple', (args) => args],
  fixed('first', 1, ([list]) => listOf(list)[0]),
  fixed('last', 1, ([list]) => listOf(list).at(-1)),
  fixed('rest', 1, ([list]) => listOf(list).slice(1)),
  fixed('initial', 1, ([list]) => listOf(list).slice(0, -1)),
  fixed('append', 2, ([list, value]) => [...listOf(list), value]),
  fixed('push', 2, ([list, value]) => [...listOf(list), value]),
  fixed('prepend', 2, ([list, value]) => [value, ...listOf(list)]),
  ['concat', (args) => args.flatMap(listOf)],
  fixed('reverse', 1, ([list]) => listOf(list).toReversed()),
  fixed('compact', 1, ([list]) => listOf(list).filter(isTrue)),
  fixed('uniq', 1, ([list]) => unique(listOf(list))),
  fixed('has', 2, ([needle, list]) => list !== undefined && listOf(list).some((one) => same(one, needle))),
  atLeast('without', 1, ([list, ...out]) => listOf(list).filter((one) => !out.some((other) => same(one, other)))),
  fixed('sortAlpha', 1, ([list]) => texts(list).toSorted(compareTexts)),
  fixed('toStrings', 1, ([list]) => texts(list)),
  fixed('join', 2, ([separator, list], limit) => join(textOf(separator), texts(list), limit)),
  fixed('chunk', 2, ([size, list]) => chunks(listOf(list), countOf(size))),
  atLeast('slice', 1, ([list, from, to]) => sliceOf(listOf(list), from, to)),
  ofTexts('splitList', 2, (separator = '', text = '') => split(text, separator)),
  ofTexts('split', 2, (separator = '', text = '') => numbered(split(text, separator))),
  fixed('splitn', 3, ([separator, count, text]) => numbered(splitN(textOf(text), textOf(separator), countOf(count)))),
]

/** Only lists and maps have to be compared one by one. */
function unique(list: readonly Value[]): readonly Value[] {
  const seen = new Set<Value>()
  const nested: Value[] = []
  return list.filter((one) => {
    const isNested = isList(one) || isMap(one)
    if (isNested ? nested.some((other) => same(one, other)) : seen.has(one)) return false
    if (isNested) nested.push(one)
    else seen.add(one)
    return true
  })
}

const split = (text: string, separator: string): readonly string[] => (separator === '' ? Array.from(text) : text.split(separator))

function splitN(text: string, separator: string, count: number): readonly string[] {
  if (count === 0) return []
  const parts = split(text, separator)
  return count < 0 || parts.length <= count ? parts : [...parts.slice(0, count - 1), parts.slice(count - 1).join(separator)]
}

/** `_0`, `_1`, …: a template can name fields, not positions. */
const numbered = (parts: readonly string[]): Value => new Map(parts.map((part, index) => [`_${index}`, part]))

function join(separator: string, parts: readonly string[], limit: number): string {
  const length = parts.reduce((sum, part) => sum + part.length + separator.length, 0)
  if (length > limit + separator.length) throw new TemplateError(`join: longer than ${limit} characters`)
  return parts.join(separator)
}

function sliceOf(list: readonly Value[], from: Value, to: Value): readonly Value[] {
  const start = from === undefined ? 0 : countOf(from)
  const end = to === undefined ? list.length : countOf(to)
  if (start < 0 || end > list.length || start > end) throw new TemplateError('slice: out of range')
  return list.slice(start, end)
}

function chunks(list: readonly Value[], size: number): readonly Value[] {
  if (size < 1) throw new TemplateError('chunk: expected a size above 0')
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size))
}

/** Of a list its items without nil, of anything else the one. */
const texts = (value: Value): readonly string[] =>
  isList(value) ? value.filter((one) => one !== undefined).map(anyText) : value === undefined ? [] : [anyText(value)]

/** Deeply equal, as sprig compares. */
export function same(a: Value, b: Value): boolean {
  if (isList(a)) return isList(b) && a.length === b.length && a.every((one, index) => same(one, b[index]))
  if (isMap(a)) return isMap(b) && a.size === b.size && [...a].every(([key, one]) => b.has(key) && same(one, b.get(key)))
  return a === b
}
