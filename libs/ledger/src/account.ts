import type { Kind } from '@clymene/model'

/** Messages, and the samples or entries in them. */
export type Count = { readonly messages: number; readonly records: number }

/**
 * What one numbering sender says of its own messages on their way to the next one: sent = acknowledged + buffered + dropped +
 * unanswered. Numbers are counted, each once.
 */
export type SenderAccount = {
  readonly kind: Kind
  readonly cluster: string
  readonly agent: string
  /** The next one on the way, by the names of storages: `gateway`, `kafka`; several, joined by commas, count once all have it. */
  readonly to: string
  /** The first epoch that is counted. An account that is kept on disk goes on when the sender starts again. */
  readonly epoch: number
  /** Numbers that were given to messages. */
  readonly sent: number
  /** Of those: the next one on the way has them for good. */
  readonly acknowledged: number
  /** Of those: kept here until it has. */
  readonly buffered: number
  /** Of those: given up here and not passed on (a full buffer, a refusal). */
  readonly dropped: number
  /**
   * Of those: given up without an answer, so that the next one may have them or not. Nothing is lost by it: their sender was told to
   * come again, or what they carried was sent again under other numbers after a crash.
   */
  readonly unanswered: number
}

/** What came of one agent's messages of one partition in one storage. Every message is in one of the four counts. */
export type AgentAccount = {
  readonly cluster: string
  /** '' for messages that nobody numbered, and for agents that were forgotten to make room. */
  readonly agent: string
  readonly stored: Count
  /** Came into the bus a second time: the storage had the first. */
  readonly repeatedInBus: Count
  /** Was there once, and the storage had it already: written before a crash, a rebalance or a lost answer. */
  readonly repeatedInStorage: Count
  readonly deadLetters: Count
  /** By epoch, oldest first: the newest 16. Epoch 0 is all that are older, and those of agents that were forgotten. */
  readonly epochs: readonly EpochAccount[]
}

export type EpochAccount = {
  readonly epoch: number
  /** Numbers that came, each once: the pieces of a cut message have one. */
  readonly distinct: number
  /** Numbers between the lowest and the highest that did not come. */
  readonly missing: number
  /** Numbers between the highest of the epoch before and the lowest of this one: reserved and not used, or lost when the sender died. */
  readonly jumped: number
}

/**
 * The book of one partition and one storage. With `booked` = messages of all agents' counts + expired + unattributed:
 * `upTo` - `from` = booked - earlier, and `end` - `upTo` is the lag.
 */
export type PartitionAccount = {
  readonly kind: Kind
  readonly storage: string
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** Offset at which the book begins. */
  readonly from: string
  /** Everything before this offset is booked. */
  readonly upTo: string
  /** Offset of the next message of the partition when the report was made; absent when the bus could not be asked. */
  readonly end?: string
  readonly agents: readonly AgentAccount[]
  /** Messages that retention deleted before they were read. */
  readonly expired: number
  /**
   * Offsets of which nothing is known any more: settled by a member that ended before it saved, and deleted before they could be
   * counted again; or without a message (marks of transactions, what a disk damaged).
   */
  readonly unattributed: number
  /** Of all that is booked: what stood in the topic before it was made anew. Absent when it never was. */
  readonly earlier?: number
  /** When the book was saved, or told by who has it open, milliseconds since the epoch. */
  readonly savedAt: number
}

/** What `clymene replay` sent from a dead-letter topic to a storage. */
export type ReplayAccount = {
  readonly kind: Kind
  readonly storage: string
  readonly topic: string
  readonly cluster: string
  readonly replayed: Count
  /** Refused once more: still on the dead-letter topic. */
  readonly refused: Count
}

/** `GET /api/ledger` of an admin server. Books come from the store of the ledger, so each replica has those of all. */
export type LedgerReport = {
  readonly service: string
  readonly instance: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly senders: readonly SenderAccount[]
  readonly books: readonly PartitionAccount[]
  readonly replays: readonly ReplayAccount[]
}
