import { PermanentError, RetryableError, type Bus, type BusRecord, type Envelope, type PartitionBatch, type Sink } from '@clymene/model'
import { createMetrics } from '@clymene/runtime'
import { encodeMetricsJson } from '@clymene/wire'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { busRecord, metricsBlock, numbered, readMetrics, sample, TOPIC } from '../testing/messages.ts'
import { createPrometheusLike } from '../testing/prometheus-like.ts'
import { createRecordingLogger } from '../testing/recording-logger.ts'
import { createBatchHandler, createDelivery, type DeliveryOptions } from './delivery.ts'

const never = new AbortController().signal

type Produced = { readonly topic: string; readonly envelope: Envelope }

/** Takes dead letters; `failures` are thrown first, one a call. */
function createCollectingBus(failures: unknown[] = []) {
  const produced: Produced[] = []
  const bus: Bus = {
    produce: async (topic, envelopes) => {
      const failure = failures.shift()
      if (failure !== undefined) throw failure
      produced.push(...envelopes.map((envelope) => ({ topic, envelope })))
    },
    consume: () => Promise.resolve(),
    read: async function* () {},
    unavailable: () => undefined,
    lag: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  }
  return { bus, produced }
}

function start(sink: Sink, options: Partial<DeliveryOptions> = {}) {
  const { bus, produced } = createCollectingBus()
  const { logger, lines } = createRecordingLogger()
  const metrics = createMetrics()
  const backoff = { minMs: 1, maxMs: 2 }
  const handle = createBatchHandler({ bus, topic: TOPIC, kind: 'metrics', storage: 's', sink, metrics, logger, backoff, ...options })
  const commits: number[] = []
  return {
    commits,
    produced,
    lines,
    metric: async (name: string) =>
      (await metrics.registry.getSingleMetric(name)?.get())?.values.reduce((sum, { value }) => sum + value, 0) ?? 0,
    handle: (records: readonly BusRecord[], batch: Partial<PartitionBatch> = {}, signal = never) =>
      handle({ topic: TOPIC, partition: 0, takeover: false, commit: async (count) => void commits.push(count), ...batch, records }, signal),
  }
}

/** Message number `sequence` of a key: one sample of series `key` at that time. */
const message = (sequence: number, offset: number, key = 'k'): BusRecord =>
  busRecord(metricsBlock([sample(key, sequence)]), offset, numbered(sequence), key)

const messages = (...list: readonly number[]): BusRecord[] => list.map((sequence, offset) => message(sequence, offset))
const deadNames = (produced: readonly Produced[]): string[] =>
  produced.flatMap(({ envelope }) =>
    readMetrics(envelope.value).map(({ labels, samples }) => `${labels[1]?.[1]}@${samples[0]?.timestampMs}`),
  )

