import { ExpositionError } from './exposition-error.ts'
import { parseFloatText, readShortFloat } from './float.ts'
import { labelsEnd, metricNameEnd, type SeriesDialect, skipBlanks, startsMetricName } from './series-text.ts'
import type { ExpositionVisitor } from './visitor.ts'

/** The end of the series text that starts at `at`: after the name, or after the closing brace. */
export function seriesEnd(body: Buffer, at: number, dialect: SeriesDialect, visit: ExpositionVisitor): number {
  const known = visit.knownSeriesEnd === undefined ? -1 : visit.knownSeriesEnd(at)
  return known > 0 && endsHere(body, known, dialect) ? known : scanSeries(body, at, dialect)
}

/** The same bytes end the same way after a brace; a bare name must not go on, nor have labels here. */
function endsHere(body: Buffer, end: number, dialect: SeriesDialect): boolean {
  if (body[end - 1] === 0x7d) return true
  const next = dialect.blanks ? skipBlanks(body, end) : end
  return metricNameEnd(body, end) === end && body[next] !== 0x7b
}

function scanSeries(body: Buffer, at: number, dialect: SeriesDialect): number {
  if (body[at] === 0x7b) return labelsEnd(body, at + 1, false, dialect)
  if (!startsMetricName(body[at])) throw new ExpositionError('expected a metric name or "{"', body, at)
  const nameEnd = metricNameEnd(body, at)
  const brace = dialect.blanks ? skipBlanks(body, nameEnd) : nameEnd
  return body[brace] === 0x7b ? labelsEnd(body, brace + 1, true, dialect) : nameEnd
}

/** The number in `body[start, end)`. @throws ExpositionError */
export function readFloat(body: Buffer, start: number, end: number, what: string): number {
  const short = readShortFloat(body, start, end)
  if (!Number.isNaN(short)) return short
  const value = parseFloatText(body.toString('latin1', start, end))
  if (value === undefined) throw new ExpositionError(`expected a number as ${what}`, body, start)
  return value
}

/** The last double that is a 64-bit integer, and the first. What lies beyond is as far away: no store takes either. */
const MAX_MS = 2 ** 63 - 1024
const MIN_MS = -(2 ** 63)

/** A time as it can be written: whole milliseconds, cut, of 64 bits. */
export const wholeMilliseconds = (ms: number): number => Math.trunc(Math.min(Math.max(ms, MIN_MS), MAX_MS))
