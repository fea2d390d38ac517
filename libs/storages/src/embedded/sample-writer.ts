import type { RefusedRecord } from '@clymene/model'

import { readLabels } from '../records/read-labels.ts'
import { visitWriteRequest, type WriteRequestVisitor } from '../records/visit-write-request.ts'
import { CHUNK_SAMPLES, CHUNK_SPAN_MS, type ChunkRows } from './chunk-rows.ts'
import { addSample, firstTime, lastTime } from './columns.ts'
import type { Database } from './database.ts'
import type { JournalRows } from './journal-rows.ts'
import { appendToRow, createJournalRow } from './journal.ts'
import { emptyColumns, MAX_TIME_MS } from './sample-chunk.ts'
import { labelsText, type Series, type SeriesTable } from './series-table.ts'

/** How far into a message its samples are stored. */
export type SampleProgress = { position: number; samples: number }

/** Bytes that a transaction may still add to the database, about; writers take from it and pause when it is used up. */
export type Room = { bytes: number }

export type Refuse = (refused: Omit<RefusedRecord, 'delivery'>) => void

export type SampleWriter = {
  /**
   * Stores samples of one message from `progress` on, while there is room (to the end of a series), inside the caller's
   * transaction. True when the message is done. What is there already, by series and time, is not stored again.
   *
   * @throws DecodeError when the message is not what the scan let through; the samples before that place stay.
   */
  readonly write: (message: Buffer, progress: SampleProgress, room: Room, refuse: Refuse) => boolean
  /** Before the caller's commit: what was written since the last call becomes one journal row. Returns the samples that were new. */
  readonly endTransaction: () => number
  /** After a rollback. The caller then loads the table anew: it has samples that the database has not. */
  readonly forget: () => void
}

const MAX_LABEL_BYTES = 64 * 1024
/** What a sample adds to the database: 20 in the journal and its share of a chunk. */
const SAMPLE_BYTES = 32

export type SampleWriterOptions = {
  readonly database: Database
  readonly table: SeriesTable
  readonly chunks: ChunkRows
  readonly journal: JournalRows
  readonly maxSeries: number
}

export function createSampleWriter({ database: { db }, table, chunks, journal, maxSeries }: SampleWriterOptions): SampleWriter {
  const full = `the embedded store is full of series, ${maxSeries} (--embedded.max-series)`
  const insertSeries = db.prepare('INSERT INTO series (id, labels) VALUES (?, ?)')
  const row = createJournalRow(4096)
  let late = 0

  const admit = (raw: Buffer, room: Room): Series | undefined => {
    const labels = readLabels(raw, 0, raw.length)
    const known = table.findLabels(labels)
    if (known !== undefined) {
      table.alias(known, raw)
      return known
    }
    if (table.size() >= maxSeries) return undefined
    // Once in the row and once in its index, as JSON.
    room.bytes -= 3 * raw.length
    const series = table.add(table.nextId(), labels, raw)
    insertSeries.run(series.id, labelsText(labels))
    return series
  }

  const seal = (series: Series): void => {
    chunks.writeOpen(series)
    series.sealedMs = lastTime(series.open)
    series.open = emptyColumns(series.open.count >= CHUNK_SAMPLES ? CHUNK_SAMPLES : 4)
    series.openRow = undefined
  }

  const store = (series: Series, timeMs: number, low: number, high: number): void => {
    if (timeMs <= series.sealedMs) {
      if (chunks.insertLate(series.id, timeMs, low, high)) late++
      return
    }
    if (series.open.count > 0 && timeMs - firstTime(series.open) > CHUNK_SPAN_MS) seal(series)
    if (!addSample(series.open, timeMs, low, high)) return
    series.dirty = true
    appendToRow(row, series.id, timeMs, low, high)
    if (series.open.count >= CHUNK_SAMPLES) seal(series)
  }

  return {
    write: (message, progress, room, refuse) => {
      let current: Series | undefined
      let previous: Series | undefined
      let reason = ''
      const visitor: WriteRequestVisitor = {
        series: (bytes, start, end) => {
          const fits = end - start <= MAX_LABEL_BYTES
          current = fits ? (table.find(previous, bytes, start, end) ?? admit(Buffer.from(bytes.subarray(start, end)), room)) : undefined
          reason = fits ? full : `labels of ${end - start} bytes, the embedded store takes ${MAX_LABEL_BYTES}`
          previous = current ?? previous
        },
        sample: (timeMs, low, high) => {
          const record = progress.samples++
          room.bytes -= SAMPLE_BYTES
          if (current === undefined) refuse({ record, reason })
          else if (Math.abs(timeMs) > MAX_TIME_MS) refuse({ record, reason: `time ${timeMs} ms is out of range` })
          else store(current, timeMs, low, high)
        },
      }
      progress.position = visitWriteRequest(message, visitor, progress.position, () => room.bytes <= 0)
      return progress.position >= message.length
    },
    endTransaction: () => {
      const stored = row.count + late
      if (row.count > 0) journal.append(row)
      row.count = 0
      late = 0
      return stored
    },
    forget: () => {
      row.count = 0
      late = 0
    },
  }
}
