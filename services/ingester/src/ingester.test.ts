import { createLedger, createMemoryLedgerStore, reportOf } from '@clymene/ledger'
import {
  RetryableError,
  type BatchHandler,
  type Bus,
  type BusRecord,
  type Envelope,
  type Kind,
  type LogFields,
  type Sink,
} from '@clymene/model'
import { aborted, createMetrics, createReadiness, silentLogger } from '@clymene/runtime'
import { compress, encodePushRequest, encodeWriteRequest } from '@clymene/wire'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { groupOf } from './groups.ts'
import { createIngester, type IngesterOptions } from './ingester.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A bus whose consumptions the test drives. */
function createFakeBus() {
  const consumptions = new Map<string, { readonly topic: string; readonly handle: BatchHandler; readonly fail: (error: Error) => void }>()
  const ended: string[] = []
  const produced: { readonly topic: string; readonly envelope: Envelope }[] = []
  const bus: Bus = {
    produce: async (topic, envelopes) => void produced.push(...envelopes.map((envelope) => ({ topic, envelope }))),
    consume: async (topic, group, handle, signal) => {
      const failed = Promise.withResolvers<never>()
      consumptions.set(group, { topic, handle, fail: failed.reject })
      await Promise.race([aborted(signal), failed.promise])
      ended.push(group)
    },
    read: async function* () {},
    unavailable: () => undefined,
    lag: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  }
  /** Hands one message to a group; resolves when it may be committed. */
  const give = async (group: string, kind: Kind, name: string): Promise<void> => {
    const { topic, handle } = consumptions.get(group)!
    const origin = { logId: 'log', topic, partition: 0, offset: 0n, timestampMs: 0 }
    const record: BusRecord = { kind, key: 'k', value: blockOf(kind, name), headers: { scanned: true, records: 1 }, origin }
    await handle({ topic, partition: 0, records: [record], takeover: false }, new AbortController().signal)
  }
  return { bus, consumptions, ended, produced, give }
}

const blockOf = (kind: Kind, name: string): Buffer =>
  compress(
    kind === 'metrics'
      ? encodeWriteRequest([{ labels: [['__name__', name]], samples: [{ timestampMs: 1, value: 1 }] }])
      : encodePushRequest([{ labels: [['job', 'j']], entries: [{ timestampNs: 1n, line: name }] }]),
  )

function createFakeSink(failure?: () => Error | undefined): Sink & { readonly writes: () => number; readonly attempts: () => number } {
  let writes = 0
  let attempts = 0
  return {
    writes: () => writes,
    attempts: () => attempts,
    write: async () => {
      attempts++
      const error = failure?.()
      if (error !== undefined) throw error
      writes++
    },
  }
}

const target = (storage: string, sink: Sink) => ({ storage, sink, storesParts: false })

const TOPICS: ReadonlyMap<Kind, string> = new Map([
  ['metrics', 'clymene'],
  ['logs', 'clymene-logs'],
])

function start(sinks: IngesterOptions['sinks'], options: Partial<IngesterOptions> = {}) {
  const fake = createFakeBus()
  const readiness = createReadiness()
  readiness.set('start', undefined)
  const errors: (LogFields | undefined)[] = []
  const logger = { ...silentLogger, error: (_message: string, fields?: LogFields) => void errors.push(fields) }
  const ingester = createIngester({
    bus: fake.bus,
    topics: TOPICS,
    groupId: 'clymene',
    sinks,
    metrics: createMetrics(),
    logger,
    readiness,
    ...options,
  })
  const stop = new AbortController()
  const running = ingester.run(stop.signal)
  ends.push(async () => {
    stop.abort()
    await running.catch(() => undefined)
  })
  return { ...fake, ingester, running, errors, reasons: readiness.reasons, stop: () => stop.abort() }
}

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 2 })

test('the group of a storage and topic', () => {
  expect(groupOf('clymene', 'elasticsearch', 'clymene-logs')).toBe('clymene-elasticsearch-clymene-logs')
})

