import type { BusRecord, EnvelopeHeaders, PartitionBatch } from '@clymene/model'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { AgentAccount, PartitionAccount } from './account.ts'
import { createLedger } from './ledger.ts'
import { createMemoryLedgerStore } from './memory-store.ts'
import type { Outcome, Settlement } from './outcome.ts'
import { createFakeLog } from './testing/fake-log.ts'
import { never, silent } from './testing/silent.ts'

const OWNER = { kind: 'metrics', storage: 's', group: 'g' } as const
const CLUSTERS = ['c', '__proto__'] as const

/** What a storage says of a message, each time. */
type Fate = 'stored' | 'refused' | 'partly refused'
type Message = { readonly record: BusRecord; readonly fate: Fate }

type Step =
  | { readonly do: 'send'; readonly sender: number; readonly fate: Fate; readonly lost: number; readonly pieces: number }
  | { readonly do: 'repeat'; readonly back: number }
  | { readonly do: 'new epoch'; readonly sender: number; readonly reserved: number }
  | { readonly do: 'deliver'; readonly count: number; readonly commits: boolean }
  | { readonly do: 'save' | 'crash' | 'hand over' | 'freeze' }
  | { readonly do: 'thaw'; readonly count: number }
  | { readonly do: 'retention'; readonly count: number }
  | { readonly do: 'bus away' }

const fate = fc.oneof(
  { weight: 6, arbitrary: fc.constant('stored' as const) },
  fc.constantFrom('refused' as const, 'partly refused' as const),
)
const sender = fc.integer({ min: 0, max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      sender,
      fate,
      lost: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 3 })),
      pieces: fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 4 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), back: fc.integer({ min: 1, max: 12 }) }) },
  fc.record({ do: fc.constant('new epoch' as const), sender, reserved: fc.integer({ min: 0, max: 5 }) }),
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 8 }), commits: fc.boolean() }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('save' as const, 'crash' as const, 'hand over' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('freeze' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('thaw' as const), count: fc.integer({ min: 0, max: 4 }) }) },
  fc.record({ do: fc.constant('retention' as const), count: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ do: fc.constant('bus away' as const) }),
)

/**
 * A log, senders, and one member after the other that delivers and keeps books, one of them perhaps still there when the next has the
 * partition; and beside it what should be booked, offset by offset.
 */
