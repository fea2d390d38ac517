import { decodeReplayState } from '@clymene/ledger'
import { PermanentError, RetryableError, type LedgerStore, type Sink } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { compress } from '@clymene/wire'
import { describe, expect, test } from 'vitest'

import { createDeadLetters } from '../delivery/dead-letters.ts'
import { createLetterBus } from '../testing/letter-bus.ts'
import { busRecord, metricsDelivery, numbered, sample, TOPIC } from '../testing/messages.ts'
import { createPrometheusLike } from '../testing/prometheus-like.ts'
import { placeText, type Letter } from './letter.ts'
import { readLetters } from './read-letters.ts'
import { openReplayBook } from './replay-book.ts'
import { sendLetters, type SendLettersOptions } from './send-letters.ts'

const never = new AbortController().signal
const NAME = `replay/s/${TOPIC}`

type Start = Pick<LedgerStore, 'load' | 'save'> & { readonly states: Map<string, Buffer>; failure?: Error }

function createStore(): Start {
  const states = new Map<string, Buffer>()
  const store: Start = {
    states,
    load: async (name) => states.get(name),
    save: async (name, state) => {
      if (store.failure !== undefined) throw store.failure
      states.set(name, state)
    },
  }
  return store
}

function start() {
  const bus = createLetterBus()
  const store = createStore()
  const letters = (storage: string) =>
    createDeadLetters({ bus, topic: TOPIC, storage, kind: 'metrics', metrics: createMetrics(), logger: silentLogger, now: () => 5000 })
  /** A letter of samples `name@timestampMs` of the message at this offset. */
  const refuse = (
    offset: number,
    names: readonly [name: string, timestampMs: number][],
    { storage = 's', key = 'k', cluster = 'c1' } = {},
  ) =>
    letters(storage).refused(
      {
        ...metricsDelivery(
          names.map(([name, timestampMs]) => sample(name, timestampMs)),
          numbered(offset, { records: names.length, cluster }),
          key,
        ),
        origin: busRecord(Buffer.alloc(0), offset).origin,
        position: 0,
      },
      new PermanentError('out of order sample', { status: 400 }),
      never,
    )
  const garbage = (offset: number, value: Buffer = Buffer.from('garbage')) =>
    letters('s').undecodable(busRecord(value, offset), new Error('no block'), never)

  const send = async (sink: Sink, options: Partial<SendLettersOptions> = {}, stop = never) => {
    const sent: string[] = []
    const refused: string[] = []
    const failures: string[] = []
    const book = await openReplayBook({ store, kind: 'metrics', storage: 's', topic: TOPIC }, never)
    const ending = sendLetters(
      {
        letters: readLetters({ bus, topic: TOPIC }, stop),
        storage: 's',
        kind: 'metrics',
        sink,
        isWanted: () => true,
        book,
        again: false,
        pace: { recordsPerSecond: Infinity },
        patienceMs: 1000,
        backoff: { minMs: 1, maxMs: 1 },
        onSent: (letter) => sent.push(placeText(letter)),
        onRefused: (letter, { reason, records }) => refused.push(`${placeText(letter)}: ${reason} (${records})`),
        onFailure: ({ message }) => failures.push(message),
        ...options,
      },
      stop,
    )
    const error = await ending.then(
      () => undefined,
      (failure: unknown) => failure,
    )
    return { sent, refused, failures, error }
  }
  const state = () => decodeReplayState(store.states.get(NAME) ?? Buffer.alloc(0))
  return { bus, store, refuse, garbage, send, state }
}

/** Three letters of the messages at 7, 8 and 9: A of two parts, B and C as they are. */
async function inParts(order: readonly ('A1' | 'A2' | 'B' | 'C')[]) {
  const started = start()
  const { bus, refuse } = started
  await refuse(7, [['a', 10]], { key: 'ka' })
  await refuse(8, [['b', 10]], { key: 'kb' })
  await refuse(9, [['c', 10]], { key: 'kc' })
  const topic = `${TOPIC}-dead-letter`
  const [a, b, c] = bus.records(topic)
  if (a === undefined || b === undefined || c === undefined) throw new Error('no letters')
  const part = (number: 1 | 2) => ({
    ...a,
    value: number === 1 ? a.value.subarray(0, 5) : a.value.subarray(5),
    extra: { ...a.extra, 'clymene-dl-part': `${number}/2`, 'clymene-dl-id': 'i' },
  })
  const all = { A1: part(1), A2: part(2), B: b, C: c }
  bus.remove(topic)
  for (const name of order) bus.put(topic, all[name])
  return started
}

