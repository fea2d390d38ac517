import { RetryableError } from '@clymene/model'
import type { KafkaMessage } from 'kafkajs'
import { describe, expect, test } from 'vitest'

import { createLedgerStore } from './ledger-store.ts'
import type { LedgerTopic } from './ledger-topic.ts'
import { createSaveQueue, type NamedState } from './save-queue.ts'
import { createStateIndex } from './state-index.ts'

const never = new AbortController().signal
const state = (text: string): Buffer => Buffer.from(text)

type Appended = { readonly key: Buffer; readonly value: Buffer | null; readonly offset: bigint }

/** A topic in memory; `reads` are the ranges that were asked for. */
function fakeTopic() {
  let log: readonly Appended[] = []
  let next = 0n
  const reads: (readonly [bigint, bigint])[] = []
  const append = (name: string, value: Buffer | null): void => {
    log = [...log, { key: Buffer.from(name), value, offset: next++ }]
  }
  const topic: LedgerTopic = {
    append: async (states) => {
      for (const one of states) append(one.name, one.state)
    },
    end: async () => next,
    read: async function* (from, to) {
      reads.push([from, to])
      const found = log.filter(({ offset }) => offset >= from && offset < to)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the store looks at of a message
      for (const one of found) yield [{ ...one, offset: String(one.offset) } as unknown as KafkaMessage]
    },
    close: () => undefined,
  }
  return {
    topic,
    reads,
    append,
    /** Leaves the last of each key, as the broker's cleaner does. */
    compact: () => {
      log = log.filter(({ key, offset }) => !log.some((later) => later.offset > offset && later.key.equals(key)))
    },
    makeAnew: () => {
      log = []
      next = 0n
    },
  }
}

describe('the store', () => {
  test('gives the last state that anyone saved before the call', async () => {
    const { topic } = fakeTopic()
    const [one, two] = [createLedgerStore(topic, 1000), createLedgerStore(topic, 1000)]
    expect(await two.load('a', never)).toBeUndefined()
    await one.save('a', state('1'), never)
    await one.save('__proto__', state('x'), never)
    await two.save('a', state('2'), never)
    await one.save('b', state(''), never)
    for (const store of [one, two]) {
      expect(String(await store.load('a', never))).toBe('2')
      expect(await store.load('b', never)).toEqual(state(''))
      expect([...(await store.all(never))].map(([name, saved]) => `${name}=${String(saved)}`).toSorted()).toEqual([
        '__proto__=x',
        'a=2',
        'b=',
      ])
    }
  })

  test('reads what it has not read yet, once', async () => {
    const { topic, reads } = fakeTopic()
    const store = createLedgerStore(topic, 1000)
    await store.save('a', state('1'), never)
    await Promise.all([store.load('a', never), store.load('b', never), store.all(never)])
    await store.save('a', state('2'), never)
    await store.load('a', never)
    expect(reads.filter(([from, to]) => to > from)).toEqual([
      [0n, 1n],
      [1n, 2n],
    ])
  })

  test('fetches again what it has no room for, and the newer one where that was compacted away', async () => {
    const { topic, append, compact } = fakeTopic()
    const store = createLedgerStore(topic, 10)
    for (const name of ['a', 'b', 'c']) append(name, state(`first of ${name}`))
    expect([...(await store.all(never))].map(([, saved]) => String(saved))).toEqual(['first of a', 'first of b', 'first of c'])
    // Saved between the look at the end and the fetch.
    const racing: LedgerTopic = {
      ...topic,
      read: (from, to, signal) => {
        if (to === from + 1n && from === 0n) {
          append('a', state('second of a'))
          compact()
        }
        return topic.read(from, to, signal)
      },
    }
    expect(String(await createLedgerStore(racing, 10).load('a', never))).toBe('second of a')
  })

  test('a state that somebody deleted is none, with its mark there or not', async () => {
    const { topic, append, makeAnew } = fakeTopic()
    const store = createLedgerStore(topic, 3)
    append('a', state('aaaa'))
    append('b', state('b'))
    expect(String(await store.load('a', never))).toBe('aaaa')
    append('a', null)
    expect(await store.load('a', never)).toBeUndefined()
    expect([...(await store.all(never)).keys()]).toEqual(['b'])
    makeAnew()
    append('c', state('c'))
    expect([...(await store.all(never)).keys()]).toEqual(['c'])
  })

  test('does not ask for ever for a state whose message is gone', async () => {
    const { topic, append } = fakeTopic()
    append('a', state('too large to be kept'))
    const forgetful: LedgerTopic = {
      ...topic,
      read: (from, to, signal) => (to === from + 1n && reading++ > 0 ? nothing() : topic.read(from, to, signal)),
    }
    let reading = 0
    expect(await createLedgerStore(forgetful, 1).load('a', never)).toBeUndefined()
  })

  test('a failure is the caller’s, and the next call asks again', async () => {
    const { topic } = fakeTopic()
    let failures = 2
    const failing: LedgerTopic = {
      ...topic,
      end: () => (failures-- > 0 ? Promise.reject(new RetryableError('away')) : topic.end()),
    }
    const store = createLedgerStore(failing, 100)
    await store.save('a', state('1'), never)
    const both = await Promise.allSettled([store.load('a', never), store.all(never)])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(String(await store.load('a', never))).toBe('1')
    await expect(store.load('a', AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
  })
})

const settled = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve))

