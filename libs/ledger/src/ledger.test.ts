import { RetryableError, type BusRecord, type EnvelopeHeaders, type LedgerStore, type Logger, type PartitionBatch } from '@clymene/model'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { createLedger, type Ledger, type LedgerOptions } from './ledger.ts'
import { createMemoryLedgerStore } from './memory-store.ts'
import type { LedgerObserver } from './observer.ts'
import type { Outcome, Settlement } from './outcome.ts'
import { reportOf } from './report.ts'
import { createFakeLog, type FakeLog } from './testing/fake-log.ts'
import { never, silent } from './testing/silent.ts'

const OWNER = { kind: 'metrics', storage: 's', group: 'g' } as const

const opened: Ledger[] = []
afterEach(() => Promise.all(opened.splice(0).map((one) => one.close())))

type Booked = Record<string, number>

/** One process: a log, a store that outlives it, and what it told of itself. */
function startMember(log: FakeLog, options: Partial<LedgerOptions> & { readonly states?: Map<string, Buffer> } = {}) {
  const { states = new Map<string, Buffer>(), ...rest } = options
  const errors: string[] = []
  const logger: Logger = { ...silent, error: (text) => void errors.push(text) }
  const told: Booked = {}
  const count = (name: string, messages = 1): void => {
    told[name] = (told[name] ?? 0) + messages
  }
  const observer: LedgerObserver = {
    booked: (_, outcome, messages) => count(outcome, messages),
    saved: () => count('saved'),
    saveFailed: () => count('save failed'),
    unsafe: (_, messages) => count('unsafe', messages),
  }
  const ledger = createLedger({
    store: createMemoryLedgerStore(states),
    read: log.read,
    logger,
    observer,
    saveEveryMs: 1e6,
    patienceMs: 2000,
    backoff: { minMs: 1, maxMs: 2 },
    ...rest,
  })
  opened.push(ledger)
  const take = (records: readonly BusRecord[], about: Partial<PartitionBatch> = {}, signal = never) =>
    ledger.take({ topic: 't', partition: 0, takeover: false, ...about, records }, OWNER, signal)
  return {
    ledger,
    states,
    told,
    errors,
    take,
    /** Everything of the log from `from` up to before `to` is delivered. */
    deliver: async (from: number, to: number, about: Partial<PartitionBatch> = {}, outcome: Outcome = 'stored', signal = never) => {
      const records = log.records.slice(from, to)
      const book = await take(records, about, signal)
      await book.settle(
        records.map((record) => settled(record, outcome)),
        signal,
      )
      return book
    },
    /** What is booked: of the books in memory, or of those that were saved. */
    counts: (from: 'now' | 'saved' = 'now') => {
      const [account] = from === 'now' ? ledger.accounts() : reportOf(states)
      if (account === undefined) return undefined
      const { agents } = account
      const sum = (pick: (one: (typeof agents)[number]) => number) => agents.reduce((total, one) => total + pick(one), 0)
      return {
        from: account.from,
        upTo: account.upTo,
        stored: sum((one) => one.stored.messages),
        bus: sum((one) => one.repeatedInBus.messages),
        storage: sum((one) => one.repeatedInStorage.messages),
        dead: sum((one) => one.deadLetters.messages),
        expired: account.expired,
        unattributed: account.unattributed,
      }
    },
  }
}

const settled = (record: BusRecord, outcome: Outcome = 'stored'): Settlement => {
  const isDead = outcome === 'deadLetter'
  return { record, outcome, records: isDead ? 0 : 10, refused: isDead ? 10 : 0 }
}

function filledLog(count: number, headers: EnvelopeHeaders = {}): FakeLog {
  const log = createFakeLog()
  for (let sequence = 0; sequence < count; sequence++) log.append({ cluster: 'c', agent: 'a', epoch: 1, sequence, ...headers })
  return log
}

const NONE = { from: '0', stored: 0, bus: 0, storage: 0, dead: 0, expired: 0, unattributed: 0 }

/** Nothing of a process is left but what it saved. */
const after = (log: FakeLog, { states }: { readonly states: Map<string, Buffer> }, options: Partial<LedgerOptions> = {}) =>
  startMember(log, { states, ...options })