describe('what the storage takes', () => {
  test('is sent once, and noted by cluster', async () => {
    const { refuse, send, state } = start()
    await refuse(7, [
      ['a', 10],
      ['b', 10],
    ])
    await refuse(8, [['a', 20]], { cluster: '__proto__' })
    const store = createPrometheusLike()
    expect(await send(store)).toEqual({ sent: ['clymene/0/7', 'clymene/0/8'], refused: [], failures: [], error: undefined })
    expect(store.stored).toEqual(['a@10', 'b@10', 'a@20'])
    expect(state().clusters).toEqual([
      { cluster: 'c1', replayed: { messages: 1, records: 2 }, refused: { messages: 0, records: 0 } },
      { cluster: '__proto__', replayed: { messages: 1, records: 1 }, refused: { messages: 0, records: 0 } },
    ])
    expect(await send(store)).toMatchObject({ sent: [], refused: [], error: undefined })
    expect(store.bodies).toHaveLength(2)
  })

  test('is sent again when that is asked for, and counted once', async () => {
    const { refuse, send, state } = start()
    await refuse(7, [['a', 10]])
    await send(createPrometheusLike())
    const store = createPrometheusLike()
    expect(await send(store, { again: true })).toMatchObject({ sent: ['clymene/0/7'] })
    expect(store.stored).toEqual(['a@10'])
    expect(state().clusters).toMatchObject([{ replayed: { messages: 1, records: 1 } }])
  })

  test('of a topic that was made anew is not what was sent before', async () => {
    const { bus, refuse, send } = start()
    await refuse(7, [['a', 10]])
    await send(createPrometheusLike())
    bus.remove(`${TOPIC}-dead-letter`)
    await refuse(9, [['a', 30]])
    expect(await send(createPrometheusLike())).toMatchObject({ sent: ['clymene/0/9'] })
  })

  test('goes with the place and position that it had', async () => {
    const { bus, refuse, send } = start()
    await refuse(7, [['a', 10]])
    const [letter] = bus.records(`${TOPIC}-dead-letter`)
    if (letter !== undefined) bus.put(`${TOPIC}-dead-letter`, { ...letter, extra: { ...letter.extra, 'clymene-dl-position': '4' } })
    const seen: unknown[] = []
    await send({
      write: async (deliveries) => void seen.push(...deliveries.map(({ origin, position, extra }) => ({ origin, position, extra }))),
    })
    const origin = { logId: 'log', topic: TOPIC, partition: 0, offset: 7n, timestampMs: 1007 }
    expect(seen).toEqual([
      { origin, position: 0 },
      { origin, position: 4 },
    ])
  })
})

describe('only', () => {
  test('letters of this storage, and those that are wanted', async () => {
    const { refuse, send, state } = start()
    await refuse(7, [['a', 10]], { storage: 'other' })
    await refuse(8, [['a', 20]])
    await refuse(9, [['a', 30]])
    const isWanted = ({ note }: Letter): boolean => note.origin?.offset === 9n
    expect((await send(createPrometheusLike(), { isWanted })).sent).toEqual(['clymene/0/9'])
    expect((await send(createPrometheusLike())).sent).toEqual(['clymene/0/8'])
    expect(state().sent).toHaveLength(1 + 1)
    expect((await send(createPrometheusLike())).sent).toEqual([])
  })
})

describe('a letter in parts', () => {
  const among =
    (...offsets: readonly bigint[]) =>
    ({ note }: Letter): boolean =>
      offsets.includes(note.origin?.offset ?? -1n)

  test.each<[order: readonly ('A1' | 'A2' | 'B' | 'C')[], first: readonly [bigint, bigint], left: string]>([
    [['A1', 'B', 'A2', 'C'], [7n, 9n], 'clymene/0/8'],
    [['B', 'A1', 'C', 'A2'], [8n, 9n], 'clymene/0/7'],
    [['A1', 'B', 'C', 'A2'], [8n, 9n], 'clymene/0/7'],
    [['A1', 'C', 'B', 'A2'], [7n, 9n], 'clymene/0/8'],
  ])('with others between them, %j: what was not wanted first is sent later', async (order, first, left) => {
    const { send } = await inParts(order)
    const { sent } = await send(createPrometheusLike(), { isWanted: among(...first) })
    expect(sent).toHaveLength(2)
    expect((await send(createPrometheusLike())).sent).toEqual([left])
    expect((await send(createPrometheusLike())).sent).toEqual([])
  })

  test('with one between them that is refused again: that one stays', async () => {
    const { send } = await inParts(['A1', 'B', 'A2', 'C'])
    const store = createPrometheusLike()
    await store.write([metricsDelivery([sample('b', 99)])], never)
    expect(await send(store)).toMatchObject({ sent: ['clymene/0/7', 'clymene/0/9'], refused: [expect.stringMatching('clymene/0/8')] })
    expect((await send(createPrometheusLike())).sent).toEqual(['clymene/0/8'])
  })

  test('that was not whole yet when those around it were sent is sent later', async () => {
    const { bus, send } = await inParts(['B', 'A1', 'C'])
    expect((await send(createPrometheusLike())).sent).toEqual(['clymene/0/8', 'clymene/0/9'])
    const topic = `${TOPIC}-dead-letter`
    const [, first] = bus.records(topic)
    const whole = (await inParts(['A1', 'A2'])).bus.records(topic)[1]
    if (first === undefined || whole === undefined) throw new Error('no part')
    bus.put(topic, whole)
    expect((await send(createPrometheusLike())).sent).toEqual(['clymene/0/7'])
  })
})