describe('one consumer group for each storage and topic', () => {
  test.each<[name: string, metrics: readonly string[], logs: readonly string[], groups: readonly string[]]>([
    [
      'the ingester of the guide for metrics',
      ['prometheus', 'elasticsearch'],
      [],
      ['clymene-prometheus-clymene', 'clymene-elasticsearch-clymene'],
    ],
    [
      'the ingester of the guide for logs',
      [],
      ['loki', 'elasticsearch'],
      ['clymene-loki-clymene-logs', 'clymene-elasticsearch-clymene-logs'],
    ],
    [
      'one ingester for both',
      ['prometheus', 'elasticsearch'],
      ['loki', 'elasticsearch'],
      ['clymene-prometheus-clymene', 'clymene-elasticsearch-clymene', 'clymene-loki-clymene-logs', 'clymene-elasticsearch-clymene-logs'],
    ],
  ])('%s', async (_name, metrics, logs, groups) => {
    const sinks = new Map<Kind, ReturnType<typeof target>[]>([
      ['metrics', metrics.map((storage) => target(storage, createFakeSink()))],
      ['logs', logs.map((storage) => target(storage, createFakeSink()))],
    ])
    const { ingester, consumptions } = start(sinks)
    expect(ingester.routes.map(({ group }) => group)).toEqual(groups)
    await eventually(() => expect([...consumptions.keys()].toSorted()).toEqual(groups.toSorted()))
  })

  test('named after the own topic and group id', async () => {
    const { consumptions } = start(new Map([['metrics', [target('prometheus', createFakeSink())]]]), {
      groupId: 'team',
      topics: new Map([['metrics', 'samples']]),
    })
    await eventually(() =>
      expect([...consumptions].map(([group, { topic }]) => [group, topic])).toEqual([['team-prometheus-samples', 'samples']]),
    )
  })

  test('a kind without a topic is not read', async () => {
    const sinks = new Map<Kind, ReturnType<typeof target>[]>([
      ['metrics', [target('elasticsearch', createFakeSink())]],
      ['logs', [target('elasticsearch', createFakeSink())]],
    ])
    const { ingester } = start(sinks, { topics: new Map([['logs', 'clymene-logs']]) })
    expect(ingester.routes.map(({ kind }) => kind)).toEqual(['logs'])
  })
})

test('a storage that is down holds its own group only', async () => {
  let isAway = true
  const prometheus = createFakeSink()
  const elasticsearch = createFakeSink(() => (isAway ? new RetryableError('away') : undefined))
  const { give, consumptions } = start(new Map([['metrics', [target('prometheus', prometheus), target('elasticsearch', elasticsearch)]]]))
  await eventually(() => expect(consumptions.size).toBe(2))
  const waiting = give('clymene-elasticsearch-clymene', 'metrics', 'up')
  await give('clymene-prometheus-clymene', 'metrics', 'up')
  await eventually(() => expect(elasticsearch.attempts()).toBeGreaterThan(0))
  expect([prometheus.writes(), elasticsearch.writes()]).toEqual([1, 0])
  isAway = false
  await waiting
  expect(elasticsearch.writes()).toBe(1)
})

test('a credential that a storage refuses is a reason on /readyz until it is mended', async () => {
  let isRefused = true
  const loki = createFakeSink(() => (isRefused ? new RetryableError('loki answered 403', { needsOperator: true }) : undefined))
  const { give, consumptions, reasons } = start(new Map([['metrics', [target('loki', loki)]]]))
  await eventually(() => expect(consumptions.size).toBe(1))
  const waiting = give('clymene-loki-clymene', 'metrics', 'up')
  await eventually(() => expect(reasons()).toEqual(['storage loki: metrics: loki answered 403']))
  isRefused = false
  await waiting
  expect(reasons()).toEqual([])
})

describe('one group for all storages', () => {
  const both = (elasticsearch: Sink, prometheus: Sink = createFakeSink()): IngesterOptions['sinks'] =>
    new Map([['metrics', [target('prometheus', prometheus), target('elasticsearch', elasticsearch)]]])
  const options = { isGroupPerStorage: false, topics: new Map<Kind, string>([['metrics', 'clymene']]) }

  test('reads once: what one has not taken is not committed, and the other has it already', async () => {
    let isAway = true
    const prometheus = createFakeSink()
    const elasticsearch = createFakeSink(() => (isAway ? new RetryableError('away') : undefined))
    const asked: string[] = []
    const { give, consumptions, ingester } = start(both(elasticsearch, prometheus), {
      ...options,
      expectOwnMembers: async (group, topic) => void asked.push(`${group} ${topic}`),
      seedGroup: () => Promise.reject(new Error('has nothing to start from but itself')),
    })
    await eventually(() => expect([...consumptions.keys()]).toEqual(['clymene']))
    expect(asked).toEqual(['clymene clymene'])
    expect(ingester.routes.map(({ storage, group }) => `${storage} ${group}`)).toEqual(['prometheus clymene', 'elasticsearch clymene'])
    let isCommitted = false
    const waiting = give('clymene', 'metrics', 'up').then(() => {
      isCommitted = true
    })
    await eventually(() => expect([prometheus.writes(), elasticsearch.attempts() > 1]).toEqual([1, true]))
    expect(isCommitted).toBe(false)
    isAway = false
    await waiting
    expect([prometheus.writes(), elasticsearch.writes()]).toEqual([1, 1])
  })

  test('is not joined beside members that read something else', async () => {
    const foreign = new Error('the group clymene has other members')
    const { running, consumptions, errors } = start(both(createFakeSink()), { ...options, expectOwnMembers: () => Promise.reject(foreign) })
    await expect(running).rejects.toBe(foreign)
    expect(consumptions.size).toBe(0)
    expect(errors).toEqual([{ topic: 'clymene', storage: 'prometheus, elasticsearch', group: 'clymene', error: foreign }])
  })
})

