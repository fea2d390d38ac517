import type { LedgerFilter, LedgerReport } from '@clymene/ledger'

/** Why nothing can be said though nothing was found missing: no book was looked at, or a filter names what is not there. Empty: books were compared. */
export function doubtsOf(reports: readonly LedgerReport[], { kind, storage, cluster }: LedgerFilter): readonly string[] {
  const books = reports.flatMap((report) => report.books)
  if (books.length === 0) return [reports.some(({ service }) => service === 'ingester') ? NO_BOOKS : NO_INGESTER]
  const isAsked = books.some((book) => (kind === undefined || book.kind === kind) && (storage === undefined || book.storage === storage))
  const asked = [...(kind === undefined ? [] : [`--kind=${kind}`]), ...(storage === undefined ? [] : [`--storage=${storage}`])]
  const clusters = clustersIn(reports)
  return [
    ...(isAsked
      ? []
      : [`there is no book of ${asked.join(' ')}: there are those of ${list(books.map((book) => `${book.storage} (${book.kind})`))}`]),
    ...(cluster === undefined || clusters.includes(cluster)
      ? []
      : [`nothing comes from --cluster=${cluster}: the clusters are ${list(clusters)}`]),
  ]
}

const NO_INGESTER = 'senders were asked, no ingester was: nothing can be said of the storages'
const NO_BOOKS = 'no ingester that was asked has a book: nothing can be said of the storages'

const clustersIn = (reports: readonly LedgerReport[]): readonly string[] =>
  reports.flatMap(({ senders, books, replays }) => [
    ...senders.map(({ cluster }) => cluster),
    ...books.flatMap(({ agents }) => agents.map(({ cluster }) => cluster)),
    ...replays.map(({ cluster }) => cluster),
  ])

/** Names come from outside, and there may be many. */
function list(names: readonly string[]): string {
  const all = [...new Set(names)].filter((name) => name !== '').toSorted()
  const shown = all.slice(0, MOST_NAMES).join(', ')
  return all.length === 0 ? 'none' : all.length > MOST_NAMES ? `${shown} and ${all.length - MOST_NAMES} more` : shown
}

const MOST_NAMES = 20
