import { isUtf8 } from 'node:buffer'

import { ExpositionError } from './exposition-error.ts'
import { readFloat, seriesEnd, wholeMilliseconds } from './sample-line.ts'
import { labelsEnd, metricNameEnd, quotedEnd, type SeriesDialect, startsMetricName } from './series-text.ts'
import type { ExpositionVisitor, MetadataKind } from './visitor.ts'

const DIALECT: SeriesDialect = { blanks: false, commas: true, lineBreaks: false, quotedName: true }
const EXEMPLAR: SeriesDialect = { blanks: false, commas: true, lineBreaks: false, quotedName: false }
const TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset', 'unknown'])
const KINDS: ReadonlyMap<string, MetadataKind> = new Map([
  ['# HELP ', 'help'],
  ['# TYPE ', 'type'],
  ['# UNIT ', 'unit'],
])

/**
 * The OpenMetrics text format 1.0.0: one blank between tokens, no empty lines, no free comments, `# EOF` at the end.
 *
 *     sample   = series SP number [ SP seconds ] [ exemplar ] LF
 *     exemplar = SP "#" SP labels SP number [ SP seconds ]
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function parseOpenMetrics(body: Buffer, visit: ExpositionVisitor): void {
  let at = 0
  while (at < body.length) {
    if (body[at] !== 0x23) at = sampleEnd(body, at, visit)
    else if (body.toString('latin1', at, at + 5) === '# EOF') return checkNothingFollows(body, at + 5)
    else at = metadataEnd(body, at, visit)
  }
  throw new ExpositionError('expected "# EOF" as the last line', body, body.length)
}

function checkNothingFollows(body: Buffer, at: number): void {
  const end = body[at] === 0x0a ? at + 1 : at
  if (end < body.length) throw new ExpositionError('expected nothing after "# EOF"', body, end)
}

function sampleEnd(body: Buffer, start: number, visit: ExpositionVisitor): number {
  const end = seriesEnd(body, start, DIALECT, visit)
  const valueEnd = wordEnd(body, end, 'value')
  const value = readFloat(body, end + 1, valueEnd, 'value')
  let at = valueEnd
  let timestamp: number | undefined
  if (body[at] === 0x20 && !startsExemplar(body, at)) {
    const timestampEnd = wordEnd(body, at, 'timestamp')
    timestamp = readSeconds(body, at + 1, timestampEnd)
    at = timestampEnd
  }
  if (startsExemplar(body, at)) at = exemplarEnd(body, at + 3, visit)
  if (body[at] !== 0x0a) throw new ExpositionError('expected the end of the line', body, at)
  visit.sample(start, end, value, timestamp)
  return at + 1
}

/** The end of the word after the one blank that stands at `blank`. */
function wordEnd(body: Buffer, blank: number, what: string): number {
  if (body[blank] !== 0x20) throw new ExpositionError(`expected a blank and a ${what}`, body, blank)
  let at = blank + 1
  while (at < body.length && body[at] !== 0x20 && body[at] !== 0x0a) at++
  if (at === blank + 1) throw new ExpositionError(`expected a ${what}`, body, at)
  return at
}

const startsExemplar = (body: Buffer, at: number): boolean =>
  body[at] === 0x20 && body[at + 1] === 0x23 && body[at + 2] === 0x20 && body[at + 3] === 0x7b

/** @param start of the opening brace. */
function exemplarEnd(body: Buffer, start: number, visit: ExpositionVisitor): number {
  const labels = labelsEnd(body, start + 1, true, EXEMPLAR)
  const valueEnd = wordEnd(body, labels, 'value of the exemplar')
  const value = readFloat(body, labels + 1, valueEnd, 'value of the exemplar')
  let at = valueEnd
  let timestamp: number | undefined
  if (body[at] === 0x20) {
    at = wordEnd(body, valueEnd, 'timestamp of the exemplar')
    timestamp = readSeconds(body, valueEnd + 1, at)
  }
  visit.exemplar?.(start, labels, value, timestamp)
  return at
}

/** Seconds to whole milliseconds, cut as Prometheus does. */
function readSeconds(body: Buffer, start: number, end: number): number {
  const seconds = readFloat(body, start, end, 'timestamp')
  if (!Number.isFinite(seconds)) throw new ExpositionError('expected a finite timestamp', body, start)
  return wholeMilliseconds(seconds * 1000)
}

function metadataEnd(body: Buffer, start: number, visit: ExpositionVisitor): number {
  const kind = KINDS.get(body.toString('latin1', start, start + 7))
  if (kind === undefined) throw new ExpositionError('expected "# HELP ", "# TYPE ", "# UNIT " or "# EOF"', body, start)
  const item = start + 7
  const quoted = body[item] === 0x22
  if (!quoted && !startsMetricName(body[item])) throw new ExpositionError('expected a metric name', body, item)
  const itemEnd = quoted ? quotedEnd(body, item, true, false) : metricNameEnd(body, item)
  const [nameStart, nameEnd] = quoted ? [item + 1, itemEnd - 1] : [item, itemEnd]
  const end = body.indexOf(0x0a, itemEnd)
  if (body[itemEnd] !== 0x20 || end < 0) throw new ExpositionError(`expected a blank and the ${kind}`, body, itemEnd)
  const textStart = itemEnd + 1
  if (kind === 'type' && !TYPES.has(body.toString('latin1', textStart, end))) {
    throw new ExpositionError(`expected one of ${[...TYPES].join(', ')}`, body, textStart)
  }
  if (kind === 'help' && !isUtf8(body.subarray(textStart, end))) throw new ExpositionError('the help text is not UTF-8', body, textStart)
  if (kind === 'unit') checkUnit(body, nameStart, nameEnd, textStart, end)
  visit.metadata?.(kind, nameStart, nameEnd, textStart, end)
  return end + 1
}

/** A unit is the end of its family's name, after an underscore. */
function checkUnit(body: Buffer, nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
  if (textStart === textEnd) return
  const suffix = `_${body.toString('latin1', textStart, textEnd)}`
  if (!body.toString('latin1', nameStart, nameEnd).endsWith(suffix)) {
    throw new ExpositionError(
      `expected a unit that ends the name ${JSON.stringify(body.toString('utf8', nameStart, nameEnd))}`,
      body,
      textStart,
    )
  }
}