function createWorld() {
  const log = createFakeLog()
  const messages: Message[] = []
  const states = new Map<string, Buffer>()
  const senders = [0, 1, 2, 3].map((index) => ({
    epoch: 1,
    next: index,
    key: `k${index >> 1}`,
    agent: `a${index >> 1}`,
    cluster: CLUSTERS[index % 2] ?? '',
  }))
  let committed = 0
  /** Who saved last, and what was booked then. */
  let saved = { by: 0, generation: 0, booked: new Map<number, string>() }
  /** What a member was told has expired: that is kept at once. */
  const toldExpired = new Set<number>()
  let members = 0
  let member = start()
  let frozen: Member | undefined

  function start() {
    const store = createMemoryLedgerStore(states)
    const backoff = { minMs: 0, maxMs: 1 }
    const ledger = createLedger({ store, read: log.read, logger: silent, saveEveryMs: 1e6, patienceMs: 1e6, backoff })
    return {
      ledger,
      id: ++members,
      position: undefined as number | undefined,
      generation: 0,
      expected: new Map<number, string>(),
      isChanged: false,
    }
  }
  type Member = ReturnType<typeof start>

  const append = (headers: EnvelopeHeaders, key: string, fateOf: Fate): void =>
    void messages.push({ record: log.append(headers, key), fate: fateOf })

  const takeOver = (): void => {
    member.expected = new Map(saved.booked)
    member.generation = saved.generation + 1
    for (let offset = member.expected.size; offset < committed; offset++) {
      expectAt(member, offset, log.isThere(offset) ? undefined : toldExpired.has(offset) ? 'expired' : 'unattributed')
    }
  }

  const expectAt = ({ expected }: Member, offset: number, gone?: string): void => {
    const message = messages[offset]
    if (expected.has(offset) || message === undefined) return
    const isRepeat = [...expected].some(([other, what]) => !isGone(what) && isSame(messages[other]!.record, message.record))
    expected.set(offset, gone ?? (message.fate === 'refused' ? 'deadLetter' : isRepeat ? 'repeatedInBus' : 'stored'))
  }

  /** What a member writes of its own prefix, unless somebody who came after it, or has come further, has written. */
  const saves = (one: Member): void => {
    if (!one.isChanged) return
    one.isChanged = false
    const isOthers = saved.by !== one.id && saved.generation >= one.generation
    if (isOthers && (saved.generation > one.generation || saved.booked.size > one.expected.size)) return
    saved = { by: one.id, generation: one.generation, booked: new Map(one.expected) }
  }

  const settles = async (one: Member, batch: readonly BusRecord[], about: Partial<PartitionBatch>): Promise<void> => {
    const book = await one.ledger.take({ topic: 't', partition: 0, records: batch, takeover: false, ...about }, OWNER, never)
    await book.settle(
      batch.map((record) => settlementOf(messages[Number(record.origin.offset)]!)),
      never,
    )
    for (const { origin } of batch) expectAt(one, Number(origin.offset))
    one.isChanged = true
  }

  const deliver = async (count: number, commits: boolean): Promise<void> => {
    const takeover = member.position === undefined
    const from = member.position ?? committed
    const first = Math.max(from, log.start())
    const batch = messages.slice(first, first + count).map(({ record }) => record)
    if (batch.length === 0) return
    const isFirst = states.size === 0
    if (takeover) takeOver()
    for (let offset = from; offset < first; offset++) {
      expectAt(member, offset, 'expired')
      toldExpired.add(offset)
    }
    const about = { ...(first > from ? { expired: first - from } : {}), ...(takeover ? { committed: BigInt(committed) } : {}) }
    await settles(member, batch, { takeover, ...about })
    // A book that begins is saved before anything is committed.
    if (isFirst) saves(member)
    if (commits) committed = first + batch.length
    member.position = first + batch.length
    // What is not committed is handed over again, to whoever comes next.
    if (!commits) crash()
  }

  const crash = (): void => {
    member = start()
  }

  const take: { [K in Step['do']]: (step: Extract<Step, { readonly do: K }>) => void | Promise<void> } = {
    send: ({ sender: index, fate: fateOf, lost, pieces }) => {
      const one = senders[index]!
      one.next += lost
      const sequence = one.next++
      const headers = { cluster: one.cluster, agent: one.agent, epoch: one.epoch, sequence }
      for (let piece = 0; piece < pieces; piece++) append(pieces === 1 ? headers : { ...headers, position: piece * 10 }, one.key, fateOf)
    },
    repeat: ({ back }) => {
      const message = messages.at(-back)
      if (message !== undefined) append(message.record.headers, message.record.key, message.fate)
    },
    'new epoch': ({ sender: index, reserved }) => {
      const one = senders[index]!
      if (one.epoch === 4) return
      one.epoch++
      one.next += reserved
    },
    deliver: ({ count, commits }) => deliver(count, commits),
    save: async () => {
      await member.ledger.save(never)
      saves(member)
    },
    crash: crash,
    'hand over': async () => {
      await member.ledger.close()
      saves(member)
      member = start()
    },
    // Another one takes its partition over, and it does not know of it.
    freeze: () => {
      if (frozen !== undefined || member.position === undefined) return
      frozen = member
      member = start()
    },
    // It ends its last body, which it cannot commit, and learns that the partition is not its own.
    thaw: async ({ count }) => {
      if (frozen?.position === undefined) return
      const { position } = frozen
      const batch = position < log.start() ? [] : messages.slice(position, position + count).map(({ record }) => record)
      if (batch.length > 0) await settles(frozen, batch, {})
      await frozen.ledger.close()
      saves(frozen)
      frozen = undefined
    },
    retention: ({ count }) => log.deleteBefore(log.start() + count),
    'bus away': () => log.failNextRead(),
  }

  return {
    run: async (steps: readonly Step[]): Promise<void> => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each is given its own step
      for (const one of steps) await (take[one.do] as (step: Step) => void | Promise<void>)(one)
    },
    /** The last member brings the book up to date, so that it can be compared. */
    settle: async (): Promise<PartitionAccount | undefined> => {
      append({ cluster: 'c' }, 'end', 'stored')
      await deliver(1000, true)
      return member.ledger.accounts()[0]
    },
    messages,
    expected: () => member.expected,
  }
}

const isGone = (what: string): boolean => what === 'expired' || what === 'unattributed'

const settlementOf = ({ record, fate: fateOf }: Message): Settlement => {
  const outcome: Outcome = fateOf === 'refused' ? 'deadLetter' : 'stored'
  const refused = fateOf === 'refused' ? 10 : fateOf === 'partly refused' ? 3 : 0
  return { record, outcome, records: 10 - refused, refused }
}

