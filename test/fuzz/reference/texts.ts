import { isUtf8 } from 'node:buffer'

import { byBytes, Refused } from './read-page.ts'

/** From one character a byte to text. @throws Refused when it is not UTF-8. */
export function utf8(latin1: string, what: string): string {
  const bytes = Buffer.from(latin1, 'latin1')
  if (!isUtf8(bytes)) throw new Refused(`${what} is not UTF-8`)
  return bytes.toString('utf8')
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\\\\', '\\'],
  ['\\"', '"'],
  ['\\n', '\n'],
])

/** Escapes of label names and values; an unknown one stands for itself. */
export const unescape = (text: string): string => text.replaceAll(/\\[\\"n]/g, (escape) => ESCAPES.get(escape) ?? escape)

/** HELP of the text format escapes no quotes. */
export const unescapeHelp = (text: string): string => text.replaceAll(/\\[\\n]/g, (escape) => ESCAPES.get(escape) ?? escape)

/** Decimal numbers, infinities and NaN as Go reads them. @throws Refused */
export function number(text: string): number {
  if (/^[+-]?(?:inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (/^nan$/i.test(text)) return Number.NaN
  const value = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) throw new Refused(`expected a number, found ${text}`)
  return value
}

/** Seconds as whole milliseconds. @throws Refused */
export function milliseconds(text: string): number {
  const seconds = number(text)
  if (!Number.isFinite(seconds)) throw new Refused(`expected a time, found ${text}`)
  return clamped(seconds * 1000)
}

/** Whole milliseconds; what is no 64-bit integer is the nearest that a double can hold. */
export const clamped = (ms: number): number => (ms >= 2 ** 63 ? 2 ** 63 - 1024 : ms <= -(2 ** 63) ? -(2 ** 63) : Math.trunc(ms))

/** The labels of a series, checked as a whole. @throws Refused */
export function seriesLabels(pairs: readonly (readonly [string, string])[], type: string): [string, string][] {
  const labels = pairs.map(([name, value]): [string, string] => [unescape(utf8(name, 'a name')), unescape(utf8(value, 'a label value'))])
  if (labels.some(([name]) => name === '')) throw new Refused('a name is empty')
  if (new Set(labels.map(([name]) => name)).size < labels.length) throw new Refused('a label stands twice')
  if (labels.some(([name, value]) => name === '__name__' && value === '')) throw new Refused('the metric name is empty')
  const floatLabel = type === 'histogram' ? 'le' : type === 'summary' ? 'quantile' : undefined
  return labels.map(([name, value]): [string, string] => [name, name === floatLabel ? openMetricsNumber(value) : value]).toSorted(byBytes)
}

/** A bucket's or quantile's number in OpenMetrics' canonical form; what is no number stays. */
export function openMetricsNumber(text: string): string {
  const value = labelNumber(text)
  if (value === undefined) return text
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf'
  if (Object.is(value, -0)) return '0.0'
  const exponential = value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  const power = Number(exponential.slice(exponential.indexOf('e') + 1))
  const plain = String(value)
  return power < -4 || power >= 6 ? exponential : plain.includes('.') ? plain : `${plain}.0`
}

/** Go's strconv.ParseFloat, which takes underscores between digits and hexadecimal too. */
function labelNumber(text: string): number | undefined {
  const joined = text.replaceAll(/(?<=[0-9])_(?=[0-9])|(?<=[0-9a-fx])_(?=[0-9a-f])(?=.*p)/gi, '')
  const hexadecimal = /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)p([+-]?[0-9]+)$/i.exec(joined)
  try {
    if (hexadecimal === null) return number(joined)
    const [, sign, whole = '', fraction = '', power] = hexadecimal
    if (whole + fraction === '') return undefined
    const value = Number.parseInt(whole + fraction, 16) * 2 ** (Number(power) - 4 * fraction.length)
    return Number.isFinite(value) ? (sign === '-' ? -value : value) : undefined
  } catch {
    return undefined
  }
}

/** An exemplar's labels; undefined when no store would take them. */
export function exemplarLabels(pairs: readonly (readonly [string, string])[]): [string, string][] | undefined {
  try {
    const labels = seriesLabels(pairs, '')
    const characters = labels.reduce((sum, [name, value]) => sum + Array.from(name + value).length, 0)
    return characters > 128 ? undefined : labels.filter(([, value]) => value !== '')
  } catch (error) {
    if (error instanceof Refused) return undefined
    throw error
  }
}
