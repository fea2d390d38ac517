import { PermanentError, RetryableError, type Sink } from '@clymene/model'
import { createMetrics } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { metricsDelivery, sample } from '../testing/messages.ts'
import { createPrometheusLike } from '../testing/prometheus-like.ts'
import { createDirectSink } from './direct.ts'

const never = new AbortController().signal
const direct = (sinks: Readonly<Record<string, Sink>>): Sink =>
  createDirectSink({
    kind: 'metrics',
    targets: Object.entries(sinks).map(([storage, sink]) => ({ storage, sink })),
    metrics: createMetrics(),
  })
const scrape = (timestampMs: number, ...names: readonly string[]) => metricsDelivery(names.map((name) => sample(name, timestampMs)))

describe('createDirectSink', () => {
  test('all storages have it', async () => {
    const [one, two] = [createPrometheusLike(), createPrometheusLike()]
    await direct({ one, two }).write([scrape(1, 'a', 'b')], never)
    expect([one.stored, two.stored]).toEqual([
      ['a@1', 'b@1'],
      ['a@1', 'b@1'],
    ])
  })

  test('one away: retryable, and the others have it all the same', async () => {
    const one = createPrometheusLike()
    const two: Sink = {
      write: () => Promise.reject(new RetryableError('two is away', { status: 503, retryAfterMs: 2000, needsOperator: true })),
    }
    await expect(direct({ one, two }).write([scrape(1, 'a')], never)).rejects.toMatchObject({
      name: 'RetryableError',
      message: 'two is away',
      status: 503,
      retryAfterMs: 2000,
      needsOperator: true,
    })
    expect(one.stored).toEqual(['a@1'])
  })

  test('what a storage refuses is named; the rest is stored', async () => {
    const [one, two] = [createPrometheusLike(), createPrometheusLike()]
    await one.write([scrape(9, 'b')], never)
    const error = await direct({ one, two })
      .write([scrape(5, 'x'), scrape(5, 'a', 'b', 'c')], never)
      .catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(PermanentError)
    expect(error).toMatchObject({
      message: 'one refused up{i="b"}: out of order sample',
      status: 400,
      repeatLike: true,
      refused: [{ delivery: 1, record: 1, reason: 'out of order sample' }],
    })
    expect(one.stored).toEqual(['b@9', 'x@5', 'a@5', 'c@5'])
    expect(two.stored).toEqual(['x@5', 'a@5', 'b@5', 'c@5'])
  })

  test('of many refusals ten are named, of two storages each record counts once', async () => {
    const refusing: Sink = { write: () => Promise.reject(new PermanentError('no', { status: 422 })) }
    const names = Array.from({ length: 12 }, (_, index) => `s${index}`)
    const error: unknown = await direct({ one: refusing, two: refusing })
      .write([scrape(1, ...names)], never)
      .catch((failure: unknown) => failure)
    expect(error).toMatchObject({ message: expect.stringMatching(/; and 14 more$/) })
    expect(error).toHaveProperty('refused.length', 12)
    expect(error).toMatchObject({ refused: expect.arrayContaining(names.map((_, record) => ({ delivery: 0, record, reason: 'no' }))) })
  })

  test('an outage weighs more than a refusal: the sender has to come again', async () => {
    const one: Sink = { write: () => Promise.reject(new PermanentError('no')) }
    const two: Sink = { write: () => Promise.reject(new RetryableError('away')) }
    await expect(direct({ one, two }).write([scrape(1, 'a')], never)).rejects.toBeInstanceOf(RetryableError)
  })

  test('an abort ends with the reason of the signal', async () => {
    const stop = AbortSignal.abort(new Error('stopped'))
    await expect(direct({ one: createPrometheusLike() }).write([scrape(1, 'a')], stop)).rejects.toThrow('stopped')
  })
})
