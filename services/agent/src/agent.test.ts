import { RetryableError, type Emit, type Kind, type Source, type SourceBatch } from '@clymene/model'
import { aborted, createMetrics, createReadiness, silentLogger } from '@clymene/runtime'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { createAgent, type AgentOptions } from './agent.ts'
import { lineBatch, sampleBatch } from './testing/batches.ts'
import { createFakeSink, type FakeSink } from './testing/fake-sink.ts'
import { createMemoryBus } from './testing/memory-bus.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A source that the test hands batches to. */
function createFakeSource(options: { readonly last?: readonly SourceBatch[]; readonly failure?: Error } = {}) {
  const started = Promise.withResolvers<Emit>()
  const acknowledged: SourceBatch[] = []
  const source: Source = {
    run: async (emit, signal) => {
      if (options.failure !== undefined) throw options.failure
      started.resolve(emit)
      await aborted(signal)
      for (const batch of options.last ?? []) await emit(batch, new AbortController().signal)
    },
  }
  const give = async (batch: SourceBatch, signal = new AbortController().signal): Promise<void> => {
    const emit = await started.promise
    await emit(batch, signal)
    acknowledged.push(batch)
  }
  return { source, give, acknowledged }
}

type SetUp = {
  readonly metrics?: Readonly<Record<string, FakeSink>>
  readonly logs?: Readonly<Record<string, FakeSink>>
  readonly options?: Partial<AgentOptions>
}

const away = (): Error => new RetryableError('away')

/** An agent over fakes of everything that is beyond its seams, running. */
function start({ metrics = {}, logs = {}, options = {} }: SetUp) {
  const buffer = createMemoryBus()
  const readiness = createReadiness()
  const warnings: string[] = []
  const targetsOf = (sinks: Readonly<Record<string, FakeSink>>) =>
    Object.entries(sinks).map(([storage, sink]) => ({ storage, sink, storesParts: false }))
  const sinks = new Map<Kind, ReturnType<typeof targetsOf>>([
    ['metrics', targetsOf(metrics)],
    ['logs', targetsOf(logs)],
  ])
  const numbers = new Map<string, number>()
  const next = (key: string): number => numbers.set(key, (numbers.get(key) ?? -1) + 1).get(key) ?? 0
  const agent = createAgent({
    identity: { agent: 'a', cluster: 'c', tenant: 'team' },
    bufferedSources: [],
    logSource: undefined,
    sinks: new Map([...sinks].filter(([, targets]) => targets.length > 0)),
    buffer,
    sequences: { epoch: 1, next },
    drainTimeoutMs: 30_000,
    logBackoff: { minMs: 1, maxMs: 2 },
    metrics: createMetrics(),
    logger: { ...silentLogger, warn: (message) => void warnings.push(message) },
    readiness,
    ...options,
  })
  const stop = new AbortController()
  const running = agent.run(stop.signal)
  ends.push(async () => {
    stop.abort()
    await running.catch(() => undefined)
  })
  return { buffer, readiness, warnings, running, stop: () => stop.abort() }
}

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 2 })

