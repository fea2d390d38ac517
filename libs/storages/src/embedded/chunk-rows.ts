import type { StatementSync } from 'node:sqlite'

import { addSample, firstTime, lastTime, sliceColumns } from './columns.ts'
import type { Database } from './database.ts'
import { decodeChunk, emptyColumns, encodeChunk, type SampleColumns } from './sample-chunk.ts'
import type { Series } from './series-table.ts'

/** Samples a chunk: the size at which reading a day of a series and packing one chunk are both cheap. */
export const CHUNK_SAMPLES = 120
/** A chunk of a slow series ends here, so that retention by age is not held up by it. */
export const CHUNK_SPAN_MS = 2 * 3_600_000

export type ChunkRow = { readonly id: number; readonly last: number; readonly count: number; readonly samples: Uint8Array }

export type ChunkRows = {
  /** Writes the open chunk of a series as it is now, in place of what was written of it before. */
  readonly writeOpen: (series: Series) => void
  /** Stores a sample older than the open chunk; false when that time is there already. Costs 30 µs where a timely one costs 0.5. */
  readonly insertLate: (series: number, timeMs: number, low: number, high: number) => boolean
  /** The two newest rows of a series, newest first. */
  readonly newest: (series: number) => readonly ChunkRow[]
  /** Rows of a series with samples in [from, to], in order. */
  readonly between: (series: number, fromMs: number, toMs: number) => readonly ChunkRow[]
}

export function createChunkRows({ db }: Database): ChunkRows {
  const insert = db.prepare('INSERT INTO chunk (series, first, last, count, samples) VALUES (?, ?, ?, ?, ?)')
  const update = db.prepare('UPDATE chunk SET first = ?, last = ?, count = ?, samples = ? WHERE id = ?')
  const newest = db.prepare('SELECT id, last, count, samples FROM chunk WHERE series = ? ORDER BY first DESC LIMIT 2')
  const around = db.prepare('SELECT id, last, count, samples FROM chunk WHERE series = ? AND first <= ? ORDER BY first DESC LIMIT 1')
  const between = db.prepare('SELECT id, last, count, samples FROM chunk WHERE series = ? AND first <= ? AND last >= ? ORDER BY first')

  const put = (series: number, row: number | undefined, columns: SampleColumns): number => {
    const [first, last, samples] = [firstTime(columns), lastTime(columns), encodeChunk(columns)]
    if (row === undefined) return Number(insert.run(series, first, last, columns.count, samples).lastInsertRowid)
    update.run(first, last, columns.count, samples, row)
    return row
  }

  return {
    writeOpen: (series) => {
      if (series.dirty) series.openRow = put(series.id, series.openRow, series.open)
      series.dirty = false
    },
    insertLate: (series, timeMs, low, high) => {
      const [row] = chunksOf(around, series, timeMs)
      // Between two full chunks a late sample begins a chunk of its own, which those that follow it fill.
      const columns = row !== undefined && (timeMs <= row.last || row.count < CHUNK_SAMPLES) ? decodeChunk(row.samples) : emptyColumns()
      if (!addSample(columns, timeMs, low, high)) return false
      if (columns.count < 2 * CHUNK_SAMPLES) put(series, columns.count > 1 ? row?.id : undefined, columns)
      else {
        put(series, row?.id, sliceColumns(columns, 0, CHUNK_SAMPLES))
        put(series, undefined, sliceColumns(columns, CHUNK_SAMPLES, columns.count))
      }
      return true
    },
    newest: (series) => chunksOf(newest, series),
    between: (series, fromMs, toMs) => chunksOf(between, series, toMs, fromMs),
  }
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the four columns of the statements above, whose types STRICT tables hold
const chunksOf = (statement: StatementSync, ...values: readonly number[]): readonly ChunkRow[] => statement.all(...values) as ChunkRow[]