test('what cannot be read goes to the dead letters of its topic', async () => {
  const { bus, consumptions, produced } = start(new Map([['logs', [target('loki', createFakeSink())]]]))
  expect(bus).toBeDefined()
  await eventually(() => expect(consumptions.size).toBe(1))
  const { topic, handle } = consumptions.get('clymene-loki-clymene-logs')!
  const origin = { logId: 'log', topic, partition: 2, offset: 7n, timestampMs: 0 }
  const record: BusRecord = { kind: 'logs', key: 'k', value: Buffer.from('not a message'), headers: {}, origin }
  await handle({ topic, partition: 2, records: [record], takeover: false }, new AbortController().signal)
  expect(produced.map((one) => [one.topic, one.envelope.extra?.['clymene-dl-offset']])).toEqual([['clymene-logs-dead-letter', '7']])
})

describe('a new group', () => {
  test('starts where the group id itself stands, before anything is read', async () => {
    const seeded: string[] = []
    const gate = Promise.withResolvers<void>()
    const { consumptions } = start(new Map([['metrics', [target('prometheus', createFakeSink())]]]), {
      seedGroup: async (from, to, topic) => {
        seeded.push(`${from} > ${to} (${topic})`)
        await gate.promise
      },
    })
    await eventually(() => expect(seeded).toEqual(['clymene > clymene-prometheus-clymene (clymene)']))
    expect(consumptions.size).toBe(0)
    gate.resolve()
    await eventually(() => expect(consumptions.size).toBe(1))
  })

  test('that waits for brokers ends with the stop', async () => {
    const { running, stop } = start(new Map([['metrics', [target('prometheus', createFakeSink())]]]), {
      seedGroup: async (_from, _to, _topic, signal) => {
        await aborted(signal)
        signal.throwIfAborted()
      },
    })
    stop()
    await expect(running).resolves.toBeUndefined()
  })
})

describe('the end', () => {
  const both = () =>
    new Map<Kind, ReturnType<typeof target>[]>([
      ['metrics', [target('prometheus', createFakeSink())]],
      ['logs', [target('loki', createFakeSink())]],
    ])

  test('a stop ends every route', async () => {
    const { running, stop, consumptions, ended, errors } = start(both())
    await eventually(() => expect(consumptions.size).toBe(2))
    stop()
    await running
    expect(ended.toSorted()).toEqual(['clymene-loki-clymene-logs', 'clymene-prometheus-clymene'])
    expect(errors).toEqual([])
  })

  test('one route that fails ends the others, is told by name, and rejects', async () => {
    const { running, consumptions, ended, errors } = start(both())
    await eventually(() => expect(consumptions.size).toBe(2))
    const failure = new Error('the topic is gone')
    consumptions.get('clymene-loki-clymene-logs')!.fail(failure)
    await expect(running).rejects.toBe(failure)
    expect(ended).toEqual(['clymene-prometheus-clymene'])
    expect(errors).toEqual([{ topic: 'clymene-logs', storage: 'loki', group: 'clymene-loki-clymene-logs', error: failure }])
  })

  test('a seeding that fails is such a failure', async () => {
    const { running } = start(both(), { seedGroup: () => Promise.reject(new Error('not authorised')) })
    await expect(running).rejects.toThrow('not authorised')
  })
})

test.each([
  ['a group for each storage', true, ['clymene-one-clymene', 'clymene-two-clymene']],
  ['one group for both', false, ['clymene']],
])('books are kept for each storage: %s', async (_, isGroupPerStorage, groups) => {
  const states = new Map<string, Buffer>()
  const { bus, consumptions, give } = createFakeBus()
  const ledger = createLedger({ store: createMemoryLedgerStore(states), read: bus.read, logger: silentLogger })
  const ingester = createIngester({
    bus,
    topics: new Map([['metrics', 'clymene']]),
    groupId: 'clymene',
    isGroupPerStorage,
    sinks: new Map([['metrics', [target('one', createFakeSink()), target('two', createFakeSink())]]]),
    metrics: createMetrics(),
    logger: silentLogger,
    readiness: createReadiness(),
    ledger,
  })
  const stop = new AbortController()
  const running = ingester.run(stop.signal)
  await eventually(() => expect([...consumptions.keys()].toSorted()).toEqual(groups))
  for (const group of groups) await give(group, 'metrics', 'up')
  stop.abort()
  await running
  await ledger.close()
  expect(reportOf(states).map(({ group, storage, topic, upTo, agents }) => [group, storage, topic, upTo, agents[0]?.stored])).toEqual(
    ['one', 'two'].map((storage, index) => [groups[index] ?? groups[0], storage, 'clymene', '1', { messages: 1, records: 1 }]),
  )
})
