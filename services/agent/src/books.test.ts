import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createSequenceStore, openEmbeddedBus, type EmbeddedBusOptions } from '@clymene/bus'
import { PermanentError, RetryableError, type Emit, type Source, type SourceBatch } from '@clymene/model'
import { aborted, createMetrics, createReadiness, silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { BUFFER_TOPICS, createAgent } from './agent.ts'
import { openAgentBooks } from './books.ts'
import { lineBatch, sampleBatch } from './testing/batches.ts'
import { createFakeSink, recordsOf, type FakeSink } from './testing/fake-sink.ts'

let folder = ''
const ends: (() => Promise<unknown>)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-books-'))
})
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
  rmSync(folder, { recursive: true, force: true })
})

const never = (): AbortSignal => new AbortController().signal
const eventually = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 5 })

function createFakeSource() {
  const started = Promise.withResolvers<Emit>()
  const source: Source = {
    run: async (emit, signal) => {
      started.resolve(emit)
      await aborted(signal)
    },
  }
  return { source, emit: async (...args: Parameters<Emit>) => (await started.promise)(...args) }
}

/** An agent over a real buffer in the folder, with sinks that are fakes. */
async function start(sink: FakeSink, { directory = join(folder, 'agent'), ...bounds }: Partial<EmbeddedBusOptions> = {}) {
  const buffer = await openEmbeddedBus({ directory, component: 'buffer', drainMs: 100, ...bounds })
  const sequences = createSequenceStore(join(directory, 'sequences'))
  const identity = { agent: 'a', cluster: 'c', tenant: '' }
  const books = openAgentBooks({
    directory,
    buffer,
    topics: BUFFER_TOPICS,
    identity,
    epoch: sequences.epoch,
    buffered: { metrics: ['gateway'], logs: ['gateway'] },
    direct: ['gateway'],
    metrics: createMetrics(),
    logger: silentLogger,
  })
  const [samples, lines, events] = [createFakeSource(), createFakeSource(), createFakeSource()]
  const target = { storage: 'gateway', sink, storesParts: false }
  const agent = createAgent({
    identity,
    bufferedSources: [samples.source, events.source],
    logSource: () => lines.source,
    sinks: new Map([
      ['metrics', [target]],
      ['logs', [target]],
    ]),
    buffer,
    sequences,
    books,
    drainTimeoutMs: 0,
    logBackoff: { minMs: 1, maxMs: 2 },
    metrics: createMetrics(),
    logger: silentLogger,
    readiness: createReadiness(),
  })
  const stop = new AbortController()
  const running = agent.run(stop.signal)
  running.catch(() => undefined)
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    stop.abort()
    await running.catch(() => undefined)
    await books.close()
    await buffer.close()
    sequences.close()
  }
  const end = (): Promise<void> => (closing ??= close())
  ends.push(end)
  const account = async (kind: string) => {
    const found = (await books.accounts(never())).find((one) => one.kind === kind)
    const { sent, acknowledged, buffered, dropped, unanswered } = found ?? {}
    return { sent, acknowledged, buffered, dropped, unanswered }
  }
  return {
    emit: (batch: SourceBatch) => samples.emit(batch, never()),
    sample: (value: number) => samples.emit(sampleBatch('up', value), never()),
    lines,
    events,
    account,
    books,
    end,
    epoch: sequences.epoch,
  }
}

const counts = (sent: number, acknowledged: number, buffered: number, dropped = 0, unanswered = 0) => ({
  sent,
  acknowledged,
  buffered,
  dropped,
  unanswered,
})

