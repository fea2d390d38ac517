import { PermanentError, RetryableError, type Delivery, type Sink } from '@clymene/model'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { line, logsDelivery, metricsDelivery, readLogs, readMetrics, sample } from '../testing/messages.ts'
import { createPrometheusLike } from '../testing/prometheus-like.ts'
import { isolating, type Refusal } from './isolating.ts'
import { createMaybeStored, rootOf } from './lineage.ts'

const never = new AbortController().signal

const namesOf = ({ kind, value }: Delivery): string[] =>
  kind === 'metrics'
    ? readMetrics(value).map(({ labels }) => labels[1]?.[1] ?? '')
    : readLogs(value).flatMap(({ entries }) => entries.map((entry) => entry.line))

/** Refuses a body that holds any of `bad`, whole; keeps the names of what it took, in order. */
function createPicky(bad: ReadonlySet<string>) {
  const stored: string[] = []
  const sizes: number[] = []
  const sink: Sink = {
    write: async (deliveries) => {
      const names = deliveries.flatMap(namesOf)
      sizes.push(names.length)
      const refused = names.find((name) => bad.has(name))
      if (refused !== undefined) throw new PermanentError(`bad ${refused}`, { status: 400 })
      stored.push(...names)
    },
  }
  return { sink, stored, sizes }
}

async function writeIsolated(sink: Sink, deliveries: readonly Delivery[]): Promise<Refusal[]> {
  const refusals: Refusal[] = []
  await isolating(sink, { refuse: async (refusal) => void refusals.push(refusal) }).write(deliveries, never)
  return refusals
}

/** Deliveries with so many series each, named by their running number. */
function numberedDeliveries(counts: readonly number[], kind: 'metrics' | 'logs' = 'metrics'): Delivery[] {
  let next = 0
  return counts.map((count) => {
    const names = Array.from({ length: count }, () => String(next++))
    return kind === 'metrics'
      ? metricsDelivery(names.map((name) => sample(name, 1)))
      : logsDelivery([{ labels: [['app', 'x']], entries: names.map((name) => ({ timestampNs: 1n, line: name })) }])
  })
}

describe('isolating', () => {
  test.each(['metrics', 'logs'] as const)('any set of bad %s: exactly those are refused, the rest is stored in order', async (kind) => {
    const shapes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(shapes, fc.array(fc.nat(), { maxLength: 8 }), async (counts, picks) => {
        const deliveries = numberedDeliveries(counts, kind)
        const all = deliveries.flatMap(namesOf)
        const bad = new Set(picks.map((pick) => String(pick % all.length)))
        const { sink, stored, sizes } = createPicky(bad)
        const refusals = await writeIsolated(sink, deliveries)
        expect(stored).toEqual(all.filter((name) => !bad.has(name)))
        expect(refusals.flatMap(({ piece }) => namesOf(piece))).toEqual(all.filter((name) => bad.has(name)))
        for (const { piece, error } of refusals) expect(error.message).toBe(`bad ${namesOf(piece)[0]}`)
        const levels = Math.ceil(Math.log2(counts.length)) + Math.ceil(Math.log2(Math.max(...counts)))
        expect(sizes.length).toBeLessThanOrEqual(1 + bad.size * 2 * (levels + 1))
      }),
      { numRuns: 150 },
    )
  })

  test('one bad series among 16 messages of 500 costs few writes, of small bodies', async () => {
    const deliveries = numberedDeliveries(Array.from({ length: 16 }, () => 500))
    // A half that is refused is followed by one that is not; the half after one that is not refused is not sent whole.
    for (const [bad, mostWrites] of [
      ['0', 28],
      ['4321', 28],
      ['7999', 15],
    ] as const) {
      const { sink, stored, sizes } = createPicky(new Set([bad]))
      const refusals = await writeIsolated(sink, deliveries)
      expect(refusals.map(({ piece }) => namesOf(piece))).toEqual([[bad]])
      expect(stored).toHaveLength(7999)
      expect(sizes.length).toBeLessThanOrEqual(mostWrites)
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(3 * 8000)
    }
  })

  test('a piece keeps origin, key and headers, and says where in its message it stood', async () => {
    const origin = { logId: 'l', topic: 't', partition: 2, offset: 7n, timestampMs: 9 }
    const [whole] = numberedDeliveries([10])
    const delivery = { ...whole!, key: 'x', origin, headers: { ...whole!.headers, cluster: 'c' } }
    const [refusal] = await writeIsolated(createPicky(new Set(['7'])).sink, [delivery])
    expect(refusal?.piece).toMatchObject({ key: 'x', origin, position: 7, headers: { cluster: 'c', records: 1 } })
    expect(rootOf(refusal!.piece)).toBe(delivery)
  })

  test('what the storage names is taken without halving; neighbours are one piece', async () => {
    let writes = 0
    const sink: Sink = {
      write: async () => {
        writes++
        const refused = [7, 2, 3, 4].map((record) => ({ delivery: record === 7 ? 0 : 1, record, reason: `no ${record}` }))
        throw new PermanentError('some', { status: 400, refused })
      },
    }
    const refusals = await writeIsolated(sink, numberedDeliveries([8, 6]))
    expect(refusals.map(({ piece, error }) => [namesOf(piece), piece.position, error.message])).toEqual([
      [['7'], 7, 'no 7'],
      [['10', '11', '12'], 2, 'no 2'],
    ])
    expect(writes).toBe(1)
  })

  test('several samples of one series are not cut', async () => {
    const series = { ...sample('a', 1), samples: [1, 2, 3].map((timestampMs) => ({ timestampMs, value: 0 })) }
    const [refusal] = await writeIsolated(createPicky(new Set(['a'])).sink, [metricsDelivery([series, sample('b', 1)])])
    expect(refusal?.piece.headers.records).toBe(3)
  })

  test('a retryable failure, or an abort, ends the write', async () => {
    const failure = new RetryableError('away')
    let writes = 0
    const sink: Sink = {
      write: async () => {
        if (++writes === 2) throw failure
        throw new PermanentError('bad')
      },
    }
    await expect(writeIsolated(sink, numberedDeliveries([4]))).rejects.toBe(failure)
    expect(writes).toBe(2)
  })

  test('a damaged block cannot be cut and is refused whole', async () => {
    const damaged = { ...metricsDelivery([sample('a', 1)]), value: Buffer.from([5, 0xff]) }
    const sink: Sink = { write: () => Promise.reject(new PermanentError('bad')) }
    expect((await writeIsolated(sink, [damaged])).map(({ piece }) => piece)).toEqual([damaged])
  })
})