describe('delivery', () => {
  test('one body of many messages, committed by the end of the batch', async () => {
    const store = createPrometheusLike()
    const { handle, commits } = start(store)
    await handle(messages(1, 2, 3))
    expect(store.bodies).toEqual([['k@1', 'k@2', 'k@3']])
    expect(commits).toEqual([])
  })

  test('each body is committed before the next is written', async () => {
    const steps: string[] = []
    const sink: Sink = { write: async (deliveries) => void steps.push(`write ${deliveries.map(({ origin }) => origin?.offset).join(' ')}`) }
    const { handle } = start(sink)
    await handle(messages(2, 4, 3, 5, 1), { commit: async (count) => void steps.push(`commit ${count}`) })
    expect(steps).toEqual(['write 0 1', 'commit 2', 'write 2 3', 'commit 4', 'write 4'])
  })

  test('3, 1, 2 end as stored plus refused by name, never as 204 and gone', async () => {
    const store = createPrometheusLike()
    const { handle, produced, lines } = start(store)
    await handle(messages(3, 1, 2))
    expect(store.stored).toEqual(['k@3'])
    expect(store.lost).toEqual([])
    expect(deadNames(produced)).toEqual(['k@1', 'k@2'])
    expect(lines).toMatchObject([{ level: 'warn', fields: { storage: 's', series: 'up{i="k"}', agent: 'a', partition: 0, offset: 1n } }])
  })

  test('whatever the order, nothing is lost in silence and nothing is invented', async () => {
    const numbers = fc.array(fc.record({ key: fc.constantFrom('k', 'l', ''), sequence: fc.integer({ min: 1, max: 12 }) }), {
      maxLength: 25,
    })
    await fc.assert(
      fc.asyncProperty(numbers, fc.boolean(), async (list, takeover) => {
        const store = createPrometheusLike()
        const { handle, produced, metric } = start(store)
        // The empty key stands for a sender that does not number.
        const records = list.map(({ key, sequence }, offset) =>
          key === '' ? busRecord(metricsBlock([sample('f', sequence)]), offset, {}, '') : message(sequence, offset, key),
        )
        await handle(records, { takeover })
        expect(store.lost).toEqual([])
        const repeats = await metric('clymene_delivery_repeats_total')
        const acknowledgedAgain = records.length - store.stored.length - produced.length - repeats
        // What is left are newest samples sent again, which the store takes.
        expect(acknowledgedAgain).toBeGreaterThanOrEqual(0)
        const names = new Set(list.map(({ key, sequence }) => `${key || 'f'}@${sequence}`))
        for (const name of [...store.stored, ...deadNames(produced)]) expect(names.has(name)).toBe(true)
        if (takeover) return
        for (const name of names) expect([...store.stored, ...deadNames(produced)]).toContain(name)
      }),
      { numRuns: 200 },
    )
  })

  test('a message of Go Clymene is scanned, JSON becomes protobuf, and each is a body of its own', async () => {
    const store = createPrometheusLike()
    const { handle } = start(store)
    await handle([
      busRecord(metricsBlock([sample('a', 1)]), 0),
      busRecord(Buffer.from(encodeMetricsJson([sample('b', 2)])), 1),
      busRecord(Buffer.alloc(1), 2),
    ])
    expect(store.bodies).toEqual([['a@1'], ['b@2']])
  })

  test('what cannot be read is a dead letter, byte by byte, and its neighbours arrive', async () => {
    const store = createPrometheusLike()
    const { handle, produced, lines, commits } = start(store)
    const garbage = Buffer.from('not a message')
    await handle([message(1, 0), busRecord(garbage, 1, { cluster: 'c', scanned: true }), message(2, 2)])
    expect(store.bodies).toEqual([['k@1'], ['k@2']])
    expect(produced).toHaveLength(1)
    expect(produced[0]).toMatchObject({
      topic: 'clymene-dead-letter',
      envelope: {
        key: 'k',
        value: garbage,
        headers: { cluster: 'c' },
        extra: { 'clymene-dl-storage': 's', 'clymene-dl-topic': TOPIC, 'clymene-dl-partition': '0', 'clymene-dl-offset': '1' },
      },
    })
    expect(produced[0]?.envelope.headers.scanned).toBeUndefined()
    expect(lines.map(({ level, fields }) => [level, fields['cluster']])).toEqual([['warn', 'c']])
    expect(commits).toEqual([1])
  })

  test('a message that claims more than the limit is a dead letter', async () => {
    const store = createPrometheusLike()
    const { handle, produced } = start(store, { limits: { maxDecompressedBytes: 100 } })
    await handle([busRecord(metricsBlock(Array.from({ length: 50 }, (_, index) => sample(`s${index}`, 1))), 0)])
    expect(produced[0]?.envelope.extra?.['clymene-dl-reason']).toContain('limit')
  })

  test('a message that comes twice in the bus is written once', async () => {
    const store = createPrometheusLike()
    const { handle, metric } = start(store)
    await handle([message(1, 0), message(2, 1), message(1, 2), message(2, 3), message(3, 4)])
    await handle([message(3, 5)])
    expect(store.bodies).toEqual([['k@1', 'k@2'], ['k@3']])
    expect(await metric('clymene_delivery_repeats_total')).toBe(3)
  })

  test('pieces of a cut message have one number, and maybe one length: each is written, and known when it comes again', async () => {
    const piece = (name: string, offset: number): BusRecord => busRecord(metricsBlock([sample(name, 7)]), offset, numbered(7))
    const records = [piece('a', 0), piece('b', 1), piece('b', 2)]
    expect(records[1]?.value.length).toBe(records[0]?.value.length)
    const store = createPrometheusLike()
    const { handle, metric } = start(store)
    await handle(records)
    expect(store.bodies.flat()).toEqual(['a@7', 'b@7'])
    expect(await metric('clymene_delivery_repeats_total')).toBe(1)
  })

  test('the storage away: the partition waits, then everything is there once', async () => {
    const store = createPrometheusLike()
    let failures = 5
    const sink: Sink = {
      write: async (deliveries, signal) => {
        if (failures-- > 0) throw new RetryableError('away', { status: 503 })
        await store.write(deliveries, signal)
      },
    }
    await start(sink).handle(messages(1, 2, 3))
    expect(store.stored).toEqual(['k@1', 'k@2', 'k@3'])
  })

  test('stored, but the answer was lost: repeats, no dead letter', async () => {
    const store = createPrometheusLike()
    let isFirst = true
    const sink: Sink = {
      write: async (deliveries, signal) => {
        await store.write(deliveries, signal)
        if (isFirst) {
          isFirst = false
          throw new RetryableError('connection lost')
        }
      },
    }
    const { handle, produced, metric } = start(sink)
    await handle(messages(1, 2, 3))
    expect(store.stored).toEqual(['k@1', 'k@2', 'k@3'])
    expect(produced).toEqual([])
    expect(await metric('clymene_delivery_repeats_total')).toBe(2)
  })

  test('an abort ends it with the reason; nothing more is committed', async () => {
    const stop = new AbortController()
    const sink: Sink = {
      write: () => {
        stop.abort(new Error('partition lost'))
        return Promise.reject(new RetryableError('away'))
      },
    }
    const { handle, commits } = start(sink)
    await expect(handle(messages(2, 1), {}, stop.signal)).rejects.toThrow('partition lost')
    expect(commits).toEqual([])
  })

  test('runs as a consumer of its topic and group', async () => {
    const { bus } = createCollectingBus()
    const calls: unknown[] = []
    const { logger } = createRecordingLogger()
    const consume: Bus['consume'] = async (topic, group) => void calls.push([topic, group])
    const options = { bus: { ...bus, consume }, topic: 't', group: 'g', kind: 'metrics', storage: 's' } as const
    await createDelivery({ ...options, sink: createPrometheusLike(), metrics: createMetrics(), logger }).run(never)
    expect(calls).toEqual([['t', 'g']])
  })
})

