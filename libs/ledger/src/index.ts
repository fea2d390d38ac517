export type { AgentAccount, Count, EpochAccount, LedgerReport, PartitionAccount, ReplayAccount, SenderAccount } from './account.ts'
