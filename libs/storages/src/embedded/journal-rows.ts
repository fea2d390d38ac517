import type { Database } from './database.ts'
import { decodeJournalRow, encodeJournalRow, type JournalRow } from './journal.ts'

/** The journal table: what was acknowledged since the last checkpoint began, and what is to be read back after a crash. */
export type JournalRows = {
  readonly append: (row: JournalRow) => void
  readonly bytes: () => number
  readonly lastId: () => number
  /** Forgets the rows up to `id`. */
  readonly trim: (id: number) => void
  readonly all: () => Iterable<JournalRow>
  /** After a rollback: what the table holds now. */
  readonly load: () => void
}

export function createJournalRows({ db }: Database): JournalRows {
  const insert = db.prepare('INSERT INTO journal (samples) VALUES (?)')
  const remove = db.prepare('DELETE FROM journal WHERE id <= ?')
  const select = db.prepare('SELECT samples FROM journal ORDER BY id')
  const last = db.prepare('SELECT coalesce(max(id), 0) AS id FROM journal')
  const length = db.prepare('SELECT coalesce(sum(length(samples)), 0) AS bytes FROM journal')
  let bytes = 0
  const measure = (): void => {
    bytes = Number(length.get()?.['bytes'])
  }
  measure()
  return {
    append: (row) => {
      const encoded = encodeJournalRow(row)
      insert.run(encoded)
      bytes += encoded.length
    },
    bytes: () => bytes,
    lastId: () => Number(last.get()?.['id']),
    trim: (id) => {
      remove.run(id)
      measure()
    },
    all: function* () {
      for (const { samples } of select.iterate()) if (samples instanceof Uint8Array) yield decodeJournalRow(samples)
    },
    load: measure,
  }
}
