import type { Kind } from '@clymene/model'

import type { AgentAccount, EpochAccount, PartitionAccount, SenderAccount } from './account.ts'
import { loss, messages, note, numbers, type Finding } from './finding.ts'
import { beginsLate, lagOf, sum } from './join-storages.ts'

/** One sender: sent = inBus + buffered + dropped + onTheWay + unanswered, numbers counted each once. */
export type SenderRow = {
  readonly kind: Kind
  readonly cluster: string
  readonly agent: string
  /** Whom it sends to; absent for an agent that only the books know, as are its own counts. */
  readonly to?: string
  readonly sent?: number
  readonly acknowledged?: number
  /** Distinct numbers in the bus, as the storage counted that has read most; absent when no book of the kind is there, or its way does not lead there. */
  readonly inBus?: number
  readonly buffered?: number
  readonly dropped?: number
  /** Acknowledged, or about to be, and not booked yet: in the lag, or on their way. */
  readonly onTheWay?: number
  /** Given up without an answer, and not booked: most never came. */
  readonly unanswered?: number
}

type Joined = { readonly rows: readonly SenderRow[]; readonly findings: readonly Finding[] }

/** Ways that end in the bus. */
const TO_BUS = new Set(['gateway', 'kafka', 'bus'])

/** Names that gateways make up for senders that do not number, anew at each start: such a sender is told to come again, so a gap in its numbers is no loss. */
const GATEWAY_NAME = /^gateway-.*-[0-9a-f]{8}$/

export function joinSenders(senders: readonly SenderAccount[], books: readonly PartitionAccount[], cluster: string | undefined): Joined {
  const byStorage = storagesOf(books)
  const all = [...senders.map((sender) => joinOne(sender, byStorage, senders)), ...strangers(senders, byStorage)]
  const wanted = all.filter(({ row }) => cluster === undefined || row.cluster === cluster)
  return {
    rows: wanted.map(({ row }) => row).toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)),
    findings: wanted.flatMap(({ findings }) => findings),
  }
}

const nameOf = ({ kind, cluster, agent, to = '' }: SenderRow): string => `${kind} ${cluster} ${agent} ${to}`

/** The books of one storage and kind, all partitions. */
type StorageBooks = {
  readonly kind: Kind
  readonly storage: string
  readonly agents: readonly AgentAccount[]
  /** Messages that nobody can say whose they are: not booked, expired, deleted before they were counted. */
  readonly unknown: number
  /** It begins behind the start of the log: what came before is in no count. */
  readonly isLate: boolean
}

const storagesOf = (books: readonly PartitionAccount[]): readonly StorageBooks[] =>
  [...Map.groupBy(books, ({ kind, storage }) => JSON.stringify([kind, storage])).values()].flatMap((group) =>
    group.slice(0, 1).map(({ kind, storage }) => ({
      kind,
      storage,
      agents: group.flatMap(({ agents }) => agents),
      unknown: sum(group, (book) => lagOf(book) + book.expired + book.unattributed),
      isLate: group.some(beginsLate),
    })),
  )

type One = { readonly row: SenderRow; readonly findings: readonly Finding[] }

function joinOne(sender: SenderAccount, storages: readonly StorageBooks[], all: readonly SenderAccount[]): One {
  const { kind, cluster, agent, to, sent, acknowledged, buffered, dropped } = sender
  const row = { kind, cluster, agent, to, sent, acknowledged, buffered, dropped }
  const leadsToBus = to.split(',').some((name) => TO_BUS.has(name))
  const counted = storages.filter((storage) => storage.kind === kind).map((storage) => ({ storage, ...countIn(storage, sender, all) }))
  if (!leadsToBus || counted.length === 0) return { row, findings: [] }
  const inBus = Math.max(...counted.map(({ distinct }) => distinct))
  const lost = counted.map(({ storage, distinct, missing }) => ({
    storage: storage.storage,
    numbers: lostOf(sender, storage, distinct, missing),
  }))
  const worst = lost.reduce((a, b) => (b.numbers > a.numbers ? b : a))
  const most = acknowledged + buffered + sender.unanswered
  const rest = Math.max(0, sent - inBus - buffered - dropped)
  const unanswered = Math.min(rest, sender.unanswered)
  return {
    row: { ...row, inBus, onTheWay: rest - unanswered, unanswered },
    findings: [
      ...(worst.numbers > 0
        ? [loss(`${numbers(worst.numbers)} of ${describe(row)} never came to the bus, as ${worst.storage} reads it`)]
        : []),
      ...(inBus > most
        ? [
            note(
              `${messages(inBus - most)} of ${describe(row)} are in the bus that it does not know of: its folder was lost, or another one has its name`,
            ),
          ]
        : []),
    ],
  }
}

