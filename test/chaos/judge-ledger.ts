import { joinLedgers, type AgentAccount, type LedgerReport, type PartitionAccount } from '@clymene/ledger'
import type { Kind } from '@clymene/model'

import { TAKES, UNREADABLE, type Evidence, type Finding, type Placed } from './evidence.ts'
import { STORES } from './plan.ts'

/** What Kafka itself says of one partition. */
type Partition = {
  readonly kind: Kind
  readonly topic: string
  readonly partition: number
  readonly end: bigint
  /** Messages that are none: dead letters. */
  readonly unreadable: number
  /** Of all others: messages, and samples or lines in them, by whether their number came for the first time or again. */
  readonly first: { readonly messages: number; readonly records: number }
  readonly again: { readonly messages: number; readonly records: number }
  /** Distinct numbers, by `agent epoch`. */
  readonly numbers: ReadonlyMap<string, number>
}

/**
 * What the ledger says that is not so. Its books have to say of every partition and store what the log, the stores and the dead-letter
 * topics say, when nothing is under way any more.
 */
export function judgeLedger(
  { kafka }: Pick<Evidence, 'kafka'>,
  reports: readonly LedgerReport[],
  { mayDrop = false }: { readonly mayDrop?: boolean } = {},
): readonly Finding[] {
  const books = reports.flatMap((report) => report.books)
  const partitions = partitionsOf(kafka)
  const wrong = STORES.flatMap((store) =>
    partitions
      .filter(({ kind }) => TAKES[store].includes(kind))
      .flatMap((partition) => {
        const place = `${store} ${partition.topic}/${partition.partition}`
        const found = books.filter(
          (book) => book.storage === store && book.topic === partition.topic && book.partition === partition.partition,
        )
        // Replicas tell of the same books; what one has saved last is behind for no longer than it keeps to itself.
        const book = found.toSorted((a, b) => Number(BigInt(b.upTo) - BigInt(a.upTo)))[0]
        if (book === undefined) return [`${place}: no book`]
        return bookMistakes(partition, book).map((mistake) => `${place}: ${mistake}`)
      }),
  )
  const { findings } = joinLedgers(reports)
  const losses = findings.filter(({ level }) => level === 'loss').map(({ text }) => text)
  return [...wrong, ...senderMistakes(reports, mayDrop), ...losses].map((text) => ({ what: 'ledger', where: 'ledger', text }))
}

function bookMistakes(partition: Partition, book: PartitionAccount): readonly string[] {
  const { agents, expired, unattributed } = book
  const sum = (of: (agent: AgentAccount) => number): number => agents.reduce((all, agent) => all + of(agent), 0)
  const expect = (what: string, found: number | string, expected: number | string): readonly string[] =>
    found === expected ? [] : [`${what} is ${found}, expected ${expected}`]
  const deadLetters = sum((agent) => agent.deadLetters.messages)
  return [
    ...expect('from', book.from, '0'),
    ...expect('upTo', book.upTo, String(partition.end)),
    ...expect('expired', expired, 0),
    ...expect('unattributed', unattributed, 0),
    ...expect('deadLetters', deadLetters, partition.unreadable),
    ...expect(
      'stored + repeatedInStorage',
      sum((agent) => agent.stored.messages + agent.repeatedInStorage.messages),
      partition.first.messages,
    ),
    ...expect(
      'records',
      sum((agent) => agent.stored.records + agent.repeatedInStorage.records),
      partition.first.records,
    ),
    ...expect(
      'repeatedInBus',
      sum((agent) => agent.repeatedInBus.messages),
      partition.again.messages,
    ),
    ...numberMistakes(partition, agents),
  ]
}

/** Each agent and epoch by its name: nothing is too old to be told apart within one seed. */
function numberMistakes({ numbers }: Partition, agents: readonly AgentAccount[]): readonly string[] {
  const booked = new Map<string, number>(
    agents.flatMap(({ agent, epochs }) => epochs.map(({ epoch, distinct }) => [`${agent} ${epoch}`, distinct] as const)),
  )
  return [...new Set([...numbers.keys(), ...booked.keys()])].flatMap((name) => {
    const [found, expected] = [booked.get(name) ?? 0, numbers.get(name) ?? 0]
    return found === expected ? [] : [`distinct numbers of ${name} are ${found}, expected ${expected}`]
  })
}

function senderMistakes(reports: readonly LedgerReport[], mayDrop: boolean): readonly string[] {
  return reports.flatMap(({ senders }) =>
    senders.flatMap(({ kind, agent, sent, acknowledged, buffered, dropped, unanswered }) => {
      const name = `sender ${agent} of ${kind}`
      return [
        ...(sent === acknowledged + buffered + dropped + unanswered
          ? []
          : [
              `${name}: sent ${sent} is not acknowledged ${acknowledged} + buffered ${buffered} + dropped ${dropped} + unanswered ${unanswered}`,
            ]),
        ...(dropped === 0 || mayDrop ? [] : [`${name}: dropped ${dropped}`]),
      ]
    }),
  )
}

function partitionsOf(kafka: readonly Placed[]): readonly Partition[] {
  const partitions = Map.groupBy(kafka, ({ topic, partition }) => `${topic}/${partition}`)
  return [...partitions.values()].flatMap((items) =>
    items.slice(0, 1).map(({ kind, topic, partition }) => ({ kind, topic, partition, ...countsOf(items) })),
  )
}

function countsOf(items: readonly Placed[]): Omit<Partition, 'kind' | 'topic' | 'partition'> {
  const messages = [...Map.groupBy(items, ({ offset }) => offset)].map(([offset, of]) => ({ ...of[0], offset, records: of.length }))
  const seen = new Set<string>()
  const first = { messages: 0, records: 0 }
  const again = { messages: 0, records: 0 }
  const numbers = new Map<string, Set<string>>()
  const readable = messages.filter(({ series }) => series !== UNREADABLE)
  for (const { identity = '', records } of readable) {
    const count = seen.has(identity) ? again : first
    seen.add(identity)
    count.messages++
    count.records += records
    const [key = '', epoch = '', agent = '', sequence = ''] = identity.split(' ')
    const name = `${agent} ${epoch}`
    numbers.set(name, (numbers.get(name) ?? new Set()).add(`${key} ${sequence}`))
  }
  return {
    end: messages.reduce((last, { offset }) => (offset > last ? offset : last), -1n) + 1n,
    unreadable: messages.length - readable.length,
    first,
    again,
    numbers: new Map([...numbers].map(([name, found]) => [name, found.size])),
  }
}