const isSame = (a: BusRecord, b: BusRecord): boolean =>
  a.headers.sequence !== undefined && a.headers.position === b.headers.position && numberText(a) === numberText(b)
const numberText = ({ key, headers }: BusRecord): string =>
  JSON.stringify([key, headers.cluster, headers.agent, headers.epoch, headers.sequence])

/** The counts, made the slow way from what became of each message. */
function accountsOf(world: ReturnType<typeof createWorld>): readonly AgentAccount[] {
  const booked = [...world.expected()].filter(([, what]) => !isGone(what)).map(([offset, what]) => ({ ...world.messages[offset]!, what }))
  const names = [...new Set(booked.map(({ record: { headers } }) => JSON.stringify([headers.cluster, headers.agent ?? ''])))]
  return names.map((name): AgentAccount => {
    const own = booked.filter(({ record: { headers } }) => JSON.stringify([headers.cluster, headers.agent ?? '']) === name)
    const count = (what: string) => {
      const these = own.filter((one) => one.what === what).map((one) => settlementOf(one))
      return { messages: these.length, records: sum(these.map((one) => (what === 'deadLetter' ? 0 : one.records))) }
    }
    const [cluster, agent] = JSON.parse(name)
    const dead = { messages: count('deadLetter').messages, records: sum(own.map((one) => settlementOf(one).refused)) }
    const { stored, repeatedInBus, repeatedInStorage } = {
      stored: count('stored'),
      repeatedInBus: count('repeatedInBus'),
      repeatedInStorage: count('repeatedInStorage'),
    }
    return {
      cluster,
      agent,
      stored,
      repeatedInBus,
      repeatedInStorage,
      deadLetters: dead,
      epochs: epochsOf(own.map(({ record }) => record)),
    }
  })
}

function epochsOf(records: readonly BusRecord[]) {
  const numbered = records.flatMap(({ key, headers: { epoch, sequence } }) =>
    epoch === undefined || sequence === undefined ? [] : [{ key, epoch, sequence }],
  )
  const epochs = [...new Set(numbered.map(({ epoch }) => epoch))].toSorted((a, b) => a - b)
  const keys = [...new Set(numbered.map(({ key }) => key))]
  const numbersOf = (key: string, epoch: number): number[] => [
    ...new Set(numbered.filter((one) => one.key === key && one.epoch === epoch).map(({ sequence }) => sequence)),
  ]
  return epochs.map((epoch) => {
    const lists = keys.map((key) => ({ key, list: numbersOf(key, epoch) })).filter(({ list }) => list.length > 0)
    const jumps = lists.map(({ key, list }) => {
      const before = epochs
        .filter((one) => one < epoch)
        .map((one) => numbersOf(key, one))
        .findLast((one) => one.length > 0)
      return before === undefined ? 0 : Math.max(0, Math.min(...list) - Math.max(...before) - 1)
    })
    return {
      epoch,
      distinct: sum(lists.map(({ list }) => list.length)),
      missing: sum(lists.map(({ list }) => Math.max(...list) - Math.min(...list) + 1 - list.length)),
      jumped: sum(jumps),
    }
  })
}

const sum = (list: readonly number[]): number => list.reduce((total, one) => total + one, 0)
const byName = (a: AgentAccount, b: AgentAccount): number => (`${a.cluster} ${a.agent}` < `${b.cluster} ${b.agent}` ? -1 : 1)

describe('the books of a partition', () => {
  test('whatever happens, each message is in exactly one count, and in the right one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const world = createWorld()
        await world.run(steps)
        const account = await world.settle()
        const all = [...world.expected().values()]
        expect(account?.agents.toSorted(byName)).toEqual(accountsOf(world).toSorted(byName))
        expect(account?.expired).toBe(all.filter((what) => what === 'expired').length)
        expect(account?.unattributed).toBe(all.filter((what) => what === 'unattributed').length)
        expect(account?.upTo).toBe(String(world.messages.length))
        const booked = account?.agents.flatMap((one) => [one.stored, one.repeatedInBus, one.repeatedInStorage, one.deadLetters]) ?? []
        const from = Number(account?.from)
        expect(sum(booked.map(({ messages }) => messages)) + (account?.expired ?? 0) + (account?.unattributed ?? 0)).toBe(
          world.messages.length - from,
        )
      }),
      { numRuns: 150 },
    )
  })
})
