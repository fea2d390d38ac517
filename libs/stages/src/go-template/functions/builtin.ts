import { isList, isMap, isTrue, kindOf, printNested, TemplateError, type Value } from '../value.ts'
import { atLeast, countOf, fixed, mapOf, type NamedFunction, textOf } from './arguments.ts'
import { compareValues, equalValues } from './compare.ts'
import { printf } from './printf.ts'

/** The functions of text/template itself; `and` and `or` are part of the language. */
export const BUILTIN_FUNCTIONS: readonly NamedFunction[] = [
  // Named here so that they are known.
  atLeast('and', 1, (args) => args[0]),
  atLeast('or', 1, (args) => args[0]),
  fixed('not', 1, ([value]) => !isTrue(value)),
  atLeast('eq', 2, ([first, ...others]) => others.some((other) => equalValues(first, other))),
  fixed('ne', 2, ([a, b]) => !equalValues(a, b)),
  fixed('lt', 2, ([a, b]) => compareValues(a, b) < 0),
  fixed('le', 2, ([a, b]) => compareValues(a, b) <= 0),
  fixed('gt', 2, ([a, b]) => compareValues(a, b) > 0),
  fixed('ge', 2, ([a, b]) => compareValues(a, b) >= 0),
  fixed('len', 1, ([value]) => BigInt(lengthOf(value))),
  atLeast('index', 1, ([value, ...keys]) => keys.reduce(elementOf, value)),
  ['print', (args) => spaced(args)],
  ['println', (args) => `${args.map(printNested).join(' ')}\n`],
  atLeast('printf', 1, ([format, ...args], limit) => printf(textOf(format), args, limit)),
  ['html', (args) => spaced(args).replaceAll(/["'&<>\0]/g, (found) => HTML.get(found) ?? '')],
  [
    'js',
    (args) =>
      spaced(args)
        .toWellFormed()
        .replaceAll(/[\\'"<>&=\p{C}]/gu, jsEscape),
  ],
  ['urlquery', (args) => encodeURIComponent(spaced(args).toWellFormed()).replaceAll(/%20|[!'()*]/g, queryEscape)],
]

function lengthOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (isList(value)) return value.length
  if (isMap(value)) return value.size
  throw new TemplateError(`len of ${kindOf(value)}`)
}

function elementOf(value: Value, key: Value): Value {
  if (isMap(value)) return mapOf(value).get(textOf(key))
  const at = countOf(key)
  if (typeof value === 'string') {
    const byte = Buffer.from(value)[at]
    if (byte !== undefined) return BigInt(byte)
  } else if (!isList(value)) throw new TemplateError(`index of ${kindOf(value)}`)
  else if (at >= 0 && at < value.length) return value[at]
  throw new TemplateError(`index ${at} is out of range`)
}

/** As Go's Sprint: a space between two values of which neither is text. */
function spaced(args: readonly Value[]): string {
  let text = ''
  for (const [index, value] of args.entries()) {
    if (index > 0 && typeof value !== 'string' && typeof args[index - 1] !== 'string') text += ' '
    text += printNested(value)
  }
  return text
}

const HTML: ReadonlyMap<string, string> = new Map([
  ['"', '&#34;'],
  ["'", '&#39;'],
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['\0', '\uFFFD'],
])

function jsEscape(found: string): string {
  if (/[\\'"]/.test(found)) return `\\${found}`
  const code = found.codePointAt(0) ?? 0
  return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
}

const queryEscape = (found: string): string =>
  found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