/**
 * What the sender knows to be safe has to be there, and a gap has to be something that it gave up or has still to send; or either is among
 * what nobody knows the numbers of.
 */
function lostOf(sender: SenderAccount, { unknown, agents, isLate }: StorageBooks, distinct: number, missing: number): number {
  const byGaps = missing - sender.dropped - sender.unanswered - sender.buffered - unknown
  // Agents that were forgotten are counted without a name.
  const nameless = sum(
    agents.filter(({ agent }) => agent === ''),
    ({ epochs }) => sum(epochs, (epoch) => epoch.distinct),
  )
  const byCount = isLate ? 0 : sender.acknowledged - distinct - unknown - nameless
  return Math.max(0, byGaps, byCount)
}

function countIn({ agents }: StorageBooks, sender: SenderAccount, all: readonly SenderAccount[]) {
  const isOf = (account: AgentAccount, { cluster, agent }: SenderAccount): boolean => account.agent === agent && account.cluster === cluster
  const isOfAnother = (account: AgentAccount): boolean => all.some((other) => other.kind === sender.kind && isOf(account, other))
  const own = agents.filter((account) => {
    if (isOf(account, sender)) return true
    // Which cluster it is may be known to the gateway alone, from a token; and an account without one may be of several.
    return sender.cluster === '' && account.agent === sender.agent && !isOfAnother(account)
  })
  const epochs = own.flatMap((account) => epochsSince(account.epochs, sender.epoch))
  return { distinct: sum(epochs, (one) => one.distinct), missing: sum(epochs, (one) => one.missing) }
}

/** Epochs that the sender counts as well. Epoch 0 is all that are too old to be kept one by one. */
function epochsSince(epochs: readonly EpochAccount[], since: number): readonly EpochAccount[] {
  const oldest = Math.min(...epochs.map(({ epoch }) => epoch).filter((epoch) => epoch > 0))
  return epochs.filter(({ epoch }) => epoch >= since || (epoch === 0 && since < oldest))
}

/** Who is in the books and was not asked. */
function strangers(senders: readonly SenderAccount[], storages: readonly StorageBooks[]): readonly One[] {
  const isAsked = (kind: Kind, { cluster, agent }: AgentAccount): boolean =>
    senders.some((sender) => sender.kind === kind && sender.agent === agent && (sender.cluster === cluster || sender.cluster === ''))
  const found = new Map<string, { readonly row: SenderRow; inBus: number; missing: number }>()
  for (const { kind, agents, unknown } of storages) {
    const named = Map.groupBy(
      agents.filter((account) => account.agent !== '' && !isAsked(kind, account)),
      ({ cluster, agent }) => JSON.stringify([kind, cluster, agent]),
    )
    for (const [key, [first, ...others]] of named) {
      if (first === undefined) continue
      const epochs = [first, ...others].flatMap((account) => account.epochs)
      const before = found.get(key)
      found.set(key, {
        row: { kind, cluster: first.cluster, agent: first.agent },
        inBus: Math.max(
          before?.inBus ?? 0,
          sum(epochs, ({ distinct }) => distinct),
        ),
        missing: Math.max(before?.missing ?? 0, sum(epochs, ({ missing }) => missing) - unknown),
      })
    }
  }
  return [...found.values()].map(({ row, inBus, missing }) => ({ row: { ...row, inBus }, findings: gapsOfStranger(row, missing) }))
}

function gapsOfStranger(row: SenderRow, missing: number): readonly Finding[] {
  if (missing === 0) return []
  const text = `${numbers(missing)} of ${describe(row)} did not come to the bus`
  return GATEWAY_NAME.test(row.agent)
    ? [note(`${text}: it told senders to come again, or has ended`)]
    : [loss(`${text}; the sender was not asked, which may have given them up`)]
}

const describe = ({ kind, cluster, agent }: SenderRow): string => `agent ${agent} (${cluster === '' ? '' : `cluster ${cluster}, `}${kind})`
