import { PermanentError, RetryableError, type SourceBatch } from '@clymene/model'
import { createMetrics, createReadiness, silentLogger } from '@clymene/runtime'
import { createDeadLetters } from '@clymene/storages'
import { describe, expect, test, vi } from 'vitest'

import { createEnvelopes, emitToBuffer, emitToStorage, type Identity, type Sequences } from './outlet.ts'
import { lineBatch, sampleBatch } from './testing/batches.ts'
import { createFakeSink, recordsOf } from './testing/fake-sink.ts'
import { createMemoryBus } from './testing/memory-bus.ts'

const IDENTITY: Identity = { agent: 'a1', cluster: 'c1', tenant: '' }

function sequences(): Sequences & { readonly keys: () => readonly string[] } {
  const next = new Map<string, number>()
  return {
    epoch: 7,
    keys: () => [...next.keys()],
    next: (key) => {
      const number = next.get(key) ?? 0
      next.set(key, number + 1)
      return number
    },
  }
}

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 2 })
const never = (): AbortSignal => new AbortController().signal

describe('the message of a batch', () => {
  test('is the body as a snappy block, with who sends it, its number and how much is inside', () => {
    const envelope = createEnvelopes(IDENTITY, sequences(), 'buffer')(sampleBatch('up', 1, '3'))
    expect(envelope).toMatchObject({
      kind: 'metrics',
      key: '/c1/a1/metrics-3',
      headers: {
        contentType: 'application/x-protobuf',
        cluster: 'c1',
        agent: 'a1',
        stream: 'metrics-3',
        records: 1,
        epoch: 7,
        sequence: 0,
        scanned: true,
      },
    })
    expect(recordsOf(envelope)).toEqual(['up=1'])
  })

  test.each<[name: string, identity: Identity, batch: SourceBatch, key: string, headers: object]>([
    ['samples and lines have orders of their own', IDENTITY, lineBatch(['x']), '/c1/a1/logs-0', { stream: 'logs-0' }],
    ['no cluster', { ...IDENTITY, cluster: '' }, lineBatch(['x']), '//a1/logs-0', {}],
    ['the tenant of the agent', { ...IDENTITY, tenant: 't' }, lineBatch(['x']), 't/c1/a1/logs-0', { tenant: 't' }],
    ['the tenant of the lines', { ...IDENTITY, tenant: 't' }, lineBatch(['x'], { tenant: 'u' }), 'u/c1/a1/logs-0', { tenant: 'u' }],
    [
      'names that would break the key',
      { agent: 'a/b', cluster: 'c d', tenant: '' },
      lineBatch(['x']),
      '/c%20d/a%2Fb/logs-0',
      { agent: 'a/b' },
    ],
  ])('%s', (_name, identity, batch, key, headers) => {
    const envelope = createEnvelopes(identity, sequences(), 'buffer')(batch)
    expect(envelope).toMatchObject({ key, headers })
  })

  test('says how new it is where the source knows', () => {
    const envelopeOf = createEnvelopes(IDENTITY, sequences(), 'buffer')
    expect(envelopeOf({ ...sampleBatch('up', 1), newestMs: 5 }).headers.newestMs).toBe(5)
    expect(Object.keys(envelopeOf(sampleBatch('up', 1)).headers)).not.toContain('newestMs')
  })

  test('no header is there and empty', () => {
    const { headers } = createEnvelopes({ agent: 'a', cluster: '', tenant: '' }, sequences(), 'buffer')(lineBatch(['x']))
    expect(Object.keys(headers)).not.toContain('tenant')
    expect(Object.keys(headers)).not.toContain('cluster')
  })

  test('numbers rise by one within a key, and each key has its own', () => {
    const envelopeOf = createEnvelopes(IDENTITY, sequences(), 'buffer')
    const numbers = ['0', '0', '1', '0', '1'].map((stream) => envelopeOf(sampleBatch('up', 1, stream)).headers.sequence)
    expect(numbers).toEqual([0, 1, 0, 2, 1])
  })

  test('two storages that are sent the same streams have numbers of their own', () => {
    const shared = sequences()
    const [first, second] = ['loki', 'elasticsearch'].map((storage) => createEnvelopes(IDENTITY, shared, storage))
    const numbers = [first!, first!, second!, first!, second!].map((envelopeOf) => envelopeOf(lineBatch(['x'])).headers.sequence)
    expect(numbers).toEqual([0, 1, 0, 2, 1])
  })

  test('a number that cannot be had is no reason to lose the batch', () => {
    const full: Sequences = {
      epoch: 1,
      next: () => {
        throw new Error('ENOSPC: no space left on device')
      },
    }
    expect(() => createEnvelopes(IDENTITY, full, 'buffer')(lineBatch(['x']))).toThrow(RetryableError)
  })
})