describe('after taking a partition over', () => {
  test('one body goes message by message; what is there already is a repeat, then bodies are merged again', async () => {
    const store = createPrometheusLike()
    await start(store).handle(messages(1, 2, 3))
    const limits = { maxBodyRecords: 4 }
    const { handle, produced, metric, commits } = start(store, { limits })
    await handle(messages(1, 2, 3, 4, 5, 6, 7), { takeover: true })
    expect(store.stored).toEqual([1, 2, 3, 4, 5, 6, 7].map((sequence) => `k@${sequence}`))
    expect(store.bodies.slice(1)).toEqual([['k@1'], ['k@2'], ['k@3'], ['k@4'], ['k@5', 'k@6', 'k@7']])
    expect(produced).toEqual([])
    expect(await metric('clymene_delivery_repeats_total')).toBe(2)
    expect(commits).toEqual([1, 2, 3, 4])
  })

  test('the window goes on in the next batch when the first is small', async () => {
    const store = createPrometheusLike()
    const { handle } = start(store, { limits: { maxBodyRecords: 3 } })
    await handle(messages(1), { takeover: true })
    await handle([2, 3, 4, 5].map((sequence) => message(sequence, sequence)))
    expect(store.bodies).toEqual([['k@1'], ['k@2'], ['k@3'], ['k@4', 'k@5']])
  })

  test('beyond the window an old sample is refused, not a repeat', async () => {
    const store = createPrometheusLike()
    const { handle, produced } = start(store, { limits: { maxBodyRecords: 1 } })
    await handle(messages(5, 3), { takeover: true })
    expect(deadNames(produced)).toEqual(['k@3'])
  })

  test('a bus that commits whole batches: the whole batch is the window', async () => {
    const store = createPrometheusLike()
    const { bus } = createCollectingBus()
    const { logger } = createRecordingLogger()
    const options = { bus, topic: TOPIC, kind: 'metrics', storage: 's', sink: store, metrics: createMetrics(), logger } as const
    const handle = createBatchHandler({ ...options, limits: { maxBodyRecords: 1 } })
    await handle({ topic: TOPIC, partition: 0, takeover: true, records: messages(1, 2, 3) }, never)
    await handle({ topic: TOPIC, partition: 0, takeover: false, records: messages(4, 5) }, never)
    expect(store.bodies.map((body) => body.length)).toEqual([1, 1, 1, 1, 1])
  })

  test('what came only after the takeover is no repeat: when the storage refuses it, it is a dead letter', async () => {
    const store = createPrometheusLike()
    await start(store).handle(messages(1, 5))
    const { handle, produced, metric } = start(store)
    // Offset 1 was the end: sequence 1 may have been written before, the late 3 and 4 cannot.
    await handle([message(1, 0)], { takeover: true, repeatsBefore: 1n })
    await handle([message(3, 1), message(4, 2)])
    expect(await metric('clymene_delivery_repeats_total')).toBe(1)
    expect(deadNames(produced)).toEqual(['k@3', 'k@4'])
  })

  test('and goes in merged bodies at once', async () => {
    const store = createPrometheusLike()
    const { handle } = start(store)
    await handle(messages(1, 2, 3, 4), { takeover: true, repeatsBefore: 1n })
    expect(store.bodies).toEqual([['k@1'], ['k@2', 'k@3', 'k@4']])
  })

  test('whoever lost it meanwhile makes no dead letter of what somebody else has written', async () => {
    const store = createPrometheusLike()
    const lost = new AbortController()
    const { handle, produced, commits } = start(store)
    await start(store).handle(messages(1, 2))
    const isOurs = (): Promise<boolean> => {
      lost.abort(new Error('partition lost'))
      return Promise.resolve(false)
    }
    await expect(handle(messages(1), { isOurs }, lost.signal)).rejects.toThrow('partition lost')
    expect({ produced, commits }).toEqual({ produced: [], commits: [] })
    await handle(messages(1), { isOurs: () => Promise.resolve(true) })
    expect(deadNames(produced)).toEqual(['k@1'])
  })

  test('what was written last before is not known any more', async () => {
    const store = createPrometheusLike()
    const { handle } = start(store)
    await handle(messages(1))
    await handle(messages(1), { takeover: true })
    expect(store.bodies).toHaveLength(2)
  })
})

