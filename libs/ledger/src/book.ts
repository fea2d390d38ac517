import type { BusRecord } from '@clymene/model'

import type { PartitionAccount } from './account.ts'
import { accountOf, countMessage, countNumbers, foldInto, newAgentBook, type AgentBook } from './agent-book.ts'
import { hasCome, newSequences, noteNumber, numberOf, type CountNumbers, type KeySequences, type MessageNumber } from './key-sequences.ts'
import type { BookPlace, Outcome, Settlement } from './outcome.ts'
import type { Forget, Roster } from './roster.ts'

/** What is kept of a book: everything before `upTo` is in exactly one of the counts. */
export type BookState = {
  readonly place: BookPlace
  /** Which takeover of the partition it is: one more than that of the book that was found. */
  readonly generation: number
  from: bigint
  upTo: bigint
  /** Of what is booked: what stood in the topic before it was made anew. */
  earlier: number
  /** Latest time at which the bus took a message that is booked, milliseconds since the epoch. */
  newestMs: number
  expired: number
  unattributed: number
  savedAt: number
  readonly agents: Map<string, AgentBook>
}

export const newBookState = (place: BookPlace, from: bigint): BookState => {
  return { place, generation: 1, from, upTo: from, earlier: 0, newestMs: -1, expired: 0, unattributed: 0, savedAt: 0, agents: new Map() }
}

/** A book in memory. Offsets come in rising order; what lies before `upTo` is never booked again. */
export type Book = {
  readonly state: BookState
  /** Books a message; what lies between is {@link Book.skipTo}. @returns what it was booked as, undefined when it was booked before. */
  readonly settle: (settlement: Settlement) => Outcome | undefined
  /** Offsets up to before `offset` have no message (any more); so many of them expired. */
  readonly skipTo: (offset: bigint, expired: number) => Skipped
  /** Its number came before, with a message before it. */
  readonly isSeen: (record: BusRecord) => boolean
  /** Stands the record where another message was booked? Then the topic was made anew. */
  readonly isOfAnewTopic: (record: BusRecord) => boolean
  /** The topic begins at offset 0 again; the counts stay. */
  readonly beginAnew: () => void
  readonly close: () => void
}

export type Skipped = { readonly expired: number; readonly unattributed: number }

export function openBook(state: BookState, roster: Roster): Book {
  const forgets = new Map<string, Forget>()
  /** How the agent of this id is forgotten in this book. */
  const forgetOf = (id: string): Forget => {
    const known = forgets.get(id)
    if (known !== undefined) return known
    const forget = (): void => forgetAgent(id)
    forgets.set(id, forget)
    return forget
  }

  const agentOf = (cluster: string, agent: string): AgentBook => {
    const id = idOf(cluster, agent)
    const known = state.agents.get(id)
    const book = known ?? newAgentBook(cluster, agent)
    if (known === undefined) state.agents.set(id, book)
    saw(id, book)
    return book
  }

  const saw = (id: string, { agent }: AgentBook): void => {
    if (agent !== '') roster.sawAgent(id, forgetOf(id))
    else if (id !== NOBODY) roster.sawCluster(id, forgetOf(id))
  }

  const forgetAgent = (id: string): void => {
    const forgotten = state.agents.get(id)
    if (forgotten === undefined) return
    state.agents.delete(id)
    forgets.delete(id)
    roster.leave([], forgotten.keys.values())
    foldInto(agentOf(forgotten.agent === '' ? '' : forgotten.cluster, ''), forgotten)
  }

  /** @returns whether the number had come before. */
  const note = (agent: AgentBook, key: string, number: MessageNumber): boolean => {
    const count: CountNumbers = (epoch, distinct, missing, jumped) => countNumbers(agent, epoch, distinct, missing, jumped)
    return noteNumber(sequencesOf(agent, key), number, count)
  }

  const sequencesOf = ({ keys }: AgentBook, key: string): KeySequences => {
    const sequences = keys.get(key) ?? newSequences(keys, key)
    roster.sawKey(sequences)
    return sequences
  }

  for (const [id, agent] of state.agents) {
    saw(id, agent)
    for (const sequences of agent.keys.values()) roster.sawKey(sequences)
  }

  const skipTo = (offset: bigint, expired: number): Skipped => {
    const skipped = offset > state.upTo ? Number(offset - state.upTo) : 0
    const counts = { expired: Math.min(expired, skipped), unattributed: skipped - Math.min(expired, skipped) }
    state.expired += counts.expired
    state.unattributed += counts.unattributed
    state.upTo += BigInt(skipped)
    return counts
  }

  return {
    state,
    settle: ({ record, outcome, records, refused }) => {
      const { key, headers, origin } = record
      if (origin.offset < state.upTo) return undefined
      const number = numberOf(headers)
      const agent = agentOf(headers.cluster ?? '', number === undefined ? '' : (headers.agent ?? ''))
      const isRepeat = number !== undefined && note(agent, key, number)
      const booked = isRepeat && outcome !== 'deadLetter' ? 'repeatedInBus' : outcome
      countMessage(agent, booked, records, refused)
      state.upTo = origin.offset + 1n
      state.newestMs = Math.max(state.newestMs, origin.timestampMs)
      return booked
    },
    skipTo,
    isSeen: ({ key, headers, origin }) => {
      const number = numberOf(headers)
      if (number === undefined || origin.offset < state.upTo) return false
      const sequences = state.agents.get(idOf(headers.cluster ?? '', headers.agent ?? ''))?.keys.get(key)
      return sequences !== undefined && hasCome(sequences, number)
    },
    isOfAnewTopic: ({ origin }) => origin.offset < state.upTo && state.newestMs >= 0 && origin.timestampMs > state.newestMs,
    beginAnew: () => {
      state.earlier += Number(state.upTo - state.from)
      state.from = 0n
      state.upTo = 0n
    },
    close: () => {
      roster.leave(
        forgets,
        [...state.agents.values()].flatMap(({ keys }) => [...keys.values()]),
      )
    },
  }
}

export const reportOfBook = ({ place, from, upTo, earlier, expired, unattributed, savedAt, agents }: BookState): PartitionAccount => ({
  ...place,
  from: String(from),
  upTo: String(upTo),
  agents: Array.from(agents.values(), accountOf),
  expired,
  unattributed,
  ...(earlier === 0 ? {} : { earlier }),
  savedAt,
})

/** Names are anything: the length says where the first one ends. */
export const idOf = (cluster: string, agent: string): string => `${cluster.length} ${cluster}${agent}`
/** What is folded last, and never forgotten. */
const NOBODY = idOf('', '')
