import { errorMessage, type Logger } from '@clymene/model'

import type { Checkpoint } from './checkpoint.ts'
import type { Database } from './database.ts'
import type { JournalRows } from './journal-rows.ts'
import type { Memory } from './memory.ts'
import type { Expired, Retention } from './retention.ts'
import type { TotalsRow } from './totals.ts'

/** Open chunks written in one slice: about 5 ms. */
const CHUNKS_A_SLICE = 300
const PAGES_A_SLICE = 500
/** The journal is packed at this age or at this share of the store, whichever is first; 8 MiB are read back in a fifth of a second. */
const JOURNAL_MS = 300_000
const EXPIRE_MS = 5_000
const JOURNAL_BYTES = 8 * 1024 * 1024

export type Upkeep = {
  /** A slice of what is due, each part in a transaction of its own. False when nothing more is due. Never throws. */
  readonly slice: () => boolean
  /** There is no room: nothing should be written before the next slice. */
  readonly blocked: () => boolean
  /** A write did not fit, whatever was estimated: the next slices make room. */
  readonly makeRoom: () => void
  /** At the end: packs all open chunks and so empties the journal. */
  readonly packAll: () => void
}

export type UpkeepOptions = {
  readonly database: Database
  readonly retention: Retention
  readonly checkpoint: Checkpoint
  readonly journal: JournalRows
  readonly totals: TotalsRow
  readonly logger: Logger
  readonly now: () => number
  readonly memory: Memory
  readonly expired: (expired: Expired) => void
}

/** What the store does beside writing: retention by size and age, packing the journal, giving pages back. */
export function createUpkeep(options: UpkeepOptions): Upkeep {
  const { database, retention, checkpoint, journal, totals, now } = options
  const journalLimit = Math.min(JOURNAL_BYTES, Math.floor(database.pageLimitBytes / 8))
  let shrinking = false
  let packing = false
  let expiredAt = -Infinity
  let packedAt = now()

  const book = (work: () => Expired | undefined): boolean => {
    const expired = database.transaction(() => {
      const deleted = work()
      if (deleted !== undefined) totals.expired(deleted.samples, deleted.lines)
      return deleted
    })
    if (expired !== undefined) options.expired(expired)
    return expired !== undefined
  }

  const shrink = (): void => {
    shrinking ||= retention.due()
    if (!shrinking) return
    const deleted = book(retention.shrink)
    // What is left when no row can be deleted is the journal: packed, its samples can be.
    if (!deleted) packing = journal.bytes() > 0
    shrinking = (deleted || packing) && !retention.enough()
  }

  const expire = (): boolean => {
    // Also when the clock was put back by more than that.
    if (Math.abs(now() - expiredAt) < EXPIRE_MS) return false
    if (book(() => retention.expire(now()))) return true
    expiredAt = now()
    return false
  }

  const pack = (): void => {
    packing ||= journal.bytes() > journalLimit || (journal.bytes() > 0 && Math.abs(now() - packedAt) > JOURNAL_MS)
    if (!packing) return
    packing = !database.transaction(() => checkpoint.advance(CHUNKS_A_SLICE))
    if (!packing) packedAt = now()
  }

  return {
    slice: () => {
      try {
        options.memory.refresh()
        shrink()
        const expiring = expire()
        pack()
        const freed = database.giveBack(PAGES_A_SLICE)
        return shrinking || expiring || packing || freed
      } catch (error) {
        options.logger.error('embedded store: upkeep failed', { path: database.path, error: errorMessage(error) })
        shrinking = false
        packing = false
        options.memory.invalidate()
        return false
      }
    },
    blocked: () => shrinking && retention.full(),
    makeRoom: () => {
      shrinking = true
    },
    packAll: () => {
      while (!database.transaction(() => checkpoint.advance(CHUNKS_A_SLICE)));
    },
  }
}