describe('books of a partition', () => {
  test('count each message once, by what came of it', async () => {
    const log = filledLog(6)
    const member = startMember(log)
    const book = await member.take(log.records, { takeover: true })
    const outcomes: Outcome[] = ['stored', 'deadLetter', 'repeatedInStorage', 'repeatedInBus', 'stored', 'stored']
    await book.settle(
      log.records.map((record, index) => settled(record, outcomes[index])),
      never,
    )
    expect(member.counts()).toEqual({ ...NONE, upTo: '6', stored: 3, bus: 1, storage: 1, dead: 1 })
    expect(member.told).toMatchObject({ stored: 3, repeatedInBus: 1, repeatedInStorage: 1, deadLetter: 1 })
  })

  test('a book that begins is saved before anything is committed, so nothing before it is forgotten', async () => {
    const log = filledLog(10)
    const dead = startMember(log)
    await dead.deliver(0, 4, { takeover: true })
    await dead.deliver(4, 6)
    const next = after(log, dead)
    await next.deliver(6, 10, { takeover: true, committed: 6n })
    expect(next.counts()).toEqual({ ...NONE, upTo: '10', stored: 10 })
    expect(log.reads).toEqual([4])
  })

  test('what cannot be found out again is kept before the commit', async () => {
    const log = filledLog(10)
    const dead = startMember(log)
    await dead.deliver(0, 2, { takeover: true })
    await dead.deliver(2, 4, {}, 'deadLetter')
    await dead.deliver(4, 6, {}, 'repeatedInStorage')
    expect(dead.told['saved']).toBe(1)
    const next = after(log, dead)
    await next.deliver(6, 10, { takeover: true, committed: 6n })
    expect(next.counts()).toEqual({ ...NONE, upTo: '10', stored: 6, dead: 2, storage: 2 })
  })

  test('a refused part of a stored message too', async () => {
    const log = filledLog(3)
    const dead = startMember(log)
    await dead.deliver(0, 1, { takeover: true })
    const record = log.records[1]!
    await (await dead.take([record])).settle([{ record, outcome: 'stored', records: 7, refused: 3 }], never)
    const next = after(log, dead)
    await next.deliver(2, 3, { takeover: true, committed: 2n })
    expect(next.ledger.accounts()[0]?.agents[0]).toMatchObject({
      stored: { messages: 3, records: 27 },
      deadLetters: { messages: 0, records: 3 },
    })
  })

  test('with more than 1,000 exceptions the book is saved instead', async () => {
    const log = filledLog(1004)
    const member = startMember(log)
    await member.deliver(0, 1, { takeover: true })
    await member.deliver(1, 1002, {}, 'deadLetter')
    expect(member.told['saved']).toBe(2)
    await member.deliver(1002, 1004)
    const next = after(log, member)
    await next.deliver(1003, 1004, { takeover: true, committed: 1004n })
    expect(next.counts()).toMatchObject({ stored: 3, dead: 1001 })
  })

  test('a partition that is taken over without a message is brought up to date', async () => {
    const log = filledLog(5)
    const dead = startMember(log)
    await dead.deliver(0, 2, { takeover: true })
    await dead.deliver(2, 4)
    await dead.deliver(4, 5, {}, 'deadLetter')
    const next = after(log, dead)
    await next.deliver(0, 0, { takeover: true, committed: 5n, repeatsBefore: 5n })
    expect(next.counts()).toEqual({ ...NONE, upTo: '5', stored: 4, dead: 1 })
    log.append({ cluster: 'c', agent: 'a', epoch: 1, sequence: 5 })
    await next.deliver(5, 6, { takeover: true, committed: 5n })
    expect(next.counts()).toEqual({ ...NONE, upTo: '6', stored: 5, dead: 1 })
  })

  test('what is handed over again is not counted again', async () => {
    const log = filledLog(6)
    const member = startMember(log)
    await member.deliver(0, 4, { takeover: true })
    const next = after(log, member)
    await next.deliver(2, 6, { takeover: true, committed: 2n })
    expect(next.counts()).toEqual({ ...NONE, upTo: '6', stored: 6 })
  })

  test('a number that came before is a repeat, also long after, and is asked for before it is written', async () => {
    const log = filledLog(3)
    const again = log.append(log.records[1]!.headers, log.records[1]!.key)
    const member = startMember(log)
    await member.deliver(0, 3, { takeover: true })
    const next = after(log, member)
    const book = await next.take([again], { takeover: true, committed: 3n })
    expect(book.isSeen(again)).toBe(true)
    await book.settle([settled(again, 'repeatedInStorage')], never)
    expect(next.counts()).toEqual({ ...NONE, upTo: '4', stored: 3, bus: 1 })
    // Handed over again, it is no repeat of itself.
    expect(book.isSeen(again)).toBe(false)
  })

  test('what expired is counted, also when nobody could save since', async () => {
    const log = filledLog(20)
    const dead = startMember(log)
    await dead.deliver(0, 2, { takeover: true })
    log.deleteBefore(8)
    await dead.deliver(8, 10, { expired: 6 })
    const next = after(log, dead)
    await next.deliver(10, 12, { takeover: true, committed: 10n })
    expect(next.counts()).toEqual({ ...NONE, upTo: '12', stored: 6, expired: 6 })
  })

  test('what was settled, not saved, and deleted meanwhile is unattributed', async () => {
    const log = filledLog(20)
    const dead = startMember(log)
    await dead.deliver(0, 2, { takeover: true })
    await dead.deliver(2, 9)
    log.deleteBefore(6)
    const next = after(log, dead)
    await next.deliver(9, 10, { takeover: true, committed: 9n })
    expect(next.counts()).toEqual({ ...NONE, upTo: '10', stored: 6, unattributed: 4 })
  })

  test('of those that were deleted none needs to be left before the batch', async () => {
    const log = filledLog(20)
    const dead = startMember(log)
    await dead.deliver(0, 2, { takeover: true })
    await dead.deliver(2, 9)
    log.deleteBefore(9)
    const next = after(log, dead)
    await next.take(log.records.slice(9, 10), { takeover: true, committed: 9n })
    expect(next.counts()).toEqual({ ...NONE, upTo: '9', stored: 2, unattributed: 7 })
  })

  test('a log that ends before what was committed is read again: its leader does not know yet how far it goes', async () => {
    const log = filledLog(10)
    const dead = startMember(log)
    await dead.deliver(0, 2, { takeover: true })
    await dead.deliver(2, 6)
    const next = after(log, dead)
    log.endNextReadsBefore(3, 4)
    await next.deliver(6, 10, { takeover: true, committed: 6n })
    expect(next.counts()).toEqual({ ...NONE, upTo: '10', stored: 10 })
    expect(log.reads).toEqual([2, 3, 4])
  })

  test('a group that is handed over what lies before where it stood has its book from there', async () => {
    const log = filledLog(4)
    const member = startMember(log)
    await member.deliver(0, 4, { takeover: true, committed: 100n })
    expect(member.counts()).toEqual({ ...NONE, upTo: '4', stored: 4 })
  })

  test('a topic that was made anew begins at 0 again, the counts stay', async () => {
    const member = startMember(filledLog(5))
    await member.deliver(0, 5, { takeover: true })
    const anew = createFakeLog()
    for (let sequence = 5; sequence < 9; sequence++) anew.append({ cluster: 'c', agent: 'a', epoch: 1, sequence }, 'c/a', 10_000 + sequence)
    const next = after(anew, member)
    // Somebody has settled the first two of it already.
    await next.deliver(2, 4, { takeover: true, committed: 2n })
    expect(next.counts()).toEqual({ ...NONE, upTo: '4', stored: 9 })
    expect(next.ledger.accounts()[0]).toMatchObject({
      earlier: 5,
      agents: [{ epochs: [{ epoch: 1, distinct: 9, missing: 0, jumped: 0 }] }],
    })
    const third = after(anew, next)
    await third.deliver(3, 4, { takeover: true, committed: 4n })
    expect(third.counts()).toMatchObject({ upTo: '4', stored: 9 })
  })

  test('a damaged book is an error, and a new one begins', async () => {
    const log = filledLog(6)
    const member = startMember(log)
    await member.deliver(0, 4, { takeover: true })
    for (const name of member.states.keys()) member.states.set(name, Buffer.from('damaged'))
    const next = after(log, member)
    await next.deliver(4, 6, { takeover: true, committed: 4n })
    expect(next.errors).toEqual(['the saved book is damaged: a new one begins, what it counted is lost'])
    expect(next.counts('saved')).toEqual({ ...NONE, from: '4', upTo: '6', stored: 2 })
  })

  test('a partition that is lost is saved, and its member forgets it', async () => {
    const log = filledLog(8)
    const member = startMember(log)
    const lost = new AbortController()
    const book = await member.deliver(0, 3, { takeover: true }, 'stored', lost.signal)
    await member.deliver(3, 5, {}, 'stored', lost.signal)
    lost.abort(new Error('lost'))
    await expect.poll(() => member.counts('saved')).toEqual({ ...NONE, upTo: '5', stored: 5 })
    expect([member.ledger.accounts(), member.ledger.agents()]).toEqual([[], 0])
    await book.settle([settled(log.records[5]!)], never)
    expect(member.ledger.agents()).toBe(0)
    // And takes it over again.
    await member.deliver(5, 8, { takeover: true, committed: 5n })
    expect(member.counts()).toEqual({ ...NONE, upTo: '8', stored: 8 })
  })

  test('a member that lost the partition may save its older book late', async () => {
    const log = filledLog(8)
    const late = startMember(log)
    await late.deliver(0, 2, { takeover: true })
    const older = new Map(late.states)
    const next = after(log, late)
    await next.deliver(2, 4, { takeover: true, committed: 2n }, 'deadLetter')
    await next.ledger.save(never)
    await next.deliver(4, 5, {}, 'deadLetter')
    for (const [name, state] of older) if (name.startsWith('book/')) next.states.set(name, state)
    const third = after(log, next)
    await third.deliver(5, 8, { takeover: true, committed: 5n })
    expect(third.counts()).toEqual({ ...NONE, upTo: '8', stored: 5, dead: 3 })
  })

  test('books are saved by themselves when they changed', async () => {
    const log = filledLog(4)
    const member = startMember(log, { saveEveryMs: 100 })
    await member.deliver(0, 2, { takeover: true })
    await member.deliver(2, 4)
    await expect.poll(() => member.counts('saved')?.stored).toBe(4)
  })
})

