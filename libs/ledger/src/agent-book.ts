import type { AgentAccount, Count, EpochAccount } from './account.ts'
import type { KeySequences } from './key-sequences.ts'
import type { Settlement } from './outcome.ts'

type Tally = { messages: number; records: number }
type EpochTally = { readonly epoch: number; distinct: number; missing: number; jumped: number }

/** What is booked of one agent in one book. */
export type AgentBook = {
  readonly cluster: string
  readonly agent: string
  readonly stored: Tally
  readonly repeatedInBus: Tally
  readonly repeatedInStorage: Tally
  readonly deadLetters: Tally
  /** By epoch, oldest first. */
  readonly epochs: EpochTally[]
  /** By key of the messages. */
  readonly keys: Map<string, KeySequences>
}

/** Epochs that are told one by one: a gateway begins one for each sender that does not number. */
const KEPT_EPOCHS = 16

export const newAgentBook = (cluster: string, agent: string): AgentBook => ({
  cluster,
  agent,
  stored: { messages: 0, records: 0 },
  repeatedInBus: { messages: 0, records: 0 },
  repeatedInStorage: { messages: 0, records: 0 },
  deadLetters: { messages: 0, records: 0 },
  epochs: [],
  keys: new Map(),
})

const TALLIES = {
  stored: 'stored',
  repeatedInBus: 'repeatedInBus',
  repeatedInStorage: 'repeatedInStorage',
  deadLetter: 'deadLetters',
} as const

export function countMessage(book: AgentBook, outcome: Settlement['outcome'], records: number, refused: number): void {
  const tally = book[TALLIES[outcome]]
  tally.messages++
  tally.records += records
  book.deadLetters.records += refused
}

export function countNumbers(book: AgentBook, epoch: number, distinct: number, missing: number, jumped: number): void {
  const tally = epochOf(book, epoch)
  tally.distinct += distinct
  tally.missing += missing
  tally.jumped += jumped
}

/** Its counts become those of `into`. */
export function foldInto(into: AgentBook, book: AgentBook): void {
  for (const name of Object.values(TALLIES)) {
    into[name].messages += book[name].messages
    into[name].records += book[name].records
  }
  for (const { distinct, missing, jumped } of book.epochs) countNumbers(into, 0, distinct, missing, jumped)
}

export const accountOf = (book: AgentBook): AgentAccount => ({
  cluster: book.cluster,
  agent: book.agent,
  stored: copy(book.stored),
  repeatedInBus: copy(book.repeatedInBus),
  repeatedInStorage: copy(book.repeatedInStorage),
  deadLetters: copy(book.deadLetters),
  epochs: book.epochs.map((one): EpochAccount => ({ ...one })),
})

const copy = ({ messages, records }: Tally): Count => ({ messages, records })

/** The epoch itself, or epoch 0 for one that is older than those that are kept. */
function epochOf({ epochs }: AgentBook, epoch: number): EpochTally {
  const last = epochs.at(-1)
  if (last?.epoch === epoch) return last
  const known = epochs.find((one) => one.epoch === epoch)
  if (known !== undefined) return known
  const [first, second] = epochs
  if (epochs.length >= KEPT_EPOCHS && first !== undefined && second !== undefined) {
    // Epoch 0 stands first once there is one.
    if (first.epoch === 0) {
      if (epoch < second.epoch) return first
      absorb(first, second)
      epochs.splice(1, 1)
    } else {
      epochs[0] = { ...first, epoch: 0 }
      if (epoch < second.epoch) return epochs[0]
    }
  }
  const tally = { epoch, distinct: 0, missing: 0, jumped: 0 }
  const at = epochs.findIndex((one) => one.epoch > epoch)
  epochs.splice(at === -1 ? epochs.length : at, 0, tally)
  return tally
}

function absorb(into: EpochTally, { distinct, missing, jumped }: EpochTally): void {
  into.distinct += distinct
  into.missing += missing
  into.jumped += jumped
}
