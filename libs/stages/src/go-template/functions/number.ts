import { kindOf, TemplateError, type Value } from '../value.ts'
import { atLeast, countOf, fixed, type NamedFunction, textOf } from './arguments.ts'

/** Functions of sprig that count; texts are read as numbers, and what is none counts as 0. */
export const NUMBER_FUNCTIONS: readonly NamedFunction[] = [
  fixed('int', 1, ([value]) => toInteger(value)),
  fixed('int64', 1, ([value]) => toInteger(value)),
  fixed('atoi', 1, ([value]) => (/^[+-]?\d{1,30}$/.test(textOf(value)) ? clamped(BigInt(textOf(value))) : 0n)),
  fixed('float64', 1, ([value]) => toFloat(value)),
  fixed('toDecimal', 1, ([value]) => toInteger(typeof value === 'string' ? `0o${value}` : value)),
  ['add', (args) => wrap(args.map(toInteger).reduce((sum, one) => sum + one, 0n))],
  fixed('add1f', 1, ([value]) => toFloat(value) + 1),
  fixed('add1', 1, ([value]) => wrap(toInteger(value) + 1n)),
  fixed('sub', 2, ([a, b]) => wrap(toInteger(a) - toInteger(b))),
  atLeast('mul', 1, (args) => args.map(toInteger).reduce((product, one) => wrap(product * one), 1n)),
  fixed('div', 2, ([a, b]) => wrap(toInteger(a) / divisor(b))),
  fixed('mod', 2, ([a, b]) => toInteger(a) % divisor(b)),
  ...['max', 'biggest'].map((name) => atLeast(name, 1, (args) => args.map(toInteger).reduce((most, one) => (one > most ? one : most)))),
  atLeast('min', 1, (args) => args.map(toInteger).reduce((least, one) => (one < least ? one : least))),
  ['addf', (args) => args.map(toFloat).reduce((sum, one) => sum + one, 0)],
  atLeast('subf', 1, (args) => args.map(toFloat).reduce((rest, one) => rest - one)),
  atLeast('mulf', 1, (args) => args.map(toFloat).reduce((product, one) => product * one)),
  atLeast('divf', 1, (args) => args.map(toFloat).reduce((rest, one) => rest / one)),
  atLeast('maxf', 1, (args) => Math.max(...args.map(toFloat))),
  atLeast('minf', 1, (args) => Math.min(...args.map(toFloat))),
  fixed('ceil', 1, ([value]) => Math.ceil(toFloat(value))),
  fixed('floor', 1, ([value]) => Math.floor(toFloat(value))),
  atLeast('round', 2, ([value, places]) => round(toFloat(value), Number(toInteger(places)))),
  fixed('until', 1, ([count]) => upTo(toInteger(count))),
  fixed('untilStep', 3, ([start, stop, step]) => steps(countOf(start), countOf(stop), countOf(step))),
  ['seq', (args) => sequence(args.map(countOf))],
]

const MAX_LIST = 10_000n

function upTo(count: bigint): readonly Value[] {
  if (count > MAX_LIST) throw new TemplateError(`until: more than ${MAX_LIST}`)
  return Array.from({ length: Number(count < 0n ? -count : count) }, (_, index) => BigInt(count < 0n ? -index : index))
}

function steps(start: number, stop: number, step: number): readonly bigint[] {
  const count = stop < start === step < 0 && step !== 0 ? Math.ceil((stop - start) / step) : 0
  if (count > MAX_LIST) throw new TemplateError(`untilStep: more than ${MAX_LIST}`)
  return Array.from({ length: count }, (_, index) => BigInt(start + index * step))
}

/** `1 2 3`, up to and with the end: of `end`, `start end` or `start step end`. */
function sequence(args: readonly number[]): string {
  const [first = 0, second = 0, third = 0] = args
  if (args.length === 0 || args.length > 3) return ''
  const [start, end] = args.length === 1 ? [1, first] : [first, args.length === 2 ? second : third]
  const sign = end < start ? -1 : 1
  return steps(start, end + sign, args.length === 3 ? second : sign).join(' ')
}

/** As a whole number: of a float the part before the point, of text that is none 0. */
export function toInteger(value: Value): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return Number.isFinite(value) ? wrap(BigInt(Math.trunc(value))) : 0n
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value !== 'string') return 0n
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9]\d*)$/.exec(WITH_POINT.exec(value)?.[1] ?? value)
  if (match === null || value.length > LONGEST_INTEGER) return 0n
  const [, sign, digits = '0'] = match
  const number = BigInt(digits.replace(/^0(?=\d)/, '0o'))
  if (number > MAX) return 0n
  return sign === '-' ? -number : number
}

/** What stands behind the point does not count. */
const WITH_POINT = /^([+-]?\d*)\.\d*$/

/** Of no two ways to match a digit: a long row of them takes linear time. */
const FLOAT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
/** Sign, `0b` and 63 digits, with room for zeros. */
const LONGEST_INTEGER = 100

export function toFloat(value: Value): number {
  if (typeof value === 'string') return FLOAT.test(value) ? Number(value) : 0
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  return value === true ? 1 : 0
}

function divisor(value: Value): bigint {
  const number = toInteger(value)
  if (number === 0n) throw new TemplateError(`division by ${kindOf(value) === 'int' ? '0' : 'what counts as 0'}`)
  return number
}

function round(value: number, places: number): number {
  if (!Number.isFinite(value) || Math.abs(places) > 20) return value
  const unit = 10 ** places
  return Math.trunc(value * unit + (value < 0 ? -0.5 : 0.5)) / unit
}

const MAX = 2n ** 63n - 1n
const clamped = (value: bigint): bigint => (value > MAX ? MAX : value < -MAX - 1n ? -MAX - 1n : value)
const wrap = (value: bigint): bigint => BigInt.asIntN(64, value)