/** A store whose calls fail, or never end, as long as it is away. */
function awayStore(how: 'fails' | 'hangs') {
  const states = new Map<string, Buffer>()
  const inner = createMemoryLedgerStore(states)
  let isAway = true
  const unlessAway = <T>(call: () => Promise<T>): Promise<T> => {
    if (!isAway) return call()
    return how === 'fails' ? Promise.reject(new RetryableError('the store is away')) : new Promise(() => undefined)
  }
  const store: LedgerStore = {
    load: (name, signal) => unlessAway(() => inner.load(name, signal)),
    save: (name, state, signal) => unlessAway(() => inner.save(name, state, signal)),
    all: (signal) => unlessAway(() => inner.all(signal)),
    close: inner.close,
  }
  return {
    store,
    states,
    set: (away: boolean) => {
      isAway = away
    },
  }
}

describe('a store that is away', () => {
  test.each(['fails', 'hangs'] as const)('that %s at a takeover holds delivery up for a bounded time', async (how) => {
    const log = filledLog(6)
    const { store } = awayStore(how)
    const member = startMember(log, { store, patienceMs: 20 })
    await member.deliver(0, 3, { takeover: true })
    await member.deliver(3, 6, {}, 'deadLetter')
    expect(member.counts()).toBeUndefined()
    expect(member.told).toMatchObject({ unsafe: 3 })
    expect(member.errors).toHaveLength(1)
  })

  test('when it is back the book catches up, with what came of the messages meanwhile', async () => {
    const log = filledLog(8)
    const { store, states, set } = awayStore('fails')
    const member = startMember(log, { store, patienceMs: 20 })
    await member.deliver(0, 3, { takeover: true })
    await member.deliver(3, 6, {}, 'deadLetter')
    set(false)
    await expect.poll(() => member.counts()).toEqual({ ...NONE, upTo: '6', stored: 3, dead: 3 })
    await member.deliver(6, 8)
    await member.ledger.save(never)
    expect(member.counts()).toEqual({ ...NONE, upTo: '8', stored: 5, dead: 3 })
    expect(reportOf(states)[0]).toMatchObject({ upTo: '8' })
  })

  test('later, it holds nothing up but the first commit of what it should keep', async () => {
    const log = filledLog(40)
    const { store, set } = awayStore('hangs')
    set(false)
    const member = startMember(log, { store, patienceMs: 50 })
    await member.deliver(0, 2, { takeover: true })
    set(true)
    const start = performance.now()
    for (let offset = 2; offset < 40; offset++) await member.deliver(offset, offset + 1, {}, offset % 2 === 0 ? 'stored' : 'deadLetter')
    // 19 times 50 ms, if each waited.
    expect(performance.now() - start).toBeLessThan(900)
    expect(member.told).toMatchObject({ unsafe: 19, 'save failed': 1 })
    expect(member.counts()).toMatchObject({ stored: 21, dead: 19 })
  })

  test('that does not end a save holds up no takeover for longer than the patience', async () => {
    const log = filledLog(8)
    const { store, set } = awayStore('hangs')
    set(false)
    const member = startMember(log, { store, patienceMs: 100 })
    await member.deliver(0, 2, { takeover: true })
    await member.deliver(2, 4)
    set(true)
    const saving = member.ledger.save(never)
    await member.deliver(4, 8, { takeover: true, committed: 4n })
    await expect(saving).resolves.toBeUndefined()
    expect(member.ledger.accounts()).toEqual([])
  })

  test('nor one that is lost at once', async () => {
    const log = filledLog(8)
    const gate = Promise.withResolvers<void>()
    const inner = createMemoryLedgerStore()
    let isOpen = true
    const save: LedgerStore['save'] = async (...state) => {
      if (!isOpen) await gate.promise
      await inner.save(...state)
    }
    const member = startMember(log, { store: { ...inner, save }, patienceMs: 60_000 })
    await member.deliver(0, 2, { takeover: true })
    await member.deliver(2, 4)
    isOpen = false
    const lost = new AbortController()
    const taking = member.take(log.records.slice(4), { takeover: true, committed: 4n }, lost.signal)
    lost.abort(new Error('lost'))
    await expect(taking).rejects.toThrow('lost')
    gate.resolve()
  })

  test('is tried again after a moment, also when the clock was set back', async () => {
    const log = filledLog(6)
    const { store, set } = awayStore('fails')
    set(false)
    let clock = 1e12
    const member = startMember(log, { store, now: () => clock })
    await member.deliver(0, 2, { takeover: true })
    set(true)
    await member.deliver(2, 4, {}, 'deadLetter')
    expect(member.told).toMatchObject({ unsafe: 2 })
    set(false)
    clock -= 513_000
    const later = performance.now() + 11_000
    const passed = vi.spyOn(performance, 'now').mockImplementation(() => later)
    await member.deliver(4, 6, {}, 'deadLetter').finally(() => passed.mockRestore())
    expect(member.told).toMatchObject({ unsafe: 2 })
  })

  test('saving says so, and is tried again', async () => {
    const log = filledLog(4)
    const { store, set } = awayStore('fails')
    set(false)
    const member = startMember(log, { store })
    await member.deliver(0, 4, { takeover: true })
    await member.deliver(3, 4)
    set(true)
    await member.ledger.save(never).catch(() => undefined)
    expect(member.told).toMatchObject({ stored: 4 })
    set(false)
    await expect(member.ledger.save(never)).resolves.toBeUndefined()
  })

  test('the bus away: the book is behind, not wrong', async () => {
    const log = filledLog(8)
    const dead = startMember(log)
    await dead.deliver(0, 2, { takeover: true })
    await dead.deliver(2, 5)
    for (let failure = 0; failure < 3; failure++) log.failNextRead()
    const next = after(log, dead)
    await next.deliver(5, 8, { takeover: true, committed: 5n })
    await expect.poll(() => next.counts()).toEqual({ ...NONE, upTo: '8', stored: 8 })
  })

  test('a stop does not wait for it longer than the patience', async () => {
    const log = filledLog(4)
    const { store, set } = awayStore('hangs')
    set(false)
    const member = startMember(log, { store, patienceMs: 50 })
    await member.deliver(0, 2, { takeover: true })
    await member.deliver(2, 4)
    set(true)
    await expect(member.ledger.close()).resolves.toBeUndefined()
  })
})