describe('samples into the buffer', () => {
  test('are acknowledged when the buffer has them', async () => {
    const buffer = createMemoryBus()
    await emitToBuffer({ buffer, topic: 'metrics', envelopeOf: createEnvelopes(IDENTITY, sequences(), 'buffer') })(
      sampleBatch('up', 1),
      never(),
    )
    expect(buffer.produced('metrics').flatMap(recordsOf)).toEqual(['up=1'])
  })

  test('are refused when it has not', async () => {
    const buffer = createMemoryBus()
    buffer.failure = new RetryableError('full')
    const emit = emitToBuffer({ buffer, topic: 'metrics', envelopeOf: createEnvelopes(IDENTITY, sequences(), 'buffer') })
    await expect(emit(sampleBatch('up', 1), never())).rejects.toThrow('full')
  })
})

test('lines that are refused before they come to the buffer are letters of each storage', async () => {
  const buffer = createMemoryBus()
  const metrics = createMetrics()
  const deadLetters = ['loki', 'es'].map((storage) =>
    createDeadLetters({ bus: buffer, topic: 'logs', storage, kind: 'logs', metrics, logger: silentLogger }),
  )
  const emit = emitToBuffer({ buffer, topic: 'logs', envelopeOf: createEnvelopes(IDENTITY, sequences(), 'buffer'), deadLetters })
  await emit({ ...lineBatch(['bad']), refused: 'a label is too long' }, never())
  expect(buffer.produced('logs')).toEqual([])
  expect(
    buffer
      .produced('logs-dead-letter')
      .map((letter) => [letter.extra?.['clymene-dl-storage'], letter.extra?.['clymene-dl-reason'], recordsOf(letter)]),
  ).toEqual([
    ['loki', 'a label is too long', ['bad']],
    ['es', 'a label is too long', ['bad']],
  ])
})

