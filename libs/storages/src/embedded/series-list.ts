import type { Labels } from '@clymene/model'

import { isStale } from '../records/visit-write-request.ts'
import type { LabelMatcher } from './matchers.ts'
import { QueryError } from './matchers.ts'
import { selectSeries } from './range.ts'
import { newestMs, type Series, type SeriesTable } from './series-table.ts'

export type ListedSeries = {
  readonly labels: Labels
  /** Time of the newest sample, milliseconds; undefined when only its labels are left. */
  readonly lastMs: number | undefined
  /** Its value; undefined when the series has ended, or its newest sample is not in memory any more. */
  readonly lastValue: number | undefined
}

export const MAX_LISTED = 10_000

/** Series that match, at most `limit` of them, in the order in which they were first seen. @throws QueryError */
export function listSeries(table: SeriesTable, matchers: readonly LabelMatcher[], limit = 1_000): readonly ListedSeries[] {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LISTED)
    throw new QueryError(`expected a limit from 1 to ${MAX_LISTED}, found ${limit}`)
  const name = matchers.find((matcher) => matcher.name === '__name__' && matcher.op === '=')?.value
  return selectSeries(table, name, matchers).slice(0, limit).map(listed)
}

function listed(series: Series): ListedSeries {
  const lastMs = newestMs(series)
  return { labels: series.labels, lastMs: lastMs === -Infinity ? undefined : lastMs, lastValue: lastValue(series) }
}

function lastValue({ open: { count, bits } }: Series): number | undefined {
  const low = bits[2 * count - 2]
  const high = bits[2 * count - 1]
  if (low === undefined || high === undefined || isStale(low, high)) return undefined
  return new Float64Array(Uint32Array.of(low, high).buffer)[0]
}
