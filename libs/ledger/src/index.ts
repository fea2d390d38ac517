export type { AgentAccount, Count, EpochAccount, LedgerReport, PartitionAccount, ReplayAccount, SenderAccount } from './account.ts'
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
