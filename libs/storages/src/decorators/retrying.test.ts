import { PermanentError, RetryableError, type Delivery, type Sink } from '@clymene/model'
import { createMetrics, createReadiness } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { metricsDelivery, sample } from '../testing/messages.ts'
import { createRecordingLogger } from '../testing/recording-logger.ts'
import { classified } from './classified.ts'
import { createMaybeStored } from './lineage.ts'
import { observed } from './observed.ts'
import { leavesDoubt, retrying } from './retrying.ts'

const never = new AbortController().signal
const delivery = metricsDelivery([sample('a', 1), sample('b', 1)])
const fast = { minMs: 1, maxMs: 2 }

/** Fails with these, one a write, then succeeds. */
function failing(...failures: readonly unknown[]): Sink & { readonly writes: () => number } {
  let writes = 0
  return {
    writes: () => writes,
    write: async () => {
      const failure = failures[writes++]
      if (failure !== undefined) throw failure
    },
  }
}

/** Writes with each of the outcomes in turn; what /readyz says is looked at before each attempt. */
function startWatched(outcomes: ReadonlyMap<Delivery, readonly unknown[]>) {
  const readiness = createReadiness()
  readiness.set('start', undefined)
  const left = new Map([...outcomes].map(([one, failures]) => [one, [...failures]]))
  const seen: (readonly string[])[] = []
  const sink: Sink = {
    write: async ([one]) => {
      seen.push(readiness.reasons())
      const failure = left.get(one!)?.shift()
      if (failure !== undefined) throw failure
    },
  }
  return {
    seen,
    readiness,
    writer: retrying(sink, { storage: 's', kind: 'metrics', backoff: fast, readiness, logger: createRecordingLogger().logger }),
  }
}