describe('samples', () => {
  test('reach every storage, by the buffer', async () => {
    const [prometheus, elasticsearch] = [createFakeSink(), createFakeSink()]
    const source = createFakeSource()
    const { buffer } = start({ metrics: { prometheus, elasticsearch }, options: { bufferedSources: [source.source] } })
    for (let value = 1; value <= 3; value++) await source.give(sampleBatch('up', value))
    for (const sink of [prometheus, elasticsearch]) await eventually(() => expect(sink.records()).toEqual(['up=1', 'up=2', 'up=3']))
    expect(buffer.produced('metrics').map(({ headers }) => headers.sequence)).toEqual([0, 1, 2])
  })

  test('of several sources share the buffer', async () => {
    const prometheus = createFakeSink()
    const sources = [createFakeSource(), createFakeSource()]
    start({ metrics: { prometheus }, options: { bufferedSources: sources.map(({ source }) => source) } })
    await sources[0]!.give(sampleBatch('a', 1, '0'))
    await sources[1]!.give(sampleBatch('b', 1, '1'))
    await eventually(() => expect(prometheus.records().toSorted()).toEqual(['a=1', 'b=1']))
  })

  test('reach the others though one storage is down, and that one when it is back', async () => {
    const [prometheus, elasticsearch] = [createFakeSink(), createFakeSink()]
    elasticsearch.failure = away
    const source = createFakeSource()
    const { buffer } = start({ metrics: { prometheus, elasticsearch }, options: { bufferedSources: [source.source] } })
    for (let value = 1; value <= 5; value++) {
      await source.give(sampleBatch('up', value))
      await eventually(() => expect(prometheus.records()).toHaveLength(value))
    }
    await eventually(() => expect(elasticsearch.attempts).toBeGreaterThan(0))
    expect(buffer.committed('metrics', 'elasticsearch')).toBe(0)
    elasticsearch.failure = undefined
    await eventually(() => expect(elasticsearch.records()).toEqual(['up=1', 'up=2', 'up=3', 'up=4', 'up=5']))
    expect(prometheus.records()).toHaveLength(5)
  })

  test('are not acknowledged to their source when the buffer does not take them', async () => {
    const source = createFakeSource()
    const { buffer, readiness } = start({ metrics: { prometheus: createFakeSink() }, options: { bufferedSources: [source.source] } })
    buffer.failure = new RetryableError('the disk is full')
    await expect(source.give(sampleBatch('up', 1))).rejects.toThrow('the disk is full')
    expect(readiness.reasons()).toEqual(['buffer: the disk is full'])
  })

  test('have no tenant: the flag is about lines', async () => {
    const prometheus = createFakeSink()
    const source = createFakeSource()
    start({ metrics: { prometheus }, options: { bufferedSources: [source.source] } })
    await source.give(sampleBatch('up', 1))
    await eventually(() => expect(prometheus.written).toHaveLength(1))
    expect(prometheus.written[0]?.headers.tenant).toBeUndefined()
  })
})

describe('lines', () => {
  /** A reader for each storage, as files have. */
  const readers = () => {
    const byStorage = new Map<string, ReturnType<typeof createFakeSource>>()
    const logSource = (storage: string): Source => {
      const one = createFakeSource()
      byStorage.set(storage, one)
      return one.source
    }
    return { logSource, of: (storage: string) => byStorage.get(storage)! }
  }

  test('reach every storage, each by a reader of its own', async () => {
    const [loki, elasticsearch] = [createFakeSink(), createFakeSink()]
    const { logSource, of } = readers()
    const { buffer } = start({ logs: { loki, elasticsearch }, options: { logSource } })
    await of('loki').give(lineBatch(['one']))
    await of('elasticsearch').give(lineBatch(['one']))
    await of('loki').give(lineBatch(['two']))
    expect(loki.records()).toEqual(['one', 'two'])
    expect(elasticsearch.records()).toEqual(['one'])
    expect(buffer.produced('logs')).toEqual([])
  })

  test('are numbered for each storage by itself', async () => {
    const [loki, elasticsearch] = [createFakeSink(), createFakeSink()]
    const { logSource, of } = readers()
    start({ logs: { loki, elasticsearch }, options: { logSource } })
    await of('loki').give(lineBatch(['one']))
    await of('loki').give(lineBatch(['two']))
    await of('elasticsearch').give(lineBatch(['one']))
    const numbers = (sink: FakeSink) => sink.written.map(({ headers }) => headers.sequence)
    expect([numbers(loki), numbers(elasticsearch)]).toEqual([[0, 1], [0]])
  })

  test('of one storage go on while another is down: its reader waits, and its position with it', async () => {
    const [loki, elasticsearch] = [createFakeSink(), createFakeSink()]
    elasticsearch.failure = away
    const { logSource, of } = readers()
    start({ logs: { loki, elasticsearch }, options: { logSource } })
    const waiting = of('elasticsearch').give(lineBatch(['one']))
    for (const line of ['one', 'two', 'three']) await of('loki').give(lineBatch([line]))
    await eventually(() => expect(elasticsearch.attempts).toBeGreaterThan(2))
    expect(of('loki').acknowledged).toHaveLength(3)
    expect(of('elasticsearch').acknowledged).toHaveLength(0)
    elasticsearch.failure = undefined
    await waiting
    expect(of('elasticsearch').acknowledged).toHaveLength(1)
    expect(elasticsearch.records()).toEqual(['one'])
  })

  test('have the tenant of the agent where they have none', async () => {
    const loki = createFakeSink()
    const { logSource, of } = readers()
    start({ logs: { loki }, options: { logSource } })
    await of('loki').give(lineBatch(['one']))
    await of('loki').give(lineBatch(['two'], { tenant: 'other' }))
    expect(loki.written.map(({ headers }) => headers.tenant)).toEqual(['team', 'other'])
  })

  test('are not read when no configuration names any', async () => {
    const loki = createFakeSink()
    const source = createFakeSource()
    const prometheus = createFakeSink()
    start({ metrics: { prometheus }, logs: { loki }, options: { bufferedSources: [source.source] } })
    await source.give(sampleBatch('up', 1))
    await eventually(() => expect(prometheus.written).toHaveLength(1))
    expect(loki.attempts).toBe(0)
  })
})