describe('samples, by way of the buffer', () => {
  test('are buffered until the next one has them', async () => {
    const sink = createFakeSink()
    sink.failure = () => new RetryableError('away')
    const agent = await start(sink)
    expect(await agent.account('metrics')).toEqual(counts(0, 0, 0))
    for (const value of [1, 2, 3]) await agent.sample(value)
    expect(await agent.account('metrics')).toEqual(counts(3, 0, 3))
    sink.failure = undefined
    await eventually(async () => expect(await agent.account('metrics')).toEqual(counts(3, 3, 0)))
    expect((await agent.books.accounts(never()))[0]).toMatchObject({ agent: 'a', cluster: 'c', to: 'gateway', epoch: agent.epoch })
  })

  test('that are refused for good are dropped: they are dead letters of the buffer', async () => {
    const sink = createFakeSink()
    sink.failure = (deliveries) => (deliveries.flatMap(recordsOf).includes('up=2') ? new PermanentError('no', { status: 400 }) : undefined)
    const agent = await start(sink)
    for (const value of [1, 2, 3]) await agent.sample(value)
    await eventually(async () => expect(await agent.account('metrics')).toEqual(counts(3, 2, 0, 1)))
  })

  test('that the buffer does not take are dropped', async () => {
    const agent = await start(createFakeSink())
    await agent.sample(1)
    await eventually(async () => expect(await agent.account('metrics')).toEqual(counts(1, 1, 0)))
    agent.books.refused.metrics.begin()('dropped')
    expect(await agent.account('metrics')).toEqual(counts(2, 1, 0, 1))
  })

  test('that a full buffer has deleted are dropped while the storage is still away, and counted once when it is back', async () => {
    const sink = createFakeSink()
    const agent = await start(sink, { partitions: 1, maxBytes: 2 * 2 ** 20, maxMessageBytes: 2 ** 20, segmentBytes: 2 ** 18 })
    await agent.sample(1)
    await eventually(async () => expect(await agent.account('metrics')).toEqual(counts(1, 1, 0)))
    sink.failure = () => new RetryableError('away')
    for (let value = 0; value < 40; value++) await agent.emit({ ...sampleBatch('up', value), body: randomBytes(100_000) })
    const away = await agent.account('metrics')
    expect(away).toMatchObject({ sent: 41, acknowledged: 1 })
    expect(away.buffered).toBeLessThanOrEqual(21)
    expect((away.buffered ?? 0) + (away.dropped ?? 0)).toBe(40)
    sink.failure = undefined
    await eventually(async () => expect(await agent.account('metrics')).toMatchObject({ sent: 41, buffered: 0 }))
    const back = await agent.account('metrics')
    expect((back.acknowledged ?? 0) + (back.dropped ?? 0)).toBe(41)
    // What was in hand when it was deleted has arrived all the same.
    expect(back.dropped).toBeLessThanOrEqual(away.dropped ?? 0)
  })

  test('the account goes on after a stop', async () => {
    const sink = createFakeSink()
    const first = await start(sink)
    await first.sample(1)
    await eventually(async () => expect(await first.account('metrics')).toEqual(counts(1, 1, 0)))
    sink.failure = () => new RetryableError('away')
    await first.sample(2)
    await first.end()
    const second = await start(sink)
    expect(await second.account('metrics')).toEqual(counts(2, 1, 1))
    expect((await second.books.accounts(never()))[0]?.epoch).toBe(first.epoch)
  })
})

describe('lines by both ways', () => {
  test('are one account: what files gave and what waits in the buffer', async () => {
    const sink = createFakeSink()
    const agent = await start(sink)
    await agent.lines.emit(lineBatch(['line']), never())
    sink.failure = () => new RetryableError('away')
    for (const event of ['one', 'two']) await agent.events.emit(lineBatch([event]), never())
    await eventually(async () => expect(await agent.account('logs')).toEqual(counts(3, 1, 2)))
    sink.failure = undefined
    await eventually(async () => expect(await agent.account('logs')).toEqual(counts(3, 3, 0)))
    expect((await agent.books.accounts(never())).map(({ kind }) => kind)).toEqual(['metrics', 'logs'])
  })
})

describe('after a kill', () => {
  // What the files are at a moment is what a process that is killed then leaves.
  test('nothing is forgotten and nothing is counted twice', async () => {
    const sink = createFakeSink()
    const first = await start(sink)
    for (const value of [1, 2, 3]) await first.sample(value)
    await eventually(async () => expect(await first.account('metrics')).toEqual(counts(3, 3, 0)))
    await first.lines.emit(lineBatch(['one']), never())
    sink.failure = () => new RetryableError('away')
    await first.sample(4)
    first.lines.emit(lineBatch(['two']), never()).catch(() => undefined)
    await eventually(async () => expect(await first.account('logs')).toEqual(counts(2, 1, 1)))
    const left = join(folder, 'left')
    cpSync(join(folder, 'agent'), left, { recursive: true, filter: (path) => !path.endsWith('lock') })

    const second = await start(createFakeSink(), { directory: left })
    await eventually(async () => expect(await second.account('metrics')).toEqual(counts(4, 4, 0)))
    // The batch without an answer is sent again from its file, under another number.
    expect(await second.account('logs')).toEqual(counts(2, 1, 0, 0, 1))
    await second.lines.emit(lineBatch(['two']), never())
    expect(await second.account('logs')).toEqual(counts(3, 2, 0, 0, 1))
  })
})

describe('lines, straight to a storage', () => {
  test('are on their way until they are acknowledged', async () => {
    const sink = createFakeSink()
    const gate = Promise.withResolvers<void>()
    sink.gate = gate.promise
    const agent = await start(sink)
    const emitted = agent.lines.emit(lineBatch(['one']), never())
    await eventually(async () => expect(await agent.account('logs')).toEqual(counts(1, 0, 1)))
    gate.resolve()
    await emitted
    expect(await agent.account('logs')).toEqual(counts(1, 1, 0))
  })

  test.each<[what: string, lines: readonly string[], acknowledged: number, dropped: number]>([
    ['all refused: dropped', ['bad', 'bad'], 0, 1],
    ['some refused: the message has arrived', ['bad', 'good'], 1, 0],
  ])('%s', async (_, lines, acknowledged, dropped) => {
    const sink = createFakeSink()
    sink.failure = (deliveries) => (deliveries.flatMap(recordsOf).includes('bad') ? new PermanentError('no', { status: 400 }) : undefined)
    const agent = await start(sink)
    await agent.lines.emit(lineBatch(lines), never())
    expect(await agent.account('logs')).toEqual(counts(1, acknowledged, 0, dropped))
  })
})
