import type { JoinedLedger, SenderRow, StorageRow } from '@clymene/ledger'

import type { Unreached } from './ask.ts'

/** What is shown to people: senders, storages, what was replayed, and what does not add up. */
export function formatLedger({ senders, storages, replays, findings }: JoinedLedger, unreached: readonly Unreached[]): string {
  const sections = [
    table(
      'Senders',
      ['KIND', 'CLUSTER', 'AGENT', 'TO', 'SENT', 'IN BUS', 'BUFFERED', 'DROPPED', 'ON THE WAY'],
      senders.map(senderCells),
      4,
    ),
    table(
      'Storages',
      ['KIND', 'STORAGE', 'IN BUS', 'STORED', 'TWICE IN BUS', 'TWICE WRITTEN', 'DEAD LETTERS', 'LAG', 'EXPIRED', 'UNKNOWN', 'RECORDS'],
      storages.map(storageCells),
      2,
    ),
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
      ...unreached.map(({ url, reason }) => `not reached: ${url}: ${reason}`),
    ].join('\n'),
    findings.some(({ level }) => level === 'loss') ? '' : 'nothing is missing, and the books balance',
  ]
  return sections.filter((section) => section !== '').join('\n\n')
}

const senderCells = ({ kind, cluster, agent, to = '', sent, inBus, buffered, dropped, onTheWay }: SenderRow): readonly string[] => [
  kind,
  cluster,
  agent,
  to,
  ...[sent, inBus, buffered, dropped, onTheWay].map(number),
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
const printable = (text: string): string => (text === '' ? '–' : text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?'))
