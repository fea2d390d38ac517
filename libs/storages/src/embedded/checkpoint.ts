import type { ChunkRows } from './chunk-rows.ts'
import type { JournalRows } from './journal-rows.ts'
import type { Series, SeriesTable } from './series-table.ts'

export type Checkpoint = {
  /**
   * Writes open chunks as they are, `budget` of them a call inside the caller's transaction, and forgets the journal once all
   * that it held is in chunk rows. True when that is done; the next call begins another round.
   */
  readonly advance: (budget: number) => boolean
  /** After a rollback: the round begins again. */
  readonly forget: () => void
}

export function createCheckpoint(table: SeriesTable, chunks: ChunkRows, journal: JournalRows): Checkpoint {
  let round: { readonly upTo: number; readonly pending: Iterator<Series> } | undefined
  return {
    advance: (budget) => {
      round ??= { upTo: journal.lastId(), pending: table.all()[Symbol.iterator]() }
      for (let written = 0; written < budget;) {
        const { value: series } = round.pending.next()
        if (series === undefined) {
          journal.trim(round.upTo)
          round = undefined
          return true
        }
        if (series.dirty) written++
        chunks.writeOpen(series)
      }
      return false
    },
    forget: () => {
      round = undefined
    },
  }
}
