import { PermanentError, RetryableError, type Envelope } from '@clymene/model'
import { createMetrics } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { busRecord, metricsDelivery, numbered, sample, TOPIC } from '../testing/messages.ts'
import { createRecordingLogger } from '../testing/recording-logger.ts'
import { createDeadLetters } from './dead-letters.ts'
import { MAX_PARTS } from './letter-parts.ts'

const never = new AbortController().signal
const REFUSED = new PermanentError('out of order sample', { status: 400 })

/** A bus that refuses messages whose value and headers are over its limit together. */
function start({ limit = Infinity, failures = [] }: { readonly limit?: number; readonly failures?: readonly (Error | undefined)[] } = {}) {
  const produced: Envelope[] = []
  const { logger, lines } = createRecordingLogger()
  const ahead = [...failures]
  const reasons = new Map<string, () => string | undefined>()
  /** What /readyz said at each attempt. */
  const told: (string | undefined)[] = []
  const letters = createDeadLetters({
    bus: {
      produce: async (_topic, envelopes) => {
        told.push(...[...reasons.values()].map((reason) => reason()))
        const failure = ahead.shift()
        if (failure !== undefined) throw failure
        for (const envelope of envelopes) {
          const { key, value, extra = {} } = envelope
          if (value.length + Buffer.byteLength(key + JSON.stringify(extra)) > limit) throw new PermanentError('MESSAGE_TOO_LARGE')
          produced.push(envelope)
        }
      },
    },
    topic: TOPIC,
    storage: 's',
    kind: 'metrics',
    metrics: createMetrics(),
    logger,
    backoff: { minMs: 1, maxMs: 1 },
    readiness: { watch: (name, reason) => void reasons.set(name, reason) },
    now: () => 5000,
  })
  return { letters, produced, lines, told, reasons: () => [...reasons].map(([name, reason]) => [name, reason()] as const) }
}

const delivery = (name = 'a') => ({ ...metricsDelivery([sample(name, 1)]), origin: busRecord(Buffer.alloc(0), 7).origin })

describe('a letter', () => {
  test('says who refused it, why, when and where it stood, beside the headers of the message', async () => {
    const { letters, produced } = start()
    const piece = { ...delivery(), headers: numbered(3, { cluster: 'c1', tenant: 't' }), position: 4, extra: { 'x-own': 'kept' } }
    await letters.refused(piece, REFUSED, never)
    expect(produced).toEqual([
      {
        kind: 'metrics',
        key: 'k',
        value: piece.value,
        headers: piece.headers,
        extra: {
          'x-own': 'kept',
          'clymene-dl-storage': 's',
          'clymene-dl-reason': 'out of order sample',
          'clymene-dl-status': '400',
          'clymene-dl-time': '5000',
          'clymene-dl-cluster': 'c1',
          'clymene-dl-topic': TOPIC,
          'clymene-dl-partition': '0',
          'clymene-dl-offset': '7',
          'clymene-dl-timestamp': '1007',
          'clymene-dl-position': '4',
        },
      },
    ])
  })

  test('has the cluster of its first series where no header says it, as in messages of Go', async () => {
    const { letters, produced } = start()
    const series = { ...sample('a', 1), labels: [['cluster', 'of-label'] as const] }
    await letters.refused(metricsDelivery([series]), REFUSED, never)
    await letters.refused(metricsDelivery([sample('a', 1)]), REFUSED, never)
    await letters.refused({ ...delivery(), value: Buffer.from('damaged') }, REFUSED, never)
    expect(produced.map(({ extra }) => extra?.['clymene-dl-cluster'])).toEqual(['of-label', undefined, undefined])
  })

  test('of what nobody can read has its bytes and headers, without the mark of a gateway', async () => {
    const { letters, produced } = start()
    const record = { ...busRecord(Buffer.from('garbage'), 7, numbered(3)), extra: { 'x-own': 'kept' } }
    await letters.undecodable(record, new Error('no block at byte 0'), never)
    expect(produced[0]).toMatchObject({ value: record.value, extra: { 'x-own': 'kept', 'clymene-dl-reason': 'no block at byte 0' } })
    expect(produced[0]?.headers).toEqual({ ...numbered(3), scanned: undefined })
  })

  test('does not take over what an earlier letter said of itself', async () => {
    const { letters, produced } = start()
    const extra = { 'clymene-dl-part': '1/2', 'clymene-dl-id': 'old', 'clymene-dl-storage': 'other', 'clymene-dl-status': '422' }
    await letters.undecodable({ ...busRecord(Buffer.from('x'), 7), extra }, new Error('no'), never)
    expect(produced[0]?.extra).not.toHaveProperty('clymene-dl-part')
    expect(produced[0]?.extra).not.toHaveProperty('clymene-dl-id')
    expect(produced[0]?.extra).not.toHaveProperty('clymene-dl-status')
    expect(produced[0]?.extra).toMatchObject({ 'clymene-dl-storage': 's' })
  })
})

