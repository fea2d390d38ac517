import { setImmediate as turn } from 'node:timers/promises'

import type { Labels } from '@clymene/model'

import type { Database } from './database.ts'
import { compileMatchers, QueryError, type LabelMatcher } from './matchers.ts'
import { readLabelsText } from './series-table.ts'
import type { Stream, StreamTable } from './stream-table.ts'

export type LogQuery = {
  readonly matchers?: readonly LabelMatcher[] | undefined
  /** Both ends belong to it. */
  readonly fromNs?: bigint | undefined
  readonly toNs?: bigint | undefined
  /** Only lines with this text in them, upper and lower case alike. */
  readonly text?: string | undefined
  readonly limit?: number | undefined
  /** `cursor` of the last line of the page before: goes on with older ones. */
  readonly before?: string | undefined
}

export type FoundLine = {
  readonly timestampNs: bigint
  readonly labels: Labels
  readonly line: string
  readonly metadata?: Labels
  readonly cursor: string
}

export const MAX_LINES = 5_000
const DEFAULT_LINES = 200
/** Rows looked at between two turns of the event loop: about 5 ms. */
const ROWS_A_TURN = 2_000
/** Up to so many streams each is read by its own index; for more, all lines are looked at by time. */
const FEW_STREAMS = 16

/** Where the search stands: lines at or before this time and, within it, with a smaller row. */
type Place = { readonly timeNs: bigint; readonly row: bigint }
type Row = {
  readonly id: bigint
  readonly stream: bigint
  readonly time_ns: bigint
  readonly text: string
  readonly metadata: string | null
}

export type LogSearch = (query: LogQuery, signal?: AbortSignal) => Promise<readonly FoundLine[]>

/** Finds log lines, newest first. @throws (the search) QueryError when the query is malformed. */
export function createLogSearch({ db }: Database, streams: StreamTable): LogSearch {
  const columns = 'SELECT id, stream, time_ns, text, metadata FROM line'
  const older = '(time_ns < ?1 OR (time_ns = ?1 AND id < ?2)) AND time_ns <= ?1 AND time_ns >= ?3 ORDER BY time_ns DESC, id DESC LIMIT ?4'
  const byTime = db.prepare(`${columns} INDEXED BY line_by_age WHERE ${older}`)
  const byStream = db.prepare(`${columns} INDEXED BY line_of_stream WHERE stream = ?5 AND ${older}`)
  for (const statement of [byTime, byStream]) statement.setReadBigInts(true)

  return async (query, signal) => {
    const { fromNs = -(2n ** 63n), limit = DEFAULT_LINES } = query
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LINES)
      throw new QueryError(`expected a limit from 1 to ${MAX_LINES}, found ${limit}`)
    const start = startOf(query)
    const matches = compileMatchers(query.matchers ?? [])
    const wanted = new Map([...streams.all()].filter(({ labels }) => matches(labels)).map((stream) => [BigInt(stream.id), stream]))
    const needle = query.text?.toLowerCase() ?? ''
    const fits = ({ stream, text }: Row): boolean => wanted.has(stream) && (needle === '' || text.toLowerCase().includes(needle))

    /** One reader's next rows that fit, and where it goes on. */
    const read = (place: Place, stream: bigint | undefined): { readonly rows: readonly Row[]; readonly next: Place | undefined } => {
      const values = [place.timeNs, place.row, fromNs, ROWS_A_TURN] as const
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns of the statement, typed by the STRICT table
      const rows = (stream === undefined ? byTime.all(...values) : byStream.all(...values, stream)) as Row[]
      const last = rows.at(-1)
      return {
        rows: rows.filter(fits),
        next: last === undefined || rows.length < ROWS_A_TURN ? undefined : { timeNs: last.time_ns, row: last.id },
      }
    }

    const searchOne = async (stream: bigint | undefined): Promise<readonly Row[]> => {
      const found: Row[] = []
      for (let place: Place | undefined = start; place !== undefined && found.length < limit;) {
        const { rows, next }: ReturnType<typeof read> = read(place, stream)
        for (const row of rows) found.push(row)
        place = next
        await turn(undefined, signal === undefined ? {} : { signal })
      }
      return found.slice(0, limit)
    }

    if (wanted.size === 0) return []
    const few = wanted.size <= FEW_STREAMS && wanted.size < streams.size()
    const found: Row[] = []
    for (const stream of few ? wanted.keys() : [undefined]) for (const row of await searchOne(stream)) found.push(row)
    return found
      .toSorted(newestFirst)
      .slice(0, limit)
      .map((row) => foundLine(row, wanted))
  }
}

function startOf({ toNs = 2n ** 63n - 1n, before }: LogQuery): Place {
  if (before === undefined) return { timeNs: toNs, row: 2n ** 63n - 1n }
  const match = /^(-?\d{1,19})-(\d{1,19})$/.exec(before)
  if (match === null) throw new QueryError(`before: expected the cursor of a line, found "${before.slice(0, 64)}"`)
  const place = { timeNs: BigInt.asIntN(64, BigInt(match[1] ?? 0)), row: BigInt.asIntN(64, BigInt(match[2] ?? 0)) }
  return place.timeNs <= toNs ? place : { timeNs: toNs, row: 2n ** 63n - 1n }
}

const newestFirst = (a: Row, b: Row): number => (a.time_ns === b.time_ns ? Number(b.id - a.id) : a.time_ns < b.time_ns ? 1 : -1)

const NO_LABELS: Labels = []

function foundLine({ id, stream, time_ns: timestampNs, text, metadata }: Row, wanted: ReadonlyMap<bigint, Stream>): FoundLine {
  return {
    timestampNs,
    labels: wanted.get(stream)?.labels ?? NO_LABELS,
    line: text,
    ...(metadata === null ? {} : { metadata: readLabelsText(metadata) }),
    cursor: `${timestampNs}-${id}`,
  }
}