describe('lines that cannot be read again', () => {
  test('wait in the buffer, each storage at its own pace, and are acknowledged to their source at once', async () => {
    const [loki, elasticsearch] = [createFakeSink(), createFakeSink()]
    elasticsearch.failure = away
    const source = createFakeSource()
    const { buffer } = start({ logs: { loki, elasticsearch }, options: { bufferedSources: [source.source] } })
    for (const line of ['one', 'two', 'three']) await source.give(lineBatch([line]))
    expect(source.acknowledged).toHaveLength(3)
    await eventually(() => expect(loki.records()).toEqual(['one', 'two', 'three']))
    expect([buffer.committed('logs', 'loki'), buffer.committed('logs', 'elasticsearch')]).toEqual([3, 0])
    elasticsearch.failure = undefined
    await eventually(() => expect(elasticsearch.records()).toEqual(['one', 'two', 'three']))
  })

  test('have streams and numbers beside those of files, and the tenant of the agent', async () => {
    const loki = createFakeSink()
    const [files, events] = [createFakeSource(), createFakeSource()]
    start({ logs: { loki }, options: { bufferedSources: [events.source], logSource: () => files.source } })
    await events.give(lineBatch(['event']))
    await files.give(lineBatch(['line']))
    await eventually(() => expect(loki.written).toHaveLength(2))
    const sent = loki.written.map(({ key, headers: { sequence, tenant } }) => ({ key, sequence, tenant }))
    expect(sent.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
      { key: 'team/c/a/logs-0', sequence: 0, tenant: 'team' },
      { key: 'team/c/a/logs-buffer.0', sequence: 0, tenant: 'team' },
    ])
  })

  test('come from a source that gives samples as well', async () => {
    const [prometheus, loki] = [createFakeSink(), createFakeSink()]
    const source = createFakeSource()
    start({ metrics: { prometheus }, logs: { loki }, options: { bufferedSources: [source.source] } })
    await source.give(sampleBatch('up', 1))
    await source.give(lineBatch(['event']))
    await eventually(() => expect([prometheus.records(), loki.records()]).toEqual([['up=1'], ['event']]))
  })

  test('are drained at the stop, and what is left is said', async () => {
    const loki = createFakeSink()
    loki.failure = away
    const source = createFakeSource()
    const { running, stop, warnings } = start({ logs: { loki }, options: { bufferedSources: [source.source], drainTimeoutMs: 50 } })
    await source.give(lineBatch(['event']))
    stop()
    await running
    expect(warnings).toContain('stopped before everything was sent; the rest stays in the buffer')
  })

  test('of a storage that must be mended are a reason of their own on /readyz, beside that of files', async () => {
    const loki = createFakeSink()
    loki.failure = () => new RetryableError('no such token', { needsOperator: true })
    const [files, events] = [createFakeSource(), createFakeSource()]
    const { readiness } = start({ logs: { loki }, options: { bufferedSources: [events.source], logSource: () => files.source } })
    await events.give(lineBatch(['event']))
    const waiting = files.give(lineBatch(['line']))
    await eventually(() =>
      expect(readiness.reasons().toSorted()).toEqual([
        'storage loki: logs from the buffer: no such token (tenant "team")',
        'storage loki: logs: no such token (tenant "team")',
      ]),
    )
    loki.failure = undefined
    await waiting
    await eventually(() => expect(readiness.reasons()).toEqual([]))
  })
})

