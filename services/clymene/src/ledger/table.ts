import type { JoinedLedger, SenderRow, StorageRow } from '@clymene/ledger'

import type { Unreached } from './ask.ts'

/** Why it is not said that all is there. */
export type Reservations = { readonly unreached: readonly Unreached[]; readonly doubts: readonly string[] }

/** What is shown to people: senders, storages, what was replayed, and what does not add up. */
export function formatLedger({ senders, storages, replays, findings }: JoinedLedger, { unreached, doubts }: Reservations): string {
  const sections = [
    table(
      'Senders',
      ['KIND', 'CLUSTER', 'AGENT', 'TO', 'SENT', 'BOOKED', 'BUFFERED', 'DROPPED', 'ON THE WAY', 'UNANSWERED'],
      senders.map(senderCells),
      4,
    ),
    table('Storages', STORAGE_COLUMNS, storages.map(storageCells), 2),
    table(
      'Replays',
      ['KIND', 'STORAGE', 'TOPIC', 'CLUSTER', 'REPLAYED', 'REFUSED'],
      replays.map(({ kind, storage, topic, cluster, replayed, refused }) => [
        kind,
        storage,
        topic,
        cluster,
        String(replayed.messages),
        String(refused.messages),
      ]),
      4,
    ),
    [
      ...findings.map(({ level, text }) => `${level}: ${text}`),
      ...unreached.map(({ url, reason }) => `not reached: ${url}: ${printable(reason)}`),
      ...doubts.map((doubt) => `not known: ${printable(doubt)}`),
    ].join('\n'),
    unreached.length + doubts.length > 0 || findings.some(({ level }) => level === 'loss')
      ? ''
      : `nothing is missing, and the books balance${waiting(senders, storages)}`,
  ]
  return sections.filter((section) => section !== '').join('\n\n')
}

/** What is on its way is not lost, but not stored either. */
function waiting(senders: readonly SenderRow[], storages: readonly StorageRow[]): string {
  const total = (counts: readonly (number | undefined)[]): number => counts.reduce<number>((sum, count = 0) => sum + count, 0)
  const counts = { BUFFERED: total(senders.map(({ buffered }) => buffered)), LAG: total(storages.map(({ lag }) => lag)) }
  const shown = Object.entries(counts).flatMap(([column, count]) => (count === 0 ? [] : `${column} ${count}`))
  return shown.length === 0 ? '' : `; not stored yet: ${shown.join(', ')}`
}

const senderCells = ({ kind, cluster, agent, to = '', ...counts }: SenderRow): readonly string[] => [
  kind,
  cluster,
  agent,
  to,
  ...[counts.sent, counts.inBus, counts.buffered, counts.dropped, counts.onTheWay, counts.unanswered].map(number),
]

const STORAGE_COLUMNS = [
  'KIND',
  'STORAGE',
  'IN BUS',
  'STORED',
  'TWICE IN BUS',
  'TWICE WRITTEN',
  'DEAD LETTERS',
  'LAG',
  'EXPIRED',
  'UNKNOWN',
  'RECORDS STORED',
  'RECORDS REFUSED',
]

const storageCells = (row: StorageRow): readonly string[] => [
  row.kind,
  row.storage,
  ...[
    row.inBus,
    row.stored.messages,
    row.twiceInBus,
    row.twiceWritten,
    row.deadLetters.messages,
    row.lag,
    row.expired,
    row.unattributed,
    row.stored.records,
    row.deadLetters.records,
  ].map(number),
]

const number = (value: number | undefined): string => (value === undefined ? '–' : String(value))

/** Texts from the left, numbers from column `numbersFrom` on from the right; '' without rows. */
function table(title: string, header: readonly string[], rows: readonly (readonly string[])[], numbersFrom: number): string {
  if (rows.length === 0) return ''
  const lines = [header, ...rows.map((row) => row.map(printable))]
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const format = (line: readonly string[]): string =>
    line
      .map((cell, column) => (column < numbersFrom ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return [`${title}:`, ...lines.map((line) => `  ${format(line)}`)].join('\n')
}

/** Names come from outside: nothing of them moves the cursor of a terminal. */
export const printable = (text: string): string => (text === '' ? '–' : text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?'))
