import type { AgentAccount, PartitionAccount, SenderAccount } from '@clymene/ledger'
import type { Kind, PartitionLag } from '@clymene/model'

import type { Identity } from './outlet.ts'
import type { SentCounts } from './sent-account.ts'

/** What a storage has to do with the buffer. */
export type BufferedWay = {
  readonly kind: Kind
  readonly storage: string
  /** The books of the partitions of the buffer that this storage has. */
  readonly books: readonly PartitionAccount[]
  readonly lags: readonly PartitionLag[]
  /** Messages that got a number and that the buffer did not take. */
  readonly refused: number
  /** Of the numbers that are given now. */
  readonly epoch: number
}

/**
 * The accounts of what goes through the buffer: its books know what came of each message, and its end what was put in. Usually
 * one; after another name or cluster was given to the agent one more.
 */
export function bufferedAccounts({ agent, cluster }: Identity, way: BufferedWay): readonly SenderAccount[] {
  const { kind, storage, books, lags, refused, epoch } = way
  const agents = books.flatMap((book) => book.agents)
  const isOwn = (account: AgentAccount): boolean => account.agent === agent && account.cluster === cluster
  const own = agents.filter(isOwn)
  const others = Map.groupBy(
    agents.filter((account) => !isOwn(account)),
    (account) => JSON.stringify([account.cluster, account.agent]),
  )
  const base = { kind, to: storage }
  const places = lags.map((lag) => placesOf(books, lag))
  return [
    accountOf({ ...base, agent, cluster }, own, epoch, {
      buffered: sum(places, ({ waiting }) => waiting),
      // What was deleted is booked as expired when the reader gets there, which is when the storage is back.
      dropped: refused + sum(books, ({ expired }) => expired) + sum(places, ({ deleted }) => deleted),
      unanswered: sum(books, ({ unattributed }) => unattributed),
    }),
    ...[...others.values()].flatMap((accounts) => {
      const [first] = accounts
      const { cluster: otherCluster = '', agent: other = '' } = first ?? {}
      return [accountOf({ ...base, agent: other, cluster: otherCluster }, accounts, epoch, { buffered: 0, dropped: 0, unanswered: 0 })]
    }),
  ]
}

/** What of a partition is not booked: messages that are there, and those that retention has deleted. */
function placesOf(books: readonly PartitionAccount[], { partition, committed, end, deleted = 0n }: PartitionLag) {
  const upTo = books.find((book) => book.partition === partition)?.upTo
  // A book that is not there yet begins where its group stands.
  const booked = upTo === undefined ? committed : BigInt(upTo)
  const lost = positive(committed - (booked > committed - deleted ? booked : committed - deleted))
  // What was put in and delivered since the lag was asked for is booked already.
  return { deleted: lost, waiting: positive(end - booked) - lost }
}

const positive = (offsets: bigint): number => Math.max(0, Number(offsets))

type Named = Pick<SenderAccount, 'kind' | 'to' | 'agent' | 'cluster'>
type Open = Pick<SenderAccount, 'buffered' | 'dropped' | 'unanswered'>

function accountOf(name: Named, accounts: readonly AgentAccount[], epoch: number, open: Open): SenderAccount {
  const acknowledged = sum(
    accounts,
    ({ stored, repeatedInBus, repeatedInStorage }) => stored.messages + repeatedInBus.messages + repeatedInStorage.messages,
  )
  const dropped = open.dropped + sum(accounts, ({ deadLetters }) => deadLetters.messages)
  const first = Math.min(epoch, ...accounts.flatMap(({ epochs }) => epochs.map((one) => one.epoch)))
  return { ...name, ...open, epoch: first, sent: acknowledged + open.buffered + dropped + open.unanswered, acknowledged, dropped }
}

/** The account of what goes straight to a storage: what is there and has no answer yet is in the files that it was read from. */
export const directAccount = ({ agent, cluster }: Identity, kind: Kind, storage: string, counts: SentCounts): SenderAccount => ({
  kind,
  cluster,
  agent,
  to: storage,
  buffered: counts.sent - counts.acknowledged - counts.dropped - counts.unanswered,
  ...counts,
})

/** One account for each kind, sender and storage: lines may go both ways. */
export function joinedAccounts(accounts: readonly SenderAccount[]): readonly SenderAccount[] {
  const same = Map.groupBy(accounts, ({ kind, cluster, agent, to }) => JSON.stringify([kind, cluster, agent, to]))
  return [...same.values()].map((list) =>
    list.reduce((a, b) => ({
      ...a,
      epoch: Math.min(a.epoch, b.epoch),
      sent: a.sent + b.sent,
      acknowledged: a.acknowledged + b.acknowledged,
      buffered: a.buffered + b.buffered,
      dropped: a.dropped + b.dropped,
      unanswered: a.unanswered + b.unanswered,
    })),
  )
}

const sum = <T>(each: readonly T[], of: (one: T) => number): number => each.reduce((all, one) => all + of(one), 0)