describe('lines straight into a storage', () => {
  const setUp = (numbers: Sequences = sequences()) => {
    const buffer = createMemoryBus()
    const sink = createFakeSink()
    const metrics = createMetrics()
    const readiness = createReadiness()
    readiness.set('start', undefined)
    const backoff = { minMs: 1, maxMs: 2 }
    const emit = emitToStorage(
      { kind: 'logs', storage: 'loki', sink, buffer, topic: 'logs', metrics, logger: silentLogger, backoff, readiness },
      createEnvelopes(IDENTITY, numbers, 'loki'),
    )
    const counted = async (name: string): Promise<number> => (await metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value ?? 0
    return { buffer, sink, emit, counted, reasons: readiness.reasons }
  }

  test('a token of another cluster is a reason on /readyz until it is mended', async () => {
    const { sink, emit, reasons } = setUp()
    sink.failure = () => new RetryableError('gate answered 403: not for "c1"', { needsOperator: true })
    const emitted = emit(lineBatch(['one']), never())
    await eventually(() => expect(reasons()).toEqual(['storage loki: logs: gate answered 403: not for "c1"']))
    sink.failure = undefined
    await emitted
    expect([reasons(), sink.records()]).toEqual([[], ['one']])
  })

  test('are acknowledged when the storage has them, not before', async () => {
    const { sink, emit } = setUp()
    const gate = Promise.withResolvers<void>()
    sink.gate = gate.promise
    let acknowledged = false
    const emitted = emit(lineBatch(['one']), never()).then(() => (acknowledged = true))
    await eventually(() => expect(sink.attempts).toBe(1))
    expect(acknowledged).toBe(false)
    gate.resolve()
    await emitted
    expect(sink.records()).toEqual(['one'])
  })

  test('are sent again until the storage has them, with the same number', async () => {
    const { sink, emit } = setUp()
    const numbers: (number | undefined)[] = []
    sink.failure = ([delivery]) => {
      numbers.push(delivery?.headers.sequence)
      return numbers.length < 4 ? new RetryableError('away') : undefined
    }
    await emit(lineBatch(['one']), never())
    expect(numbers).toEqual([0, 0, 0, 0])
    expect(sink.records()).toEqual(['one'])
  })

  test('are not acknowledged when the agent is stopped before', async () => {
    const { sink, emit } = setUp()
    sink.failure = () => new RetryableError('away')
    const stop = new AbortController()
    const emitted = emit(lineBatch(['one']), stop.signal)
    await eventually(() => expect(sink.attempts).toBeGreaterThan(1))
    stop.abort()
    await expect(emitted).rejects.toThrow('aborted')
    expect(sink.written).toEqual([])
  })

  test('that the storage refuses go to the buffer as dead letters, the others into the storage', async () => {
    const { sink, emit, buffer } = setUp()
    sink.failure = (deliveries) =>
      deliveries.flatMap(recordsOf).includes('bad') ? new PermanentError('line too old', { status: 400 }) : undefined
    await emit(lineBatch(['one', 'bad', 'two', 'three']), never())
    expect(sink.records().toSorted()).toEqual(['one', 'three', 'two'])
    const letters = buffer.produced('logs-dead-letter')
    expect(letters.flatMap(recordsOf)).toEqual(['bad'])
    expect(letters[0]?.extra).toMatchObject({
      'clymene-dl-storage': 'loki',
      'clymene-dl-reason': 'line too old',
      'clymene-dl-status': '400',
    })
  })

  test('that are refused before go to the buffer as dead letters, and the storage is not asked', async () => {
    const { sink, emit, buffer } = setUp()
    await emit({ ...lineBatch(['bad']), refused: 'a label is too long' }, never())
    expect(sink.attempts).toBe(0)
    const letters = buffer.produced('logs-dead-letter')
    expect(letters.flatMap(recordsOf)).toEqual(['bad'])
    expect(letters[0]?.extra).toMatchObject({ 'clymene-dl-storage': 'loki', 'clymene-dl-reason': 'a label is too long' })
  })

  test('wait while a dead letter cannot be kept', async () => {
    const { sink, emit, buffer } = setUp()
    sink.failure = () => new PermanentError('no', { status: 400 })
    buffer.failure = new RetryableError('full')
    const stop = new AbortController()
    const emitted = emit(lineBatch(['bad']), stop.signal)
    await eventually(() => expect(sink.attempts).toBeGreaterThan(0))
    buffer.failure = undefined
    await emitted
    expect(buffer.produced('logs-dead-letter').flatMap(recordsOf)).toEqual(['bad'])
  })

  test('that the storage has from a write whose answer was lost are repeats, not dead letters', async () => {
    const { sink, emit, buffer, counted } = setUp()
    sink.failure = () =>
      sink.attempts === 1
        ? new RetryableError('connection reset', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) })
        : new PermanentError('entry out of order', { status: 400, repeatLike: true })
    await emit(lineBatch(['one']), never())
    expect(buffer.produced('logs-dead-letter')).toEqual([])
    expect(await counted('clymene_agent_repeats_total')).toBe(1)
  })

  test('wait until they can be numbered', async () => {
    let asked = 0
    const { sink, emit } = setUp({
      epoch: 1,
      next: () => {
        if (++asked < 3) throw new Error('ENOSPC: no space left on device')
        return 5
      },
    })
    await emit(lineBatch(['one']), never())
    expect(sink.written.map(({ headers }) => headers.sequence)).toEqual([5])
  })
})
