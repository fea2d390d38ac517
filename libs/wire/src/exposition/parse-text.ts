import { isUtf8 } from 'node:buffer'

import { ExpositionError } from './exposition-error.ts'
import { readFloat, seriesEnd, wholeMilliseconds } from './sample-line.ts'
import { metricNameEnd, quotedEnd, type SeriesDialect, skipBlanks, startsMetricName } from './series-text.ts'
import type { ExpositionVisitor } from './visitor.ts'

const DIALECT: SeriesDialect = { blanks: true, commas: false, lineBreaks: true, quotedName: true }
const TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped'])
/** An int64 has at most this many digits. */
const INT64_MAX = 2n ** 63n - 1n

/**
 * The Prometheus text format, with what Prometheus' own reader takes beyond its description: blanks around tokens, labels
 * without commas, raw line breaks in label values, a last line without line break. A NUL at the start of a line ends the page.
 *
 * Three oddities of that reader are left out, as each would make wrong series or none of a page that is otherwise good: blanks
 * before a name becoming part of it, a NUL in a comment that begins without a blank ending the page, and a NUL beside a token being
 * read over (after a label value its closing quote then becomes part of the value).
 *
 *     line   = [ sample | "# HELP" name text | "# TYPE" name type | "#" comment ] LF
 *     sample = series number [ milliseconds ]
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function parseText(body: Buffer, visit: ExpositionVisitor): void {
  let at = 0
  while (at < body.length) {
    const start = skipBlanks(body, at)
    const first = body[start]
    if (first === undefined || first === 0) return
    if (first === 0x0a) at = start + 1
    else if (first === 0x23) at = commentEnd(body, start, visit)
    else at = sampleEnd(body, start, visit)
  }
}

function sampleEnd(body: Buffer, start: number, visit: ExpositionVisitor): number {
  const end = seriesEnd(body, start, DIALECT, visit)
  const valueStart = skipBlanks(body, end)
  let at = valueStart
  for (; at < body.length; at++) {
    const byte = body[at]!
    if (byte <= 0x20 ? byte === 0x20 || byte === 0x0a || byte === 0x09 : byte === 0x7b) break
  }
  if (at === valueStart) throw new ExpositionError('expected a value after the series', body, at)
  const value = readFloat(body, valueStart, at, 'value')
  at = skipBlanks(body, at)
  let timestamp: number | undefined
  if (at < body.length && body[at] !== 0x0a) {
    const timestampStart = at
    while (isDigit(body[at])) at++
    timestamp = readTimestamp(body, timestampStart, at)
    at = skipBlanks(body, at)
    if (at < body.length && body[at] !== 0x0a) throw new ExpositionError('expected the end of the line after the timestamp', body, at)
  }
  visit.sample(start, end, value, timestamp)
  return at + 1
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39

function readTimestamp(body: Buffer, start: number, end: number): number {
  if (start === end) throw new ExpositionError('expected milliseconds or the end of the line after the value', body, start)
  const text = body.toString('latin1', start, end)
  if (text.length > 15 && BigInt(text) > INT64_MAX) throw new ExpositionError('the timestamp is over 64 bits', body, start)
  return wholeMilliseconds(Number(text))
}

/** HELP and TYPE are read when a blank follows the word, all else after `#` is a comment. */
function commentEnd(body: Buffer, start: number, visit: ExpositionVisitor): number {
  const lineBreak = body.indexOf(0x0a, start)
  const wordStart = skipBlanks(body, start + 1)
  const kind = wordStart === start + 1 ? undefined : metadataKind(body, wordStart)
  if (kind === undefined) return lineBreak < 0 ? body.length : lineBreak + 1

  const item = skipBlanks(body, wordStart + 4)
  const quoted = body[item] === 0x22
  if (!quoted && !startsMetricName(body[item])) throw new ExpositionError('expected a metric name', body, item)
  const itemEnd = quoted ? quotedEnd(body, item, true, false) : metricNameEnd(body, item)
  if (body[itemEnd] === 0) throw new ExpositionError('expected a blank after the metric name', body, itemEnd)
  const found = body.indexOf(0x0a, itemEnd)
  const end = found < 0 ? body.length : found
  // The byte after the name is the separator, whatever it is; a text of blanks alone is none.
  const textStart = skipBlanks(body, itemEnd) >= end ? end : Math.min(itemEnd + 1, end)
  if (kind === 'type') {
    const type = body.toString('latin1', textStart, end)
    if (!TYPES.has(type)) throw new ExpositionError(`expected one of ${[...TYPES].join(', ')}`, body, textStart)
  } else if (!isUtf8(body.subarray(textStart, end))) throw new ExpositionError('the help text is not UTF-8', body, textStart)
  visit.metadata?.(kind, quoted ? item + 1 : item, quoted ? itemEnd - 1 : itemEnd, textStart, end)
  return end + 1
}

function metadataKind(body: Buffer, at: number): 'help' | 'type' | undefined {
  const separator = body[at + 4]
  if (separator !== 0x20 && separator !== 0x09) return undefined
  const word = body.toString('latin1', at, at + 4)
  return word === 'HELP' ? 'help' : word === 'TYPE' ? 'type' : undefined
}
