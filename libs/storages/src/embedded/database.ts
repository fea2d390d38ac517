import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { errorMessage } from '@clymene/model'

const SCHEMA_VERSION = 1
const PAGE_BYTES = 4096

const SCHEMA = `
  CREATE TABLE series (id INTEGER PRIMARY KEY, labels TEXT NOT NULL UNIQUE) STRICT;
  -- Packed samples of a series; rows of one series do not overlap. The last one of a series may still be open.
  CREATE TABLE chunk (id INTEGER PRIMARY KEY, series INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    count INTEGER NOT NULL, samples BLOB NOT NULL) STRICT;
  CREATE UNIQUE INDEX chunk_of_series ON chunk (series, first, last);
  CREATE INDEX chunk_by_age ON chunk (last);
  -- What was acknowledged and is not in a chunk row yet, one row a write.
  CREATE TABLE journal (id INTEGER PRIMARY KEY, samples BLOB NOT NULL) STRICT;
  CREATE TABLE stream (id INTEGER PRIMARY KEY, labels TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE line (id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, time_ns INTEGER NOT NULL, text TEXT NOT NULL, metadata TEXT) STRICT;
  CREATE INDEX line_of_stream ON line (stream, time_ns);
  CREATE INDEX line_by_age ON line (time_ns, stream);
  -- Since the store was made; what is held is stored less expired.
  CREATE TABLE totals (id INTEGER PRIMARY KEY CHECK (id = 1), samples_stored INTEGER NOT NULL, samples_expired INTEGER NOT NULL,
    lines_stored INTEGER NOT NULL, lines_expired INTEGER NOT NULL) STRICT;
  INSERT INTO totals VALUES (1, 0, 0, 0, 0);
  PRAGMA user_version = ${SCHEMA_VERSION};
`

/** Share of `maxBytes` that the write-ahead log may take, at most 8 MiB. */
const walBytes = (maxBytes: number): number => Math.min(8 * 1024 * 1024, Math.floor(maxBytes / 4))

export type Database = {
  readonly db: DatabaseSync
  /** Where the store lies, for messages. */
  readonly path: string
  /** Runs `work` as one transaction: all of it, or none and the error. */
  readonly transaction: <T>(work: () => T) => T
  /** Bytes of pages in use, those not counted that a deletion has freed. */
  readonly usedBytes: () => number
  /** Bytes that pages may take; SQLite itself refuses more. */
  readonly pageLimitBytes: number
  /** Gives `pages` back to the file system when over a tenth of the file is free. False when there is nothing more to give. */
  readonly giveBack: (pages: number) => boolean
  /** Bytes on disk: pages and write-ahead log. */
  readonly diskBytes: () => number
  readonly close: () => void
}

/**
 * Opens or makes `<directory>/store.db`, for this process alone.
 *
 * WAL and synchronous=NORMAL: a commit is in the operating system's hands, so kill -9 loses nothing. A power cut may take back
 * the commits since the last sync of the log (which comes at the latest after {@link walBytes}); the file stays whole.
 *
 * @throws Error naming the path when another process holds it, it is damaged, or another version wrote it.
 */
export function openDatabase(directory: string, maxBytes: number): Database {
  const path = join(directory, 'store.db')
  mkdirSync(directory, { recursive: true })
  const pageLimitBytes = maxBytes - 2 * walBytes(maxBytes)
  const db = openFile(path)
  try {
    // max_page_count is what holds the bound, whatever the estimates of the retention say.
    db.exec(`PRAGMA max_page_count = ${Math.floor(pageLimitBytes / PAGE_BYTES)};
      PRAGMA wal_autocheckpoint = ${Math.floor(walBytes(maxBytes) / 2 / PAGE_BYTES)};
      PRAGMA journal_size_limit = ${walBytes(maxBytes)}`)
  } catch (error) {
    db.close()
    throw new Error(`embedded store ${path}: ${errorMessage(error)}`, { cause: error })
  }
  const pageCount = db.prepare('SELECT page_count AS n FROM pragma_page_count()')
  const freePages = db.prepare('SELECT freelist_count AS n FROM pragma_freelist_count()')
  const number = (statement: typeof pageCount): number => Number(statement.get()?.['n'])
  return {
    db,
    path,
    pageLimitBytes,
    transaction: (work) => {
      db.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        db.exec('COMMIT')
        return result
      } catch (error) {
        // A full disk makes SQLite roll back by itself.
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    },
    usedBytes: () => (number(pageCount) - number(freePages)) * PAGE_BYTES,
    giveBack: (pages) => {
      const free = number(freePages)
      if (free < 1_000 || free * 10 < number(pageCount)) return false
      db.exec(`PRAGMA incremental_vacuum(${pages})`)
      return number(freePages) < free
    },
    diskBytes: () => fileBytes(path) + fileBytes(`${path}-wal`),
    close: () => db.close(),
  }
}

function openFile(path: string): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { enableForeignKeyConstraints: false })
    // Exclusive: one process, and the index of the log stays in memory instead of a third file.
    db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; BEGIN IMMEDIATE; COMMIT`)
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version === 0) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`)
    else if (version !== SCHEMA_VERSION) throw new Error(`written by another version (schema ${version}, expected ${SCHEMA_VERSION})`)
    return db
  } catch (error) {
    db?.close()
    throw new Error(`embedded store ${path}: ${openFailure(errorMessage(error))}`, { cause: error })
  }
}

function openFailure(message: string): string {
  if (message.includes('locked')) return 'in use by another process'
  if (message.includes('malformed') || message.includes('not a database')) return `${message}; move the file away to start anew`
  return message
}

const fileBytes = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