describe('the stop', () => {
  test('takes in what the sources have left and waits until the storages have all of it', async () => {
    const prometheus = createFakeSink()
    const gate = Promise.withResolvers<void>()
    prometheus.gate = gate.promise
    const source = createFakeSource({ last: [sampleBatch('last', 3)] })
    const { running, stop, readiness, buffer } = start({ metrics: { prometheus }, options: { bufferedSources: [source.source] } })
    await source.give(sampleBatch('up', 1))
    await source.give(sampleBatch('up', 2))
    stop()
    await eventually(() => expect(buffer.produced('metrics')).toHaveLength(3))
    expect(readiness.reasons()).toEqual(['stop: stopping'])
    expect(prometheus.records()).toEqual([])
    gate.resolve()
    await running
    expect(prometheus.records()).toEqual(['up=1', 'up=2', 'last=3'])
  })

  test('ends when patience ends; what was not sent stays in the buffer, and the log says so', async () => {
    const [prometheus, elasticsearch] = [createFakeSink(), createFakeSink()]
    elasticsearch.failure = away
    const source = createFakeSource()
    const { running, stop, buffer, warnings } = start({
      metrics: { prometheus, elasticsearch },
      options: { bufferedSources: [source.source], drainTimeoutMs: 50 },
    })
    await source.give(sampleBatch('up', 1))
    await eventually(() => expect(elasticsearch.attempts).toBeGreaterThan(0))
    stop()
    await running
    expect(warnings).toContain('stopped before everything was sent; the rest stays in the buffer')
    expect([buffer.committed('metrics', 'prometheus'), buffer.committed('metrics', 'elasticsearch')]).toEqual([1, 0])
  })

  test('before anything began is a stop too', async () => {
    const source = createFakeSource()
    const { running, stop } = start({ metrics: { prometheus: createFakeSink() }, options: { bufferedSources: [source.source] } })
    stop()
    await expect(running).resolves.toBeUndefined()
  })
})

describe('what goes wrong for good ends the agent, everything with it', () => {
  test('a source that fails', async () => {
    const [broken, other] = [createFakeSource({ failure: new Error('the source broke') }), createFakeSource()]
    const { running } = start({ metrics: { prometheus: createFakeSink() }, options: { bufferedSources: [broken.source, other.source] } })
    await expect(running).rejects.toThrow('the source broke')
  })

  test('a reader of files that fails', async () => {
    const { running } = start({
      logs: { loki: createFakeSink() },
      options: { logSource: () => createFakeSource({ failure: new Error('the reader broke') }).source },
    })
    await expect(running).rejects.toThrow('the reader broke')
  })

  test('a buffer that cannot be read', async () => {
    const source = createFakeSource()
    const { running, buffer } = start({ metrics: { prometheus: createFakeSink() }, options: { bufferedSources: [source.source] } })
    await source.give(sampleBatch('up', 1))
    buffer.readFailure = new Error('damaged')
    await expect(running).rejects.toThrow('damaged')
  })
})

test('an agent is ready when it runs', async () => {
  const source = createFakeSource()
  const { readiness } = start({ metrics: { prometheus: createFakeSink() }, options: { bufferedSources: [source.source] } })
  await source.give(sampleBatch('up', 1))
  expect(readiness.reasons()).toEqual([])
})
