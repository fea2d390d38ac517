import type { ChunkRows } from './chunk-rows.ts'
import type { Database } from './database.ts'
import { emptyColumns } from './sample-chunk.ts'
import type { SeriesTable } from './series-table.ts'
import type { StreamTable } from './stream-table.ts'

export type Expired = { readonly samples: number; readonly lines: number; readonly reason: 'age' | 'size' }

export type Retention = {
  /** There is too much, or nearly: {@link shrink} is due before more is written. */
  readonly due: () => boolean
  /** There is so much that the next transaction may not fit. */
  readonly full: () => boolean
  /** Deletes one slice of the oldest, of samples or lines, whichever are older. Undefined when there is nothing to delete. */
  readonly shrink: () => Expired | undefined
  /** Deletes one slice of what is older than `maxAgeMs`. Undefined when there is nothing. */
  readonly expire: (nowMs: number) => Expired | undefined
  /** Below this the shrinking ends. */
  readonly enough: () => boolean
}

/** Rows a slice: about 5 ms. */
const SLICE = 200

type ChunkAge = { readonly id: number; readonly series: number; readonly last: number; readonly count: number }
type LineAge = { readonly id: number; readonly stream: number; readonly oldestMs: number }

/** Bounds the store by age and size, oldest first. Everything runs inside the caller's transaction. */
export function createRetention(
  { db, usedBytes, pageLimitBytes }: Database,
  table: SeriesTable,
  streams: StreamTable,
  chunks: ChunkRows,
  maxAgeMs: number,
): Retention {
  const oldestChunks = db.prepare(`SELECT id, series, last, count FROM chunk ORDER BY last LIMIT ${SLICE}`)
  const oldestLines = db.prepare(
    `SELECT id, stream, time_ns / 1000000 AS oldestMs FROM line INDEXED BY line_by_age ORDER BY time_ns LIMIT ${SLICE}`,
  )
  const deleteChunk = db.prepare('DELETE FROM chunk WHERE id = ?')
  const deleteLine = db.prepare('DELETE FROM line WHERE id = ?')
  const deleteSeries = db.prepare('DELETE FROM series WHERE id = ?')
  const anyChunk = db.prepare('SELECT 1 FROM chunk WHERE series = ? LIMIT 1')
  const anyLine = db.prepare('SELECT 1 FROM line WHERE stream = ? LIMIT 1')

  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns of the statement, typed by the STRICT table
  const chunkAges = (): readonly ChunkAge[] => oldestChunks.all() as ChunkAge[]
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns of the statement, typed by the STRICT table
  const lineAges = (): readonly LineAge[] => oldestLines.all() as LineAge[]

  const dropChunks = (ages: readonly ChunkAge[]): number => {
    let samples = 0
    for (const { id, series: seriesId, last, count } of ages) {
      const series = table.byId(seriesId)
      if (series?.openRow === id) {
        // The row is older than what memory has of the same chunk: written anew it takes its true place in the order.
        if (series.dirty) {
          chunks.writeOpen(series)
          continue
        }
        series.sealedMs = Math.max(series.sealedMs, last)
        series.open = emptyColumns()
        series.openRow = undefined
      }
      deleteChunk.run(id)
      samples += count
      if (series !== undefined && series.open.count === 0 && anyChunk.get(seriesId) === undefined) {
        table.remove(series)
        deleteSeries.run(seriesId)
      }
    }
    return samples
  }

  const dropLines = (ages: readonly LineAge[]): number => {
    for (const { id } of ages) deleteLine.run(id)
    for (const id of new Set(ages.map(({ stream }) => stream))) {
      const stream = streams.byId(id)
      if (stream !== undefined && anyLine.get(id) === undefined) streams.remove(stream)
    }
    return ages.length
  }

  return {
    due: () => usedBytes() > pageLimitBytes * 0.9,
    full: () => usedBytes() > pageLimitBytes * 0.95,
    enough: () => usedBytes() <= pageLimitBytes * 0.8,
    shrink: () => {
      const chunksByAge = chunkAges()
      const linesByAge = lineAges()
      const chunkMs = chunksByAge[0]?.last ?? Infinity
      const lineMs = linesByAge[0]?.oldestMs ?? Infinity
      if (chunkMs === Infinity && lineMs === Infinity) return undefined
      return chunkMs <= lineMs
        ? { samples: dropChunks(chunksByAge), lines: 0, reason: 'size' }
        : { samples: 0, lines: dropLines(linesByAge), reason: 'size' }
    },
    expire: (nowMs) => {
      const before = nowMs - maxAgeMs
      const expiredChunks = chunkAges().filter(({ last }) => last < before)
      const expiredLines = lineAges().filter(({ oldestMs }) => oldestMs < before)
      if (expiredChunks.length === 0 && expiredLines.length === 0) return undefined
      return { samples: dropChunks(expiredChunks), lines: dropLines(expiredLines), reason: 'age' }
    },
  }
}
