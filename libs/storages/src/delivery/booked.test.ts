import { createLedger, createMemoryLedgerStore, type Ledger } from '@clymene/ledger'
import { PermanentError, RetryableError, type Bus, type BusRecord, type PartitionBatch, type Sink } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterEach, describe, expect, test } from 'vitest'

import { busRecord, metricsBlock, numbered, sample, TOPIC } from '../testing/messages.ts'
import { createPrometheusLike } from '../testing/prometheus-like.ts'
import { createBatchHandler } from './delivery.ts'

const never = new AbortController().signal
const opened: Ledger[] = []
afterEach(() => Promise.all(opened.splice(0).map((one) => one.close())))

/** Nothing was settled without being booked here. */
const read: Bus['read'] = async function* () {}

/** Delivers into `sink` with books that are kept in `states`. */
function start(sink: Sink, states = new Map<string, Buffer>(), store = createMemoryLedgerStore(states)) {
  const ledger = createLedger({ store, read, logger: silentLogger, saveEveryMs: 1e6, patienceMs: 2000 })
  opened.push(ledger)
  const bus = { produce: () => Promise.resolve() }
  const about = { topic: TOPIC, group: 'g', kind: 'metrics', storage: 's', metrics: createMetrics(), logger: silentLogger } as const
  const handle = createBatchHandler({ ...about, bus, sink, ledger, backoff: { minMs: 1, maxMs: 2 } })
  return {
    states,
    handle: (records: readonly BusRecord[], batch: Partial<PartitionBatch> = {}, signal = never) =>
      handle({ topic: TOPIC, partition: 0, takeover: false, ...batch, records }, signal),
    /** `agent: stored, in bus, in storage, dead`, each as messages/records. */
    booked: () =>
      ledger
        .accounts()
        .flatMap(({ upTo, agents }) => [
          `up to ${upTo}`,
          ...agents.map(
            ({ agent, stored, repeatedInBus, repeatedInStorage, deadLetters }) =>
              `${agent}: ${[stored, repeatedInBus, repeatedInStorage, deadLetters].map(({ messages, records }) => `${messages}/${records}`).join(' ')}`,
          ),
        ]),
  }
}

const message = (sequence: number, offset: number, ...names: readonly string[]): BusRecord =>
  busRecord(
    metricsBlock((names.length === 0 ? ['k'] : names).map((name) => sample(name, sequence))),
    offset,
    numbered(sequence, { records: Math.max(1, names.length) }),
    'k',
  )

const refusing = (refusal: (names: readonly string[]) => PermanentError | undefined): Sink => {
  const store = createPrometheusLike()
  return {
    write: async (deliveries, signal) => {
      const error = refusal(deliveries.map(({ headers }) => String(headers.sequence)))
      if (error !== undefined) throw error
      await store.write(deliveries, signal)
    },
  }
}

describe('what is booked of a batch', () => {
  test('stored, the same bytes again, empty, and what cannot be read', async () => {
    const { handle, booked } = start(createPrometheusLike())
    await handle(
      [
        message(1, 0),
        message(2, 1, 'k', 'l'),
        message(2, 2, 'k', 'l'),
        busRecord(Buffer.alloc(1), 3),
        busRecord(Buffer.from('garbage'), 4),
        message(3, 5),
      ],
      { takeover: true, repeatsBefore: 0n },
    )
    expect(booked()).toEqual(['up to 6', 'a: 3/4 1/2 0/0 0/0', ': 1/0 0/0 0/0 1/0'])
  })

  test('a message without headers counts what was found in it', async () => {
    const { handle, booked } = start(createPrometheusLike())
    await handle([busRecord(metricsBlock([sample('x', 1), sample('y', 1)]), 0)], { takeover: true })
    expect(booked()).toEqual(['up to 1', ': 1/2 0/0 0/0 0/0'])
  })

  test('a message that is refused whole is a dead letter, of one that is refused in part its records are', async () => {
    const store = createPrometheusLike()
    await store.write([{ ...message(9, 0, 'old'), position: 0 }], never)
    const { handle, booked } = start(store)
    await handle([message(1, 0, 'old'), message(2, 1, 'new', 'old'), message(3, 2, 'new')], { takeover: true, repeatsBefore: 0n })
    expect(booked()).toEqual(['up to 3', 'a: 2/2 0/0 0/0 1/2'])
  })

  test('what a storage names by itself counts too', async () => {
    const refused = [{ delivery: 0, record: 1, reason: 'no' }]
    const naming: Sink = { write: () => Promise.reject(new PermanentError('no', { refused })) }
    const { handle, booked } = start(naming)
    await handle([message(1, 0, 'x', 'y', 'z')], { takeover: true })
    expect(booked()).toEqual(['up to 1', 'a: 1/2 0/0 0/0 0/1'])
  })

  test('what the storage had after a takeover is a repeat that was only written twice', async () => {
    const store = createPrometheusLike()
    for (const sequence of [1, 2, 3]) await store.write([{ ...message(sequence, 0), position: 0 }], never)
    const { handle, booked } = start(store)
    await handle([message(1, 0), message(2, 1), message(4, 2)], { takeover: true })
    expect(booked()).toEqual(['up to 3', 'a: 1/1 0/0 2/2 0/0'])
  })

  test('a message that came long ago is a repeat when the storage refuses it like one, and its neighbours are not held up', async () => {
    const store = createPrometheusLike()
    const { handle, booked } = start(store)
    await handle([message(0, 0)], { takeover: true, repeatsBefore: 0n })
    // More than the numbers that are remembered by their bytes.
    await handle(Array.from({ length: 20 }, (_, index) => message(index + 1, index + 1)))
    await handle([message(21, 21), message(2, 22), message(22, 23)])
    // The old one alone: it is refused.
    expect(store.bodies.slice(-3)).toEqual([['k@21'], ['k@2'], ['k@22']])
    expect(booked()).toEqual(['up to 24', 'a: 23/23 1/1 0/0 0/0'])
  })

  test('nothing is booked before its body is done, and it is before the commit', async () => {
    const steps: string[] = []
    const store = createPrometheusLike()
    const sink: Sink = {
      write: async (deliveries, signal) => {
        steps.push(`write ${booked()[0] ?? ''}`)
        await store.write(deliveries, signal)
      },
    }
    const { handle, booked } = start(sink)
    await handle([message(1, 0), message(2, 1), message(1, 2, 'other')], {
      takeover: true,
      repeatsBefore: 0n,
      commit: async () => void steps.push(`commit ${booked()[0] ?? ''}`),
    })
    expect(steps).toEqual(['write up to 0', 'commit up to 2', 'write up to 2'])
    expect(booked()).toEqual(['up to 3', 'a: 2/2 1/1 0/0 0/0'])
  })

  test('what was written and not booked because the partition was lost is left to the next', async () => {
    const lost = new AbortController()
    const { handle, booked } = start(
      refusing(() => {
        lost.abort(new Error('lost'))
        throw new RetryableError('away')
      }),
    )
    await expect(handle([message(1, 0)], { takeover: true }, lost.signal)).rejects.toThrow('lost')
    expect(booked()).toEqual([])
  })
})