const tooLarge = () => new PermanentError('message too large')

describe('dead letters', () => {
  const refusing: Sink = { write: () => Promise.reject(new PermanentError(`no ${'é'.repeat(2000)}`, { status: 400 })) }

  test('say why, within 1 KiB, with the status and the origin', async () => {
    const { handle, produced } = start(refusing)
    await handle(messages(1))
    const { extra, headers, key } = produced[0]!.envelope
    expect(Buffer.byteLength(extra?.['clymene-dl-reason'] ?? '')).toBeLessThanOrEqual(1024)
    expect(extra).toMatchObject({ 'clymene-dl-status': '400', 'clymene-dl-position': '0', 'clymene-dl-timestamp': '1000' })
    expect({ key, sequence: headers.sequence, agent: headers.agent }).toEqual({ key: 'k', sequence: 1, agent: 'a' })
  })

  test('the partition waits until the bus has them', async () => {
    const { bus, produced } = createCollectingBus([new RetryableError('bus away'), new RetryableError('bus away')])
    const { handle, lines } = start(refusing, { bus })
    await handle(messages(1))
    expect(produced).toHaveLength(1)
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  test('one that is too large goes in parts', async () => {
    const { bus, produced } = createCollectingBus([tooLarge(), tooLarge()])
    const { handle } = start(refusing, { bus })
    const record = message(1, 0)
    await handle([record])
    expect(produced.map(({ envelope }) => envelope.extra?.['clymene-dl-part'])).toEqual(['1/4', '2/4', '3/4', '4/4'])
    expect(Buffer.concat(produced.map(({ envelope }) => envelope.value))).toEqual(record.value)
  })

  test('an abort ends the wait', async () => {
    const stop = new AbortController()
    const { bus } = createCollectingBus()
    const away: Bus = {
      ...bus,
      produce: () => {
        setImmediate(() => stop.abort())
        return Promise.reject(new RetryableError('bus away', { retryAfterMs: 60_000 }))
      },
    }
    await expect(start(refusing, { bus: away }).handle(messages(1), {}, stop.signal)).rejects.toThrow('aborted')
  })
})

describe('the memory of a batch', () => {
  type Case = {
    readonly name: string
    readonly failures?: readonly unknown[]
    readonly records?: readonly BusRecord[]
    readonly released: boolean
  }
  const cases: readonly Case[] = [
    { name: 'is given back when each body was taken the first time', records: messages(1, 3, 2), released: true },
    { name: 'is given back when there was nothing to write', records: [busRecord(Buffer.alloc(1), 0, numbered(1))], released: true },
    {
      name: 'stays when a body was sent again: the first may still stand in a socket',
      failures: [new RetryableError('503')],
      released: false,
    },
    { name: 'stays when a body was refused: perhaps before it was sent', failures: [new PermanentError('400')], released: false },
    { name: 'stays when a later body was', records: messages(2, 1), failures: [undefined, new RetryableError('503')], released: false },
    { name: 'stays when a message became a dead letter', records: [busRecord(Buffer.from('garbage'), 0, {})], released: false },
  ]
  test.each(cases)('$name', async ({ failures = [], records = messages(1, 2), released }) => {
    const left = [...failures]
    const sink: Sink = {
      write: async () => {
        const failure = left.shift()
        if (failure !== undefined) throw failure
      },
    }
    const { handle } = start(sink)
    let count = 0
    await handle(records, { release: () => void count++ })
    expect(left).toEqual([])
    expect(count).toBe(released ? 1 : 0)
  })

  test('stays when the partition was lost while a body was on its way', async () => {
    const lost = new AbortController()
    const { handle } = start({
      write: (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
    })
    let count = 0
    const handling = handle(messages(1), { release: () => void count++ }, lost.signal)
    lost.abort(new Error('lost'))
    await expect(handling).rejects.toThrow('lost')
    expect(count).toBe(0)
  })
})