describe('retrying', () => {
  const options = { storage: 's', kind: 'metrics', backoff: fast } as const

  test('goes on until the storage has it, and says so once a minute', async () => {
    const { logger, lines } = createRecordingLogger()
    const sink = failing(...Array.from({ length: 20 }, () => new RetryableError('503')))
    await retrying(sink, { ...options, logger }).write([delivery], never)
    expect(sink.writes()).toBe(21)
    expect(lines).toMatchObject([
      { level: 'warn', fields: { storage: 's', error: '503' } },
      { level: 'info', message: 'storage is written again', fields: { storage: 's', kind: 'metrics' } },
    ])
  })

  test('says once that it is over, and only after it said that it waits', async () => {
    const { logger, lines } = createRecordingLogger()
    const writer = retrying(failing(undefined, new RetryableError('503'), undefined, undefined), { ...options, logger })
    await writer.write([delivery], never)
    expect(lines).toEqual([])
    for (let count = 0; count < 2; count++) await writer.write([delivery], never)
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info'])
  })

  test('it is not over while another write waits', async () => {
    const { logger, lines } = createRecordingLogger()
    const stop = new AbortController()
    const sink: Sink = { write: ([one]) => (one === delivery ? Promise.reject(new RetryableError('503')) : Promise.resolve()) }
    const writer = retrying(sink, { ...options, logger })
    const stuck = writer.write([delivery], stop.signal).catch(() => undefined)
    await expect.poll(() => lines.length).toBe(1)
    await writer.write([metricsDelivery([sample('c', 1)])], never)
    expect(lines.map(({ level }) => level)).toEqual(['warn'])
    stop.abort()
    await stuck
    await writer.write([metricsDelivery([sample('c', 1)])], never)
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info'])
  })

  test('a write that is refused for good ends no outage', async () => {
    const { logger, lines } = createRecordingLogger()
    const refused = failing(new RetryableError('503'), new PermanentError('400'))
    await expect(retrying(refused, { ...options, logger }).write([delivery], never)).rejects.toThrow('400')
    expect(lines.map(({ level }) => level)).toEqual(['warn'])
  })

  test.each<[level: string, failure: RetryableError, reasons: readonly string[]]>([
    ['warn', new RetryableError('answered 429', { status: 429 }), []],
    ['error', new RetryableError('answered 403', { needsOperator: true }), ['storage s: metrics: answered 403 (tenant "blue\\n")']],
  ])('names the tenant that waits: %s', async (level, failure, reasons) => {
    const { logger, lines } = createRecordingLogger()
    const readiness = createReadiness()
    readiness.set('start', undefined)
    const seen: (readonly string[])[] = []
    const sink: Sink = { write: () => (seen.push(readiness.reasons()) === 1 ? Promise.reject(failure) : Promise.resolve()) }
    await retrying(sink, { ...options, logger, readiness }).write([metricsDelivery([sample('a', 1)], { tenant: 'blue\n' })], never)
    expect(lines[0]).toMatchObject({ level, fields: { storage: 's', tenant: 'blue\n', error: failure.message } })
    expect(seen).toEqual([[], reasons])
  })

  test('an operator is needed: ERROR', async () => {
    const { logger, lines } = createRecordingLogger()
    await retrying(failing(new RetryableError('401', { needsOperator: true })), { ...options, logger }).write([delivery], never)
    expect(lines.map(({ level }) => level)).toEqual(['error', 'info'])
  })

  describe('what an operator has to mend is a reason on /readyz', () => {
    const OPERATOR = new RetryableError('answered 403: not for "c2"', { needsOperator: true })
    const REASON = 'storage s: metrics: answered 403: not for "c2"'

    const ends: [name: string, failures: readonly unknown[], reasons: readonly (readonly string[])[]][] = [
      ['until the write succeeds', [OPERATOR, OPERATOR], [[], [REASON], [REASON]]],
      ['until it is refused for good', [OPERATOR, new PermanentError('400')], [[], [REASON]]],
      ['until it fails for another reason', [OPERATOR, new RetryableError('503')], [[], [REASON], []]],
      ['not what passes by itself', [new RetryableError('503')], [[], []]],
    ]
    test.each(ends)('%s', async (_, failures, reasons) => {
      const { seen, readiness, writer } = startWatched(new Map([[delivery, failures]]))
      await writer.write([delivery], never).catch(() => undefined)
      expect(seen).toEqual(reasons)
      expect(readiness.reasons()).toEqual([])
    })

    test('until it is given up', async () => {
      const stop = new AbortController()
      const { readiness, writer } = startWatched(new Map([[delivery, Array.from({ length: 1000 }, () => OPERATOR)]]))
      const writing = writer.write([delivery], stop.signal)
      await expect.poll(readiness.reasons).toEqual([REASON])
      stop.abort(new Error('stopped'))
      await expect(writing).rejects.toThrow('stopped')
      expect(readiness.reasons()).toEqual([])
    })

    test('also while other messages are taken', async () => {
      const stop = new AbortController()
      const { readiness, writer } = startWatched(new Map([[delivery, Array.from({ length: 1000 }, () => OPERATOR)]]))
      const writing = writer.write([delivery], stop.signal).catch(() => undefined)
      await expect.poll(readiness.reasons).toEqual([REASON])
      await writer.write([metricsDelivery([sample('c', 1)])], never)
      expect(readiness.reasons()).toEqual([REASON])
      stop.abort()
      await writing
    })
  })

  test('a refusal is not tried again', async () => {
    const refusal = new PermanentError('400')
    const sink = failing(refusal)
    await expect(retrying(sink, { ...options, logger: createRecordingLogger().logger }).write([delivery], never)).rejects.toBe(refusal)
    expect(sink.writes()).toBe(1)
  })

  test('an abort ends the wait', async () => {
    const stop = new AbortController()
    const sink: Sink = {
      write: () => {
        setImmediate(() => stop.abort(new Error('stopped')))
        return Promise.reject(new RetryableError('503', { retryAfterMs: 600_000 }))
      },
    }
    await expect(retrying(sink, { ...options, logger: createRecordingLogger().logger }).write([delivery], stop.signal)).rejects.toThrow(
      'stopped',
    )
  })

  test('marks what may have been stored', async () => {
    const maybeStored = createMaybeStored()
    const { logger } = createRecordingLogger()
    await retrying(failing(new RetryableError('503', { status: 503 })), { ...options, logger, maybeStored }).write([delivery], never)
    expect(maybeStored.has(delivery)).toBe(false)
    await retrying(failing(new RetryableError('reset')), { ...options, logger, maybeStored }).write([delivery], never)
    expect(maybeStored.has(delivery)).toBe(true)
  })
})

