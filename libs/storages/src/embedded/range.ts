import { setImmediate as turn } from 'node:timers/promises'

import type { Labels } from '@clymene/model'

import type { ChunkRows } from './chunk-rows.ts'
import { firstTime, lastTime } from './columns.ts'
import { AGGREGATES, createCombination, type Aggregate, type Combination } from './combine.ts'
import { evaluate, type Point, type SeriesFunction } from './evaluate.ts'
import { compileMatchers, QueryError, type LabelMatcher } from './matchers.ts'
import { decodeChunk, type SampleColumns } from './sample-chunk.ts'
import { labelsText, type Series, type SeriesTable } from './series-table.ts'

export type RangeQuery = {
  readonly name: string
  readonly matchers?: readonly LabelMatcher[] | undefined
  readonly fromMs: number
  readonly toMs: number
  /** Distance of the points; not used by raw. */
  readonly stepMs: number
  /** `raw`: every sample. `last`: the newest sample of the window before each step. `rate`: per-second increase of a counter over it. */
  readonly fn: SeriesFunction
  /** How far a step looks back. Default: five minutes for last, four steps but at least a minute for rate. */
  readonly windowMs?: number | undefined
  /** Adds the series up by these labels; [] makes one. Without it every series stays. Not for raw. */
  readonly by?: readonly string[] | undefined
  /** How series of a group become one; default sum. */
  readonly aggregate?: Aggregate | undefined
}

export type RangeSeries = { readonly labels: Labels; readonly points: readonly Point[] }

/** What one query may take: it is answered by the process that also writes. */
export type RangeLimits = { readonly maxSeries: number; readonly maxPoints: number }
export const RANGE_LIMITS: RangeLimits = { maxSeries: 2_000, maxPoints: 500_000 }

/** Samples and points made between two turns of the event loop: about 10 ms. */
const SAMPLES_A_TURN = 50_000

/**
 * Answers a range query, series sorted by their labels; a series without a point is left out.
 *
 * @throws QueryError when it is malformed or asks for more than the limits.
 */
export async function queryRange(
  table: SeriesTable,
  chunks: ChunkRows,
  query: RangeQuery,
  limits: RangeLimits,
  signal: AbortSignal | undefined,
): Promise<readonly RangeSeries[]> {
  checkQuery(query, limits)
  const selected = selectSeries(table, query.name, query.matchers ?? [])
  if (selected.length > limits.maxSeries) {
    throw new QueryError(`${query.name}: ${selected.length} series, one query may read ${limits.maxSeries}: add matchers`)
  }
  const windowMs = query.windowMs ?? (query.fn === 'rate' ? Math.max(60_000, 4 * query.stepMs) : 300_000)
  const steps = Math.floor((query.toMs - query.fromMs) / query.stepMs) + 1
  const groups = new Map<string, Group>()
  let points = 0
  let samples = 0
  for (const series of selected) {
    const columns = readColumns(chunks, series, query.fn === 'raw' ? query.fromMs : query.fromMs - windowMs, query.toMs)
    const result = evaluate(columns, { ...query, windowMs })
    points += result.length
    if (points > limits.maxPoints) {
      throw new QueryError(`${query.name}: over ${limits.maxPoints} points: ask for a shorter time, longer steps or fewer series`)
    }
    if (result.length > 0) groupOf(groups, series, query, steps).add(result)
    samples += columns.reduce((sum, { count }) => sum + count, result.length)
    if (samples < SAMPLES_A_TURN) continue
    samples = 0
    await turn(undefined, signal === undefined ? {} : { signal })
  }
  signal?.throwIfAborted()
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => ({ labels: group.labels, points: group.points() }))
}

type Group = Combination & { readonly labels: Labels }

/** Where the points of a series go: a group of those that agree in the labels of `by`, or, without it, one of its own. */
function groupOf(groups: Map<string, Group>, series: Series, { by, aggregate = 'sum', fromMs, stepMs }: RangeQuery, steps: number): Group {
  const labels = by === undefined ? series.labels : series.labels.filter(([name]) => by.includes(name))
  const key = labelsText(labels)
  let group = groups.get(key)
  if (group === undefined) {
    group = { labels, ...(by === undefined ? alone() : createCombination(aggregate, fromMs, stepMs, steps)) }
    groups.set(key, group)
  }
  return group
}

function alone(): Combination {
  let only: readonly Point[] = []
  return {
    add: (points) => {
      only = points
    },
    points: () => only,
  }
}

function checkQuery({ name, fromMs, toMs, stepMs, fn, by, windowMs, aggregate = 'sum' }: RangeQuery, { maxPoints }: RangeLimits): void {
  const mistakes = [
    name === '' ? 'name is empty' : '',
    Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs <= toMs ? '' : `expected fromMs ≤ toMs, found ${fromMs} and ${toMs}`,
    fn === 'raw' || stepMs >= 1 ? '' : `expected stepMs of at least 1, found ${stepMs}`,
    fn === 'raw' || (toMs - fromMs) / stepMs < maxPoints ? '' : `over ${maxPoints} steps`,
    ['raw', 'last', 'rate'].includes(fn) ? '' : `expected fn raw, last or rate, found ${fn}`,
    AGGREGATES.includes(aggregate) ? '' : `expected aggregate ${AGGREGATES.join(', ')}, found ${aggregate}`,
    by !== undefined && fn === 'raw' ? 'raw samples cannot be added up: use last or rate' : '',
    windowMs === undefined || windowMs > 0 ? '' : `expected windowMs over 0, found ${windowMs}`,
  ].filter((mistake) => mistake !== '')
  if (mistakes.length > 0) throw new QueryError(mistakes.join('; '))
}

/** Series of a metric name, or of all, that match. */
export function selectSeries(table: SeriesTable, name: string | undefined, matchers: readonly LabelMatcher[]): readonly Series[] {
  const matches = compileMatchers(matchers)
  return [...table.named(name)].filter(({ labels }) => matches(labels))
}

/** Packed rows and the open chunk, in order of time. */
export function readColumns(chunks: ChunkRows, series: Series, fromMs: number, toMs: number): readonly SampleColumns[] {
  const columns = chunks
    .between(series.id, fromMs, toMs)
    .filter(({ id }) => id !== series.openRow)
    .map(({ samples }) => decodeChunk(samples))
  const { open } = series
  return open.count > 0 && firstTime(open) <= toMs && lastTime(open) >= fromMs ? [...columns, open] : columns
}
