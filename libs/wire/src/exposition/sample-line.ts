import { ExpositionError } from './exposition-error.ts'
import { parseFloatText, readShortFloat } from './float.ts'
import { labelsEnd, metricNameEnd, type SeriesDialect, skipBlanks, startsMetricName } from './series-text.ts'

/** The end of the series text that starts at `at`: after the name, or after the closing brace. */
export function seriesEnd(body: Buffer, at: number, dialect: SeriesDialect): number {
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