/** Writes deliveries that are all marked as maybe stored. */
async function rewrite(store: Sink, deliveries: readonly Delivery[]) {
  const refused: string[] = []
  const repeats: string[] = []
  const maybeStored = createMaybeStored()
  maybeStored.mark(deliveries)
  const sink = isolating(store, {
    maybeStored,
    repeat: (piece) => void repeats.push(...namesOf(piece)),
    refuse: async ({ piece }) => void refused.push(...namesOf(piece)),
  })
  await sink.write(deliveries, never)
  return { refused, repeats }
}

describe('isolating what may be stored already', () => {
  const series = Array.from({ length: 40 }, (_, index) => `s${index}`)
  const scrape = (timestampMs: number, names = series): Delivery => metricsDelivery(names.map((name) => sample(name, timestampMs)))

  test('what is named with a refusal like that of a repeat is looked at one by one: a bad series among them is no repeat', async () => {
    const sink: Sink = {
      write: async (deliveries) => {
        const names = deliveries.flatMap(namesOf)
        const refused = names.flatMap((name, record) => (name === 'good' ? [] : [{ delivery: 0, record, reason: 'see the text' }]))
        const isRepeat = names.includes('old')
        const text = `${isRepeat ? 'out of order' : ''} ${names.includes('bad') ? 'bad label' : ''}`
        if (refused.length > 0) throw new PermanentError(text, { status: 400, refused, repeatLike: isRepeat })
      },
    }
    expect(await rewrite(sink, [scrape(1, ['old', 'good', 'bad', 'good'])])).toEqual({ refused: ['bad'], repeats: ['old'] })
  })

  test('messages that are there are repeats, whatever their size, for few writes', async () => {
    const store = createPrometheusLike()
    const body = [scrape(1), scrape(2), scrape(3)]
    await store.write(body, never)
    const before = store.bodies.length
    const { refused, repeats } = await rewrite(store, body)
    expect({ refused, repeats: repeats.length }).toEqual({ refused: [], repeats: 80 })
    expect(store.stored).toHaveLength(120)
    expect(store.bodies.length - before).toBeLessThanOrEqual(2 + 2 * 10 + 2)
  })

  test('a new message with one sample that is old loses nothing but that', async () => {
    const store = createPrometheusLike()
    await store.write([scrape(9, ['s17'])], never)
    const { refused, repeats } = await rewrite(store, [scrape(5)])
    expect({ refused, repeats }).toEqual({ refused: [], repeats: ['s17'] })
    expect(store.stored).toHaveLength(40)
  })

  test('a refusal that does not look like a repeat is one', async () => {
    const { refused, repeats } = await rewrite(createPicky(new Set(['s3'])).sink, [scrape(1)])
    expect({ refused, repeats }).toEqual({ refused: ['s3'], repeats: [] })
  })

  test('without marks the same refusals are refusals', async () => {
    const store = createPrometheusLike()
    await store.write([scrape(9, ['a'])], never)
    const refusals = await writeIsolated(store, [scrape(5, ['a', 'b'])])
    expect(refusals.flatMap(({ piece }) => namesOf(piece))).toEqual(['a'])
  })

  test('log lines too', async () => {
    const refused: string[] = []
    const delivery = logsDelivery([line('x', 1n, 'one'), line('x', 2n, 'two')])
    const { sink } = createPicky(new Set(['two']))
    await isolating(sink, { refuse: async ({ piece }) => void refused.push(...namesOf(piece)) }).write([delivery], never)
    expect(refused).toEqual(['two'])
  })
})
