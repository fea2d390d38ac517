import { isUtf8 } from 'node:buffer'

import { type LabelMap, type Labels, sortedLabels } from '@clymene/model'

import { ExpositionError } from './exposition-error.ts'
import { formatFloatLabel, parseFloatLabel } from './float.ts'
import { metricNameEnd, quotedEnd, skipBlanks, startsMetricName } from './series-text.ts'

const QUOTE = 0x22

/**
 * Decodes a series that the parser has accepted: `name{label="value",…}` or `{"name",label="value",…}`.
 *
 * @param type the family's type as its TYPE line says: the `le` of a histogram and the `quantile` of a summary are written
 *   the one way Prometheus 3 does.
 * @returns the labels, `__name__` first if it stands first. A label that is exposed empty is there with '': honor_labels asks for it.
 * @throws ExpositionError when a name is empty or not UTF-8, or a label stands twice.
 */
export function parseSeries(body: Buffer, start: number, end: number, type?: string): LabelMap {
  const labels: LabelMap = new Map()
  const floatLabel = type === 'histogram' ? 'le' : type === 'summary' ? 'quantile' : undefined
  const put = (name: string, value: string, at: number): void => {
    if (labels.has(name)) throw new ExpositionError(`label ${JSON.stringify(name)} stands twice`, body, at)
    labels.set(name, value)
  }
  let at = start
  if (startsMetricName(body[at])) {
    at = metricNameEnd(body, at)
    put('__name__', body.toString('latin1', start, at), start)
    at = skipBlanks(body, at)
  }
  if (at < end) readLabels(body, at + 1, (name, value, itemAt) => put(name, name === floatLabel ? normalizeFloat(value) : value, itemAt))
  if (!labels.has('__name__')) throw new ExpositionError('the metric name is empty', body, start)
  return labels
}

/**
 * Decodes the labels of an exemplar that the parser has accepted, sorted; empty ones are left out.
 *
 * @param start of the opening brace.
 * @returns undefined where no store would take them: a name that is empty or not UTF-8, a label that stands twice, or more than 128
 *   characters of names and values together (OpenMetrics 1.0.0, "Exemplars"). The sample is good all the same.
 */
export function parseExemplarLabels(body: Buffer, start: number): Labels | undefined {
  const labels: LabelMap = new Map()
  let characters = 0
  let unique = true
  try {
    readLabels(body, start + 1, (name, value) => {
      unique &&= !labels.has(name)
      labels.set(name, value)
      characters += codePoints(name) + codePoints(value)
    })
  } catch (error) {
    if (error instanceof ExpositionError) return undefined
    throw error
  }
  return unique && characters <= MAX_EXEMPLAR_CHARACTERS ? sortedLabels(labels) : undefined
}

const MAX_EXEMPLAR_CHARACTERS = 128

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

/** @param at after the opening brace of labels that `labelsEnd` has accepted. */
function readLabels(body: Buffer, at: number, put: (name: string, value: string, at: number) => void): void {
  let next = skipBlanks(body, at)
  while (body[next] !== 0x7d) {
    const item = next
    next = body[next] === QUOTE ? quotedEnd(body, next, true, false) : metricNameEnd(body, next)
    const name = body[item] === QUOTE ? nameText(body, item + 1, next - 1) : body.toString('latin1', item, next)
    next = skipBlanks(body, next)
    if (body[next] === 0x3d) {
      const value = skipBlanks(body, next + 1)
      next = quotedEnd(body, value, true, true)
      put(name, unescape(body.toString('utf8', value + 1, next - 1)), item)
      next = skipBlanks(body, next)
    } else put('__name__', name, item)
    if (body[next] === 0x2c) next = skipBlanks(body, next + 1)
  }
}

function nameText(body: Buffer, start: number, end: number): string {
  if (start === end) throw new ExpositionError('expected a name that is not empty', body, start)
  if (!isUtf8(body.subarray(start, end))) throw new ExpositionError('the name is not UTF-8', body, start)
  return unescape(body.toString('utf8', start, end))
}

/** `\\`, `\"` and `\n`; any other backslash stands for itself. */
function unescape(text: string): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(/\\([\\"n])/g, (_, char: string) => (char === 'n' ? '\n' : char))
}

function normalizeFloat(text: string): string {
  const value = parseFloatLabel(text)
  return value === undefined ? text : formatFloatLabel(value)
}