describe('a member that goes on after another has taken its partition over', () => {
  test('does not save its older book over the newer one', async () => {
    const log = filledLog(12)
    const [frozen, lost] = [startMember(log), new AbortController()]
    await frozen.deliver(0, 2, { takeover: true }, 'stored', lost.signal)
    await frozen.deliver(2, 3, {}, 'stored', lost.signal)
    const next = after(log, frozen)
    await next.deliver(3, 5, { takeover: true, committed: 3n }, 'deadLetter')
    await next.ledger.save(never)
    await next.deliver(5, 8)
    await next.ledger.save(never)
    await next.deliver(8, 10, {}, 'deadLetter')
    lost.abort(new Error('lost'))
    await frozen.ledger.close()
    expect(frozen.told['saved']).toBe(1)
    const third = after(log, next)
    await third.deliver(10, 12, { takeover: true, committed: 10n })
    expect(third.counts()).toEqual({ ...NONE, upTo: '12', stored: 8, dead: 4 })
  })

  test('nor by and by, as long as it does not know of it', async () => {
    const log = filledLog(8)
    const frozen = startMember(log)
    await frozen.deliver(0, 3, { takeover: true })
    const next = after(log, frozen)
    await next.deliver(3, 4, { takeover: true, committed: 3n })
    await next.ledger.save(never)
    await frozen.deliver(3, 6)
    await frozen.ledger.save(never)
    expect(next.counts('saved')).toMatchObject({ upTo: '4' })
  })

  test('keeps what came of its last body with what the other has kept', async () => {
    const log = filledLog(8)
    const [frozen, lost] = [startMember(log), new AbortController()]
    await frozen.deliver(0, 2, { takeover: true }, 'stored', lost.signal)
    const next = after(log, frozen)
    await next.deliver(2, 4, { takeover: true, committed: 2n }, 'deadLetter')
    await next.deliver(4, 6)
    await frozen.deliver(2, 3, {}, 'deadLetter', lost.signal)
    lost.abort(new Error('lost'))
    await frozen.ledger.close()
    const third = after(log, next)
    await third.deliver(6, 8, { takeover: true, committed: 6n })
    expect(third.counts()).toEqual({ ...NONE, upTo: '8', stored: 6, dead: 2 })
  })

  test('is not deceived by an answer of before it was stopped', async () => {
    const log = filledLog(6)
    const states = new Map<string, Buffer>()
    const inner = createMemoryLedgerStore(states)
    let whileStopped: (() => Promise<void>) | undefined
    const load: LedgerStore['load'] = async (...about) => {
      const state = await inner.load(...about)
      const stop = whileStopped
      whileStopped = undefined
      await stop?.()
      return state
    }
    const frozen = startMember(log, { store: { ...inner, load }, states })
    await frozen.deliver(0, 2, { takeover: true })
    await frozen.deliver(2, 3)
    const next = after(log, frozen)
    const later = performance.now() + 60_000
    whileStopped = async () => {
      await next.deliver(3, 6, { takeover: true, committed: 3n })
      await next.ledger.save(never)
      vi.spyOn(performance, 'now').mockImplementation(() => later)
    }
    await frozen.ledger.save(never).finally(() => vi.restoreAllMocks())
    expect(next.counts('saved')).toMatchObject({ upTo: '6' })
  })
})

