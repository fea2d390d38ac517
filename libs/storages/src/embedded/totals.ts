import type { Kind } from '@clymene/model'

import { firstTime } from './columns.ts'
import type { Database } from './database.ts'
import type { SeriesTable } from './series-table.ts'

export type Totals = {
  readonly samples: number
  readonly lines: number
  readonly expiredSamples: number
  readonly expiredLines: number
}

/** How much is held and was deleted, kept in the same transactions as what it counts, so that it is exact after a crash too. */
export type TotalsRow = {
  readonly stored: (kind: Kind, records: number) => void
  readonly expired: (samples: number, lines: number) => void
  readonly now: () => Totals
  readonly oldest: (table: SeriesTable) => { readonly oldestSampleMs: number | undefined; readonly oldestLineMs: number | undefined }
}

export function createTotals({ db }: Database): TotalsRow {
  const select = db.prepare('SELECT samples_stored, samples_expired, lines_stored, lines_expired FROM totals')
  const addSamples = db.prepare('UPDATE totals SET samples_stored = samples_stored + ?')
  const addLines = db.prepare('UPDATE totals SET lines_stored = lines_stored + ?')
  const addExpired = db.prepare('UPDATE totals SET samples_expired = samples_expired + ?, lines_expired = lines_expired + ?')
  const oldestChunk = db.prepare('SELECT first FROM chunk ORDER BY last LIMIT 1')
  const oldestLine = db.prepare('SELECT time_ns / 1000000 AS ms FROM line INDEXED BY line_by_age ORDER BY time_ns LIMIT 1')
  const held = (): Totals => {
    const row = select.get()
    const number = (name: string): number => Number(row?.[name])
    return {
      samples: number('samples_stored') - number('samples_expired'),
      lines: number('lines_stored') - number('lines_expired'),
      expiredSamples: number('samples_expired'),
      expiredLines: number('lines_expired'),
    }
  }
  return {
    stored: (kind, records) => {
      if (records > 0) (kind === 'metrics' ? addSamples : addLines).run(records)
    },
    expired: (samples, lines) => void addExpired.run(samples, lines),
    now: held,
    oldest: (table) => {
      const chunkMs = oldestChunk.get()?.['first']
      const lineMs = oldestLine.get()?.['ms']
      return {
        oldestSampleMs: typeof chunkMs === 'number' ? chunkMs : oldestOpen(table),
        oldestLineMs: typeof lineMs === 'number' ? lineMs : undefined,
      }
    },
  }
}

/** Before the first checkpoint everything is in open chunks. */
function oldestOpen(table: SeriesTable): number | undefined {
  let oldest: number | undefined
  for (const { open } of table.all()) if (open.count > 0 && (oldest === undefined || firstTime(open) < oldest)) oldest = firstTime(open)
  return oldest
}
