import type { Kind } from '@clymene/model'

import type { AgentAccount, Count, PartitionAccount } from './account.ts'
import { loss, messages, note, records, type Finding } from './finding.ts'

/** What became in one storage of all messages of a kind: inBus is the sum of all that follows. */
export type StorageRow = {
  readonly kind: Kind
  readonly storage: string
  readonly inBus: number
  readonly stored: Count
  /** Came into the bus a second time. */
  readonly twiceInBus: number
  /** Was there once and had been written already. */
  readonly twiceWritten: number
  readonly deadLetters: Count
  /** Not booked yet; absent, as the two that follow, when only one cluster is looked at. */
  readonly lag?: number
  readonly expired?: number
  readonly unattributed?: number
}

export function joinStorages(
  books: readonly PartitionAccount[],
  cluster: string | undefined,
): { readonly rows: readonly StorageRow[]; readonly findings: readonly Finding[] } {
  const groups = [...Map.groupBy(books, ({ kind, storage }) => JSON.stringify([kind, storage])).values()]
  return { rows: groups.flatMap((group) => rowOf(group, cluster)).toSorted(byName), findings: groups.flatMap((group) => findingsOf(group)) }
}

function rowOf(books: readonly PartitionAccount[], cluster: string | undefined): readonly StorageRow[] {
  const [first] = books
  if (first === undefined) return []
  const agents = books.flatMap((book) => book.agents.filter((agent) => cluster === undefined || agent.cluster === cluster))
  const stored = total(agents, ({ stored: count }) => count)
  const deadLetters = total(agents, ({ deadLetters: count }) => count)
  const twiceInBus = total(agents, ({ repeatedInBus }) => repeatedInBus).messages
  const twiceWritten = total(agents, ({ repeatedInStorage }) => repeatedInStorage).messages
  const ofAgents = stored.messages + deadLetters.messages + twiceInBus + twiceWritten
  const row = { kind: first.kind, storage: first.storage, stored, twiceInBus, twiceWritten, deadLetters }
  if (cluster !== undefined) return [{ ...row, inBus: ofAgents }]
  const open = {
    lag: sum(books, lagOf),
    expired: sum(books, ({ expired }) => expired),
    unattributed: sum(books, (book) => book.unattributed),
  }
  return [{ ...row, ...open, inBus: ofAgents + open.lag + open.expired + open.unattributed }]
}

function findingsOf(books: readonly PartitionAccount[]): readonly Finding[] {
  const [first] = books
  if (first === undefined) return []
  const { kind, storage } = first
  const expired = sum(books, (book) => book.expired)
  const unattributed = sum(books, (book) => book.unattributed)
  const deadLetters = total(
    books.flatMap(({ agents }) => agents),
    ({ deadLetters: count }) => count,
  )
  const unasked = books.filter(({ end }) => end === undefined)
  const late = books.filter(beginsLate)
  return [
    ...books.flatMap(imbalanceOf),
    ...(expired > 0 ? [loss(`${messages(expired)} of ${kind} expired in the bus before ${storage} had read them`)] : []),
    ...(unattributed > 0
      ? [
          note(
            `of ${messages(unattributed)} of ${kind} for ${storage} it is not known what came: they were deleted after a crash, or never were messages`,
          ),
        ]
      : []),
    ...(deadLetters.messages > 0 || deadLetters.records > 0
      ? [note(`${storage} refused ${refusedOf(deadLetters, kind)}: they are dead letters, clymene replay shows them`)]
      : []),
    ...(late.length > 0
      ? [note(`the books of ${storage} begin after the first messages of ${first.topic}: what came before is in no count`)]
      : []),
    ...(unasked.length > 0
      ? [note(`the lag of ${storage} is not known for ${unasked.length} partitions of ${first.topic}: the bus did not answer`)]
      : []),
  ]
}

/** Records are also those of messages that the storage has but for them. */
const refusedOf = ({ messages: whole, records: all }: Count, kind: Kind): string =>
  whole === 0
    ? `${records(all)} of messages of ${kind} that it has otherwise`
    : `${messages(whole)} of ${kind} whole, ${records(all)} in all`

/** Offsets are the bus's own count: what a book says has to fill exactly those that it has passed. */
function imbalanceOf(book: PartitionAccount): readonly Finding[] {
  const counted = sum(book.agents, bookedOf) + book.expired + book.unattributed - (book.earlier ?? 0)
  const passed = Number(BigInt(book.upTo) - BigInt(book.from))
  if (counted === passed) return []
  const { storage, topic, partition, from, upTo } = book
  const place = `partition ${partition} of ${topic}`
  return [
    loss(`the book of ${storage} for ${place} does not balance: ${passed} offsets from ${from} to ${upTo}, but ${counted} are counted`),
  ]
}

/** There was something in the partition before its book: that is in no count. */
export const beginsLate = ({ from, earlier }: PartitionAccount): boolean => from !== '0' && earlier === undefined

export const lagOf = ({ end, upTo }: PartitionAccount): number => (end === undefined ? 0 : Math.max(0, Number(BigInt(end) - BigInt(upTo))))

const bookedOf = ({ stored, repeatedInBus, repeatedInStorage, deadLetters }: AgentAccount): number =>
  stored.messages + repeatedInBus.messages + repeatedInStorage.messages + deadLetters.messages

const total = (agents: readonly AgentAccount[], of: (agent: AgentAccount) => Count): Count => ({
  messages: sum(agents, (agent) => of(agent).messages),
  records: sum(agents, (agent) => of(agent).records),
})

export const sum = <T>(each: readonly T[], of: (one: T) => number): number => each.reduce((all, one) => all + of(one), 0)

const byName = (a: StorageRow, b: StorageRow): number => (`${a.kind} ${a.storage}` < `${b.kind} ${b.storage}` ? -1 : 1)