describe('report', () => {
  test('of all replicas: what is saved, and of each book here what it is now', async () => {
    const states = new Map<string, Buffer>()
    const log = filledLog(6)
    const [one, other] = [startMember(log, { states }), startMember(log, { states })]
    await one.deliver(0, 3, { takeover: true })
    await other.ledger.take({ topic: 't', partition: 1, records: log.records.slice(0, 1), takeover: true }, OWNER, never)
    await other.ledger.save(never)
    await one.deliver(3, 6)
    states.set('replay/s/t', Buffer.from('of another kind'))
    states.set('book/g/s/t/7', Buffer.from('damaged'))
    const damaged: string[] = []
    const accounts = reportOf(states, { live: one.ledger.accounts(), onDamaged: (name) => void damaged.push(name) })
    expect(accounts.map(({ partition, upTo }) => [partition, upTo])).toEqual([
      [0, '6'],
      [1, '0'],
    ])
    expect(damaged).toEqual(['book/g/s/t/7'])
  })

  test('gaps by cluster: those of the storage that has found most', async () => {
    const log = createFakeLog()
    for (const sequence of [0, 4]) log.append({ cluster: 'c', agent: 'a', epoch: 1, sequence })
    log.append({ cluster: 'c', agent: 'a', epoch: 2, sequence: 10 })
    log.append({ cluster: 'd' })
    const { ledger } = startMember(log)
    for (const [storage, count] of [
      ['s', 4],
      ['behind', 3],
    ] as const) {
      const records = log.records.slice(0, count)
      const book = await ledger.take({ topic: 't', partition: 0, records, takeover: true }, { ...OWNER, storage }, never)
      await book.settle(
        records.map((record) => settled(record)),
        never,
      )
    }
    expect(ledger.gaps()).toEqual([{ kind: 'metrics', cluster: 'c', missing: 3, jumped: 5 }])
  })
})
