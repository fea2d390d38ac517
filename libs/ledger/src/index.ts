export type { AgentAccount, Count, EpochAccount, LedgerReport, PartitionAccount, ReplayAccount, SenderAccount } from './account.ts'
export { createDirectoryLedgerStore } from './directory-store.ts'
export type { Gap } from './gaps.ts'
export { createLedger, type BookOwner, type Ledger, type LedgerOptions } from './ledger.ts'
export { createMemoryLedgerStore } from './memory-store.ts'
export type { LedgerObserver } from './observer.ts'
export { OUTCOMES, type BookPlace, type Outcome, type Settlement } from './outcome.ts'
export type { PartitionBook } from './partition-book.ts'
export { ledgerReport } from './ledger-report.ts'
export { reportOf, type ReportOptions } from './report.ts'
export type { Finding } from './finding.ts'
export { joinLedgers, type JoinedLedger, type LedgerFilter } from './join.ts'
export type { SenderRow } from './join-senders.ts'
export type { StorageRow } from './join-storages.ts'
export {
  decodeReplayState,
  encodeReplayState,
  isReplayState,
  replayAccountsOf,
  replayStateName,
  type ClusterReplays,
  type LetterRange,
  type ReplayState,
} from './replay-account.ts'