const coded = (code: string) =>
  new RetryableError(code, { cause: Object.assign(new TypeError(code), { cause: Object.assign(new Error(code), { code }) }) })

describe('leavesDoubt', () => {
  test.each([
    ['no answer', new RetryableError('time-out'), true],
    ['connection lost', coded('ECONNRESET'), true],
    ['500', new RetryableError('', { status: 500 }), true],
    ['502', new RetryableError('', { status: 502 }), true],
    ['504', new RetryableError('', { status: 504 }), true],
    ['gRPC UNKNOWN', new RetryableError('', { status: 2 }), true],
    ['gRPC UNAVAILABLE', new RetryableError('', { status: 14 }), true],
    ['gRPC UNAUTHENTICATED', new RetryableError('', { status: 16 }), false],
    ['503', new RetryableError('', { status: 503 }), false],
    ['429', new RetryableError('', { status: 429 }), false],
    ['401', new RetryableError('', { status: 401 }), false],
    ['nobody listens', coded('ECONNREFUSED'), false],
    ['no such name', coded('ENOTFOUND'), false],
    ['certificate', coded('CERT_HAS_EXPIRED'), false],
  ])('%s', (_, error, expected) => expect(leavesDoubt(error)).toBe(expected))
})

describe('classified', () => {
  test('what nobody expected is retryable and shown', async () => {
    const sink = classified(failing(new TypeError('x is undefined')))
    await expect(sink.write([delivery], never)).rejects.toMatchObject({
      name: 'RetryableError',
      needsOperator: true,
      message: 'unexpected failure: x is undefined',
    })
  })

  test('both kinds of failure and the abort stay what they are', async () => {
    for (const failure of [new RetryableError('x'), new PermanentError('y')]) {
      await expect(classified(failing(failure)).write([delivery], never)).rejects.toBe(failure)
    }
    const stop = AbortSignal.abort(new Error('stopped'))
    await expect(classified(failing(new TypeError('x'))).write([delivery], stop)).rejects.toBe(stop.reason)
  })
})

describe('observed', () => {
  test('counts records by what came of them, bytes and bodies', async () => {
    const metrics = createMetrics()
    const named = new PermanentError('n', { refused: [{ delivery: 0, record: 1, reason: 'r' }] })
    const sink = observed(failing(new RetryableError('x'), new PermanentError('y'), named), { storage: 's', kind: 'metrics', metrics })
    for (let count = 0; count < 4; count++) await sink.write([delivery], never).catch(() => undefined)
    const text = await metrics.registry.metrics()
    for (const line of [
      'clymene_storage_written_records_total{storage="s",kind="metrics",status="retryable"} 2',
      'clymene_storage_written_records_total{storage="s",kind="metrics",status="refused"} 3',
      'clymene_storage_written_records_total{storage="s",kind="metrics",status="stored"} 3',
      `clymene_storage_written_bytes_total{storage="s",kind="metrics"} ${delivery.value.length}`,
      'clymene_storage_write_seconds_count{storage="s",kind="metrics"} 4',
      'clymene_storage_body_records_sum{storage="s",kind="metrics"} 8',
    ]) {
      expect(text).toContain(line)
    }
  })
})
