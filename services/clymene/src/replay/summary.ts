import { recordsIn, type Letter } from '@clymene/storages'

import { timeText } from './letter-text.ts'
import { printable } from './terminal.ts'

type Row = {
  readonly cluster: string
  readonly storage: string
  readonly status: string
  readonly reason: string
  letters: number
  records: number
  sent: number
  oldestMs: number
  newestMs: number
}

/** Reasons come from storages: rows over this number are one. */
const MAX_ROWS = 1000
const OTHERS = '(others)'
const REASON_LENGTH = 120

/** Counts letters by cluster, storage, status and what is the same in their reasons. */
export function createSummary(): { readonly add: (letter: Letter, isSent: boolean) => void; readonly lines: () => readonly string[] } {
  const rows = new Map<string, Row>()
  return {
    add: (letter, isSent) => {
      const { note } = letter
      const own = { cluster: note.cluster, storage: note.storage, status: String(note.status ?? '-'), reason: kindOfReason(note.reason) }
      const name = JSON.stringify(own)
      const isNew = !rows.has(name) && rows.size >= MAX_ROWS
      const key = isNew ? OTHERS : name
      const fresh = { letters: 0, records: 0, sent: 0, oldestMs: Infinity, newestMs: -Infinity }
      const row = rows.get(key) ?? { ...(isNew ? { cluster: OTHERS, storage: OTHERS, status: '-', reason: OTHERS } : own), ...fresh }
      rows.set(key, row)
      row.letters++
      row.records += recordsIn(letter)
      if (isSent) row.sent++
      row.oldestMs = Math.min(row.oldestMs, note.timeMs)
      row.newestMs = Math.max(row.newestMs, note.timeMs)
    },
    lines: () => {
      if (rows.size === 0) return []
      const sorted = [...rows.values()].toSorted((a, b) => b.letters - a.letters)
      const cells = sorted.map((row) => [
        String(row.letters),
        String(row.records),
        String(row.sent),
        row.storage,
        row.cluster === '' ? '-' : row.cluster,
        row.status,
        timeText(row.oldestMs),
        timeText(row.newestMs),
        row.reason,
      ])
      return aligned([['letters', 'records', 'sent', 'storage', 'cluster', 'status', 'first', 'last', 'reason'], ...cells])
    },
  }
}

/** Names of series, places and numbers are different in each reason; what is between them is not. */
const kindOfReason = (reason: string): string =>
  reason
    .replaceAll(/\{[^{}]*\}/g, '{…}')
    .replaceAll(/"[^"]*"/g, '"…"')
    .replaceAll(/\d+/g, '#')
    .slice(0, REASON_LENGTH)

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .map(printable)
      .join('  '),
  )
}