describe('a letter over the limit of the bus', () => {
  const large = Buffer.alloc(3000, 'x')
  const limit = 2400

  test('goes in parts of one id, each with the whole note', async () => {
    const { letters, produced } = start({ limit })
    await letters.undecodable(busRecord(large, 7), new Error('é'.repeat(600)), never)
    expect(produced.map(({ extra }) => extra?.['clymene-dl-part'])).toEqual(['1/4', '2/4', '3/4', '4/4'])
    expect(new Set(produced.map(({ extra }) => extra?.['clymene-dl-id'])).size).toBe(1)
    expect(Buffer.concat(produced.map(({ value }) => value))).toEqual(large)
    for (const { extra } of produced) {
      expect(Buffer.byteLength(extra?.['clymene-dl-reason'] ?? '')).toBe(1024)
      expect(extra?.['clymene-dl-offset']).toBe('7')
    }
  })

  test('the same letter again, and another one of the key, has another id', async () => {
    const { letters, produced } = start({ limit })
    const record = busRecord(large, 7)
    for (const one of [record, record, busRecord(large, 8)]) await letters.undecodable(one, new Error('no'), never)
    expect(produced).toHaveLength(6)
    expect(new Set(produced.map(({ extra }) => extra?.['clymene-dl-id'])).size).toBe(3)
  })

  test('goes on at the part that could not be written, under the same id', async () => {
    const { letters, produced } = start({ limit: 1700, failures: [undefined, undefined, undefined, undefined, new RetryableError('away')] })
    await letters.undecodable(busRecord(large, 7), new Error('no'), never)
    expect(produced.map(({ extra }) => extra?.['clymene-dl-part'])).toEqual(['1/4', '2/4', '3/4', '4/4'])
    expect(new Set(produced.map(({ extra }) => extra?.['clymene-dl-id'])).size).toBe(1)
    expect(Buffer.concat(produced.map(({ value }) => value))).toEqual(large)
  })

  test('that not even parts make fit holds its partition: an ERROR and a reason until it can be written', async () => {
    const refusals = Array.from({ length: Math.log2(MAX_PARTS) + 1 }, () => new PermanentError('MESSAGE_TOO_LARGE'))
    const { letters, produced, lines, told, reasons } = start({ failures: [...refusals, ...refusals] })
    await letters.undecodable(busRecord(large, 7), new Error('no'), never)
    expect(told.slice(0, refusals.length)).toEqual(refusals.map(() => undefined))
    expect(told.slice(refusals.length)).toEqual([...refusals.map(() => 'MESSAGE_TOO_LARGE'), 'MESSAGE_TOO_LARGE'])
    expect(reasons()).toEqual([[`dead letters of storage s: ${TOPIC}`, undefined]])
    expect(produced).toHaveLength(1)
    expect(lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'dead letter cannot be written; this partition waits',
    ])
  })
})

describe('what stands beside the value', () => {
  const limit = 1_000_000
  const long = 'é'.repeat(450_000)

  test.each<[what: string, key: string, extra: Record<string, string> | undefined]>([
    ['the key', long, { __proto__: 'x', 'x-own': 'kept' }],
    ['a header', 'k', { 'x-long': long, 'x-own': 'kept' }],
    ['many headers', '', Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`x-${index}`, 'y'.repeat(30)]))],
  ])('too large for every part goes into the value: %s', async (_what, key, extra) => {
    const { letters, produced } = start({ limit })
    const record = { ...busRecord(Buffer.alloc(300_000, 'v'), 7, numbered(3)), key, ...(extra === undefined ? {} : { extra }) }
    await letters.undecodable(record, new Error('no'), never)
    expect(produced.map((one) => one.extra?.['clymene-dl-part'])).toEqual(['1/2', '2/2'])
    for (const part of produced) {
      expect(part.key).toMatch(/^[0-9a-f]{64}$/)
      expect(Object.keys(part.extra ?? {}).filter((name) => !name.startsWith('clymene-dl-'))).toEqual([])
      expect(part.extra).toMatchObject({ 'clymene-dl-offset': '7', 'clymene-dl-wrapped': '1' })
    }
  })

  test('stays there while the bus takes it, or while it is small', async () => {
    const { letters, produced } = start({ limit })
    await letters.undecodable({ ...busRecord(Buffer.from('v'), 7), key: 'x'.repeat(900_000) }, new Error('no'), never)
    await letters.undecodable({ ...busRecord(Buffer.alloc(1_000_000), 8), key: 'x'.repeat(8000) }, new Error('no'), never)
    expect(produced.map(({ key }) => key.length)).toEqual([900_000, 8000, 8000])
    for (const { extra } of produced) expect(extra).not.toHaveProperty('clymene-dl-wrapped')
  })

  test('a label as the cluster is cut', async () => {
    const { letters, produced } = start({ limit })
    await letters.refused({ ...delivery(), headers: numbered(3, { cluster: 'é'.repeat(600_000) }) }, REFUSED, never)
    expect(produced[0]?.extra?.['clymene-dl-cluster']).toBe('é'.repeat(128))
  })
})

test('what nobody sends in one request is cut before it is tried', async () => {
  const { letters, produced } = start()
  await letters.undecodable(busRecord(Buffer.alloc(33 * 1024 * 1024), 7), new Error('no'), never)
  await letters.undecodable({ ...busRecord(Buffer.alloc(1), 8), key: 'x'.repeat(33 * 1024 * 1024) }, new Error('no'), never)
  expect(produced.map(({ extra }) => extra?.['clymene-dl-part'])).toEqual(['1/2', '2/2', '1/2', '2/2'])
})
