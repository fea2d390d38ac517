import { CHUNK_SAMPLES, type ChunkRows } from './chunk-rows.ts'
import { addSample } from './columns.ts'
import type { Database } from './database.ts'
import type { JournalRows } from './journal-rows.ts'
import { decodeChunk } from './sample-chunk.ts'
import { readLabelsText, type Series, type SeriesTable } from './series-table.ts'

/**
 * Fills the table from the database: every series, its newest chunk when it can still grow, and on top what the journal has.
 * After a crash as after a clean stop; 50,000 series take about a second.
 */
export function loadSeries({ db }: Database, table: SeriesTable, chunks: ChunkRows, journal: JournalRows): void {
  table.clear()
  journal.load()
  for (const { id, labels } of db.prepare('SELECT id, labels FROM series ORDER BY id').all()) {
    openNewest(table.add(Number(id), readLabelsText(String(labels)), undefined), chunks)
  }
  for (const row of journal.all()) {
    for (let at = 0; at < row.count; at++) {
      const id = row.series[at] ?? 0
      table.reserveId(id)
      const series = table.byId(id)
      const timeMs = row.times[at] ?? 0
      // The series may be gone by age, and what is not newer than its last full chunk is in that chunk.
      if (series === undefined || timeMs <= series.sealedMs) continue
      if (addSample(series.open, timeMs, row.bits[2 * at] ?? 0, row.bits[2 * at + 1] ?? 0)) series.dirty = true
    }
  }
}

function openNewest(series: Series, chunks: ChunkRows): void {
  const [newest, before] = chunks.newest(series.id)
  if (newest === undefined) return
  if (newest.count >= CHUNK_SAMPLES) {
    series.sealedMs = newest.last
    return
  }
  series.open = decodeChunk(newest.samples)
  series.openRow = newest.id
  series.sealedMs = before?.last ?? -Infinity
}