describe('two at once', () => {
  test('add to what the other one noted, and a letter that both sent counts once', async () => {
    const { store, refuse, send, state } = start()
    for (const offset of [7, 8, 9]) await refuse(offset, [['a', offset]])
    const at = (offset: bigint) => ({
      isWanted: ({ note }: Letter): boolean => note.origin?.offset === offset || note.origin?.offset === 9n,
    })
    const sink = createPrometheusLike()
    let other: Promise<unknown> | undefined
    // The other one does all its work while this one has a body on its way.
    const slow: Sink = {
      write: async (...args) => {
        other ??= send(createPrometheusLike(), at(8n))
        await other
        await sink.write(...args)
      },
    }
    await send(slow, at(7n))
    expect(state().clusters).toMatchObject([{ replayed: { messages: 3, records: 3 } }])
    expect(store.states.size).toBe(1)
    expect((await send(createPrometheusLike())).sent).toEqual([])
  })
})

describe('order', () => {
  test('of a key is that of the messages, also where two owners of a partition wrote', async () => {
    const { refuse, send } = start()
    for (const offset of [9, 7, 8]) await refuse(offset, [['a', offset]])
    const store = createPrometheusLike()
    await send(store)
    expect(store.stored).toEqual(['a@7', 'a@8', 'a@9'])
  })

  test('a body has one letter of a key: within one, Prometheus drops the older sample without a word', async () => {
    const { refuse, send } = start()
    await refuse(7, [['a', 20]])
    await refuse(8, [['a', 10]])
    await refuse(9, [['b', 10]], { key: 'other' })
    const store = createPrometheusLike()
    const { refused } = await send(store)
    expect(store.lost).toEqual([])
    expect(refused).toEqual(['clymene/0/8: out of order sample (1)'])
    expect(store.stored).toEqual(['a@20', 'b@10'])
  })
})

describe('what the storage refuses again', () => {
  test('is told, stays, and counts once until the storage takes it', async () => {
    const { refuse, send, state } = start()
    await refuse(7, [['a', 10]])
    await refuse(8, [['b', 10]])
    const store = createPrometheusLike()
    await store.write([metricsDelivery([sample('a', 99)])], never)
    for (let round = 0; round < 2; round++) {
      const { sent, refused } = await send(store)
      expect({ sent, refused }).toEqual({ sent: round === 0 ? ['clymene/0/8'] : [], refused: ['clymene/0/7: out of order sample (1)'] })
      expect(state().clusters).toMatchObject([{ replayed: { messages: 1, records: 1 }, refused: { messages: 1, records: 1 } }])
    }
    expect((await send(createPrometheusLike())).sent).toEqual(['clymene/0/7'])
    expect(state().clusters).toMatchObject([{ replayed: { messages: 2, records: 2 }, refused: { messages: 0, records: 0 } }])
  })

  test('a letter of which one sample is refused is not sent, and the rest of it is stored', async () => {
    const { refuse, send } = start()
    await refuse(7, [
      ['a', 10],
      ['b', 10],
      ['c', 10],
    ])
    const store = createPrometheusLike()
    await store.write([metricsDelivery([sample('b', 99)])], never)
    expect(await send(store)).toMatchObject({ sent: [], refused: ['clymene/0/7: out of order sample (1)'] })
    expect(store.stored).toEqual(['b@99', 'a@10', 'c@10'])
  })

  test('what nobody can read is not sent; what holds nothing is settled', async () => {
    const { garbage, send, state } = start()
    await garbage(7)
    await garbage(8, compress(Buffer.alloc(0)))
    const { sent, refused } = await send(createPrometheusLike())
    expect(refused).toEqual([expect.stringMatching(/^clymene\/0\/7: it cannot be read: .* \(0\)$/)])
    expect(sent).toEqual(['clymene/0/8'])
    expect(state().clusters).toMatchObject([{ replayed: { messages: 1 }, refused: { messages: 1 } }])
  })
})

