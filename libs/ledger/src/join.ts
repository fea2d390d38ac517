import type { Kind } from '@clymene/model'

import type { LedgerReport, PartitionAccount, ReplayAccount, SenderAccount } from './account.ts'
import type { Finding } from './finding.ts'
import { joinSenders, type SenderRow } from './join-senders.ts'
import { joinStorages, type StorageRow } from './join-storages.ts'

/** The books of all services as one: what was sent, what came of it, and what does not add up. */
export type JoinedLedger = {
  readonly senders: readonly SenderRow[]
  readonly storages: readonly StorageRow[]
  readonly replays: readonly ReplayAccount[]
  readonly findings: readonly Finding[]
}

/** What is looked at; all that is left out. */
export type LedgerFilter = { readonly kind?: Kind; readonly cluster?: string; readonly storage?: string }

/**
 * Joins reports of any services, in any order. Replicas report the same books: the one that was saved last counts. For numbers to
 * agree while data flow, books are asked for after the senders: then whatever a sender knows to be safe is booked or in the lag.
 */
export function joinLedgers(reports: readonly LedgerReport[], filter: LedgerFilter = {}): JoinedLedger {
  const isKind = ({ kind }: { readonly kind: Kind }): boolean => filter.kind === undefined || kind === filter.kind
  const isStorage = ({ storage }: { readonly storage: string }): boolean => filter.storage === undefined || storage === filter.storage
  const isCluster = ({ cluster }: { readonly cluster: string }): boolean => filter.cluster === undefined || cluster === filter.cluster
  const newest = reports.toSorted((a, b) => a.time - b.time)
  const books = latest(newest.flatMap((report) => report.books.filter((book) => isKind(book) && isStorage(book))))
  const accounts = newest.flatMap((report) => report.senders.filter(isKind))
  const senders = [...new Map(accounts.map((account) => [senderKey(account), account])).values()]
  const replays = newest.flatMap((report) => report.replays.filter((replay) => isKind(replay) && isStorage(replay) && isCluster(replay)))
  const bySender = joinSenders(senders, books, filter.cluster)
  const byStorage = joinStorages(books, filter.cluster)
  return {
    senders: bySender.rows,
    storages: byStorage.rows,
    replays: [...new Map(replays.map((replay) => [replayKey(replay), replay])).values()],
    findings: [...bySender.findings, ...byStorage.findings],
  }
}

const senderKey = ({ kind, cluster, agent, to }: SenderAccount): string => JSON.stringify([kind, cluster, agent, to])
const replayKey = ({ kind, storage, topic, cluster }: ReplayAccount): string => JSON.stringify([kind, storage, topic, cluster])

/** One of each book: that which was saved last, of those the one that goes furthest, of those the one that knows the end of the log best. */
function latest(books: readonly PartitionAccount[]): readonly PartitionAccount[] {
  const kept = new Map<string, PartitionAccount>()
  for (const book of books) {
    const key = JSON.stringify([book.group, book.storage, book.topic, book.partition])
    const before = kept.get(key)
    if (before === undefined || isLater(book, before)) kept.set(key, book)
  }
  return [...kept.values()]
}

function isLater(one: PartitionAccount, other: PartitionAccount): boolean {
  if (one.savedAt !== other.savedAt) return one.savedAt > other.savedAt
  if (one.upTo !== other.upTo) return BigInt(one.upTo) > BigInt(other.upTo)
  return BigInt(one.end ?? one.upTo) >= BigInt(other.end ?? other.upTo)
}