async function* nothing(): AsyncGenerator<never> {}

describe('the queue of states', () => {
  const sending = (maxBytes: number) => {
    const sent: string[][] = []
    let gate = Promise.withResolvers<void>()
    const queue = createSaveQueue(async (entries: readonly NamedState[]) => {
      sent.push(entries.map(({ name, state: saved }) => `${name}=${String(saved)}`))
      await gate.promise
    }, maxBytes)
    return {
      sent,
      save: (name: string, text: string) => queue.save({ name, state: state(text) }),
      answer: async (error?: Error) => {
        await settled()
        const { resolve, reject } = gate
        gate = Promise.withResolvers()
        if (error === undefined) resolve()
        else reject(error)
        await settled()
      },
    }
  }

  test('one request at a time; what comes meanwhile goes together, of one name only the last', async () => {
    const { sent, save, answer } = sending(1000)
    const saved = [save('a', '1'), save('b', '1')]
    await Promise.resolve()
    saved.push(save('a', '2'), save('c', '1'), save('a', '3'))
    await answer()
    expect(sent).toEqual([
      ['a=1', 'b=1'],
      ['a=3', 'c=1'],
    ])
    await answer()
    await Promise.all(saved)
  })

  test('a request has no more bytes than the limit, unless one state has', async () => {
    const { sent, save, answer } = sending(5)
    const saved = [save('a', '1234'), save('b', '12'), save('c', '123456789'), save('d', '1')]
    for (let round = 0; round < 4; round++) await answer()
    await Promise.all(saved)
    expect(sent).toEqual([['a=1234'], ['b=12'], ['c=123456789'], ['d=1']])
  })

  test('a request that fails is a failure of those that were in it', async () => {
    const { save, answer, sent } = sending(1000)
    const first = save('a', '1')
    await Promise.resolve()
    const second = save('a', '2')
    const outcome = first.then(() => 'saved', String)
    await answer(new Error('away'))
    expect(await outcome).toBe('Error: away')
    await answer()
    await second
    expect(sent).toEqual([['a=1'], ['a=2']])
  })
})

test('the index keeps the newest states within its bytes, and the places of all', () => {
  const index = createStateIndex(10)
  for (const [offset, name] of ['a', 'b', 'c'].entries()) index.set(name, BigInt(offset), state('1234'))
  expect(index.names().map((name) => index.get(name)?.state?.length)).toEqual([undefined, 4, 4])
  index.set('b', 3n, state('12'))
  index.set('a', 4n, state('1234'))
  expect(index.names().map((name) => [name, index.get(name)?.state?.length])).toEqual([
    ['c', 4],
    ['b', 2],
    ['a', 4],
  ])
  index.set('d', 5n, state('12345678901'))
  expect(index.names().map((name) => index.get(name)?.state)).toEqual([undefined, undefined, undefined, undefined])
  expect(index.names().map((name) => Number(index.get(name)?.offset))).toEqual([2, 3, 4, 5])
})