describe('a storage that is away', () => {
  const away = (failures: number, sink: Sink): Sink => {
    let left = failures
    return { write: (...args) => (left-- > 0 ? Promise.reject(new RetryableError('away')) : sink.write(...args)) }
  }

  test('is waited for', async () => {
    const { refuse, send } = start()
    await refuse(7, [['a', 10]])
    expect(await send(away(3, createPrometheusLike()))).toEqual({
      sent: ['clymene/0/7'],
      refused: [],
      failures: ['away', 'away', 'away'],
      error: undefined,
    })
  })

  test('for so long: what was sent by then is noted', async () => {
    const { refuse, send, state } = start()
    await refuse(7, [['a', 10]])
    await refuse(8, [['a', 20]])
    const store = createPrometheusLike()
    let writes = 0
    const sink: Sink = { write: (...args) => (writes++ === 0 ? store.write(...args) : Promise.reject(new RetryableError('away'))) }
    let clock = 0
    const { sent, error } = await send(sink, { patienceMs: 60_000, now: () => (clock += 10_000) })
    expect(sent).toEqual(['clymene/0/7'])
    expect(error).toMatchObject({ name: 'RetryableError', message: 'away' })
    expect(state().clusters).toMatchObject([{ replayed: { messages: 1 } }])
  })

  test('an answer that was lost and a refusal like that of a repeat: it stays, as nobody can tell whether the storage has it', async () => {
    const { refuse, send } = start()
    await refuse(7, [['a', 10]])
    let writes = 0
    const sink: Sink = {
      write: () =>
        Promise.reject(
          writes++ === 0 ? new RetryableError('reset', { status: 502 }) : new PermanentError('out of order sample', { repeatLike: true }),
        ),
    }
    const refused = ['clymene/0/7: out of order sample (an answer was lost before: it may be stored) (1)']
    expect(await send(sink)).toMatchObject({ sent: [], refused })
    expect(await send(createPrometheusLike())).toMatchObject({ sent: ['clymene/0/7'] })
  })
})

describe('a stop', () => {
  test('lets the body on its way end, notes it, and sends no other', async () => {
    const { refuse, send, state } = start()
    for (const offset of [7, 8, 9]) await refuse(offset, [['a', offset]])
    const stop = new AbortController()
    const store = createPrometheusLike()
    const sink: Sink = {
      write: async (...args) => {
        if (store.stored.length === 1) stop.abort()
        await store.write(...args)
      },
    }
    expect(await send(sink, {}, stop.signal)).toMatchObject({ sent: ['clymene/0/7', 'clymene/0/8'], error: undefined })
    expect(state().clusters).toMatchObject([{ replayed: { messages: 2 } }])
    expect((await send(store)).sent).toEqual(['clymene/0/9'])
  })

  test('ends the wait for a storage that is away', async () => {
    const { refuse, send } = start()
    await refuse(7, [['a', 10]])
    const stop = new AbortController()
    const sink: Sink = {
      write: () => {
        setImmediate(() => stop.abort())
        return Promise.reject(new RetryableError('away', { retryAfterMs: 60_000 }))
      },
    }
    expect(await send(sink, {}, stop.signal)).toMatchObject({ sent: [], error: undefined })
  })
})

test('nothing is sent when it cannot be noted', async () => {
  const { store, refuse, send } = start()
  await refuse(7, [['a', 10]])
  store.failure = new RetryableError('the ledger is away')
  const prometheus = createPrometheusLike()
  expect((await send(prometheus)).error).toMatchObject({ message: 'the ledger is away' })
  expect(prometheus.bodies).toEqual([])
})

test('a note that is damaged ends it, and is told', async () => {
  const { store } = start()
  store.states.set(NAME, Buffer.from('garbage'))
  await expect(openReplayBook({ store, kind: 'metrics', storage: 's', topic: TOPIC }, never)).rejects.toThrow('state of replays is damaged')
})

test('a rate keeps the bodies small and apart', async () => {
  const { refuse, send } = start()
  for (const offset of [7, 8, 9])
    await refuse(
      offset,
      [
        ['a', offset],
        ['b', offset],
      ],
      { key: `k${offset}` },
    )
  const waits: number[] = []
  const store = createPrometheusLike()
  let clock = 0
  const wait = async (ms: number): Promise<void> => {
    waits.push(ms)
    clock += ms
  }
  await send(store, { pace: { recordsPerSecond: 4, now: () => clock, wait } })
  expect(store.bodies.map((body) => body.length)).toEqual([4, 2])
  expect(waits).toEqual([1000])
})
