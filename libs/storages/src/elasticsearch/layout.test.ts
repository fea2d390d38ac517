import type { Delivery, Labels } from '@clymene/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { metricsDelivery } from '../testing/messages.ts'
import { createBulkBodies } from './bulk-body.ts'
import { clymeneLayout } from './clymene-layout.ts'
import { dataStreamLayout } from './data-stream-layout.ts'
import { clusterNamespace } from './data-stream.ts'
import { deliveryId } from './document-id.ts'
import { rfc3339Nano } from './layout.ts'

describe('clusterNamespace', () => {
  const cases: readonly [cluster: string, namespace: string][] = [
    ['', 'default'],
    ['c1', 'c1'],
    ['Prod-EU', 'prod-eu'],
    ['a/b\\c*d?e"f<g>h|i j,k#l:m', 'a_b_c_d_e_f_g_h_i_j_k_l_m'],
    ['tab\tand\nend', 'tab_and_end'],
    ['한국', '한국'],
    ['ÄÖ', 'äö'],
    ['.', '.'],
    ['x'.repeat(101), 'x'.repeat(100)],
    // Three bytes each: the 34th would be cut in the middle.
    ['한'.repeat(40), '한'.repeat(33)],
  ]
  test.each(cases)('%j becomes %j', (cluster, namespace) => {
    expect(clusterNamespace(cluster)).toBe(namespace)
  })
})

describe('rfc3339Nano', () => {
  const cases: readonly [ns: bigint, text: string][] = [
    [0n, '1970-01-01T00:00:00.000000000Z'],
    [1_660_698_123_456_789_123n, '2022-08-17T01:02:03.456789123Z'],
    [1_660_698_123_000_000_001n, '2022-08-17T01:02:03.000000001Z'],
    [-1n, '1969-12-31T23:59:59.999999999Z'],
  ]
  test.each(cases)('%s is %s', (ns, text) => {
    expect(rfc3339Nano(ns)).toBe(text)
  })
})

describe('deliveryId', () => {
  const delivery = (more: Partial<Delivery> = {}): Delivery => ({ ...metricsDelivery([]), ...more })
  const origin = { logId: 'l', topic: 't', partition: 1, offset: 5n, timestampMs: 9 }
  const numbered = { agent: 'a', epoch: 1, sequence: 2 }

  test('is the same for the same place, and another for any other', () => {
    const ids = [
      delivery({ origin }),
      delivery({ origin: { ...origin, logId: 'l2' } }),
      delivery({ origin: { ...origin, topic: 't2' } }),
      delivery({ origin: { ...origin, partition: 2 } }),
      delivery({ origin: { ...origin, offset: 6n } }),
      delivery({ origin: { ...origin, timestampMs: 10 } }),
      delivery({ headers: numbered }),
      delivery({ headers: { ...numbered, agent: 'b' } }),
      delivery({ headers: { ...numbered, epoch: 2 } }),
      delivery({ headers: { ...numbered, sequence: 3 } }),
      delivery({ headers: numbered, key: 'k2' }),
      delivery({ headers: numbered, kind: 'logs' }),
      delivery(),
      delivery(),
    ].map(deliveryId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.every((id) => /^[\w-]{27}$/.test(id))).toBe(true)
    expect(deliveryId(delivery({ origin }))).toBe(deliveryId(delivery({ origin: { ...origin }, headers: { ...numbered, sequence: 77 } })))
    expect(deliveryId(delivery({ headers: numbered }))).toBe(deliveryId(delivery({ headers: { ...numbered } })))
  })

  test('of a delivery that nothing names stays with the object', () => {
    const one = delivery()
    expect(deliveryId(one)).toBe(deliveryId(one))
  })
})

const labels: Labels = [
  ['__name__', 'node_load1'],
  ['__proto__', 'p'],
  ['cluster', 'C1'],
  ['quote', 'a"b\\\n'],
  ['timestamp', 't'],
  ['value', 'v'],
]
const json = (text: string): unknown => JSON.parse(text)
const stale = { timestampMs: 1000, value: Number.NaN, stale: true }
const number = (value: number) => ({ timestampMs: 1000, value, stale: false })

describe('documents for data streams', () => {
  const series = dataStreamLayout.series(labels, 'team')
  const document = (sample: typeof stale) => json(dataStreamLayout.sample(series, sample))
  const base = {
    '@timestamp': 1000,
    name: 'node_load1',
    cluster: 'C1',
    tenant: 'team',
    labels: json('{"__proto__":"p","cluster":"C1","quote":"a\\"b\\\\\\n","timestamp":"t","value":"v"}'),
  }
  const cases: readonly [name: string, sample: typeof stale, fields: object][] = [
    ['a number', number(0.42), { value: 0.42 }],
    ['a large number', number(1e300), { value: 1e300 }],
    ['zero', number(0), { value: 0 }],
    ['NaN', number(Number.NaN), { value_text: 'NaN' }],
    ['+Inf', number(Infinity), { value_text: '+Inf' }],
    ['-Inf', number(-Infinity), { value_text: '-Inf' }],
    ['a staleness marker', stale, { stale: true }],
  ]
  test.each(cases)('%s', (_, sample, fields) => {
    expect(document(sample)).toEqual({ ...base, ...fields })
  })

  test('labels and tenant that are not there leave no field', () => {
    expect(json(dataStreamLayout.sample(dataStreamLayout.series([], ''), number(1)))).toEqual({ '@timestamp': 1000, labels: {}, value: 1 })
  })

  test('a line, with and without metadata', () => {
    const stream = dataStreamLayout.stream([['cluster', 'C1']], '')
    const entry = { timestampNs: 1_000_000_001n, line: 'tab\t"quoted" \u2028 \u0000', metadata: [] as Labels }
    const expected = { '@timestamp': '1970-01-01T00:00:01.000000001Z', cluster: 'C1', labels: { cluster: 'C1' }, message: entry.line }
    expect(json(dataStreamLayout.entry(stream, entry))).toEqual(expected)
    expect(json(dataStreamLayout.entry(stream, { ...entry, metadata: [['trace', 'x']] }))).toEqual({
      ...expected,
      metadata: { trace: 'x' },
    })
    expect(dataStreamLayout.entry(stream, entry)).not.toContain('\n')
  })

  test('go to the data stream of their cluster', () => {
    expect(json(`${dataStreamLayout.metricAction(labels)}"}}`)).toEqual({ create: { _index: 'metrics-clymene.samples-c1', _id: '' } })
    expect(json(`${dataStreamLayout.logAction([])}"}}`)).toEqual({ create: { _index: 'logs-clymene.lines-default', _id: '' } })
  })
})

describe('documents as the original has them', () => {
  const layout = clymeneLayout({ metricsIndex: 'clymene-metrics', logsIndex: 'clymene-logs', prefix: '' })

  test('a sample: flat labels, value, timestamp', () => {
    const plain: Labels = [
      ['__name__', 'node_load1'],
      ['cluster', 'c1'],
    ]
    expect(json(layout.sample(layout.series(plain, ''), { ...number(0.42), timestampMs: 1_660_000_000_123 }))).toEqual({
      __name__: 'node_load1',
      cluster: 'c1',
      value: 0.42,
      timestamp: '2022-08-08T23:06:40.123Z',
    })
  })

  test('labels named as a field are kept under another name', () => {
    const odd: Labels = [
      ['exported_value', 'a'],
      ['timestamp', 't'],
      ['value', 'v'],
    ]
    const text = layout.sample(layout.series(odd, ''), number(1))
    expect(json(text)).toEqual({
      exported_value: 'a',
      exported_timestamp: 't',
      exported_exported_value: 'v',
      value: 1,
      timestamp: '1970-01-01T00:00:01.000Z',
    })
  })

  test('a line', () => {
    const entry = { timestampNs: 1_660_698_123_456_789_123n, line: 'GET / 200', metadata: [] as Labels }
    const plain: Labels = [
      ['cluster', 'c1'],
      ['hash', 'h'],
      ['pod', 'web-0'],
    ]
    expect(json(layout.entry(layout.stream(plain, 't1'), entry))).toEqual({
      cluster: 'c1',
      exported_hash: 'h',
      pod: 'web-0',
      'entries.ts': '2022-08-17T01:02:03.456789123Z',
      'entries.line': 'GET / 200',
      tenant: 't1',
      hash: '0',
    })
  })

  test('the indices may have a prefix', () => {
    const prefixed = clymeneLayout({ metricsIndex: 'm', logsIndex: 'l', prefix: 'dev' })
    expect(json(`${prefixed.metricAction([])}"}}`)).toEqual({ create: { _index: 'dev-m', _id: '' } })
    expect(json(`${layout.logAction([])}"}}`)).toEqual({ create: { _index: 'clymene-logs', _id: '' } })
  })
})

describe('bulk bodies', () => {
  test('hold every document once, in order, within both limits', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 7 }), (documents, maxBytes, maxActions) => {
        const bodies = createBulkBodies(maxBytes, maxActions)
        for (const [record, size] of documents.entries()) bodies.add('a', 'd'.repeat(size), { delivery: 0, record })
        const taken = [...bodies.take(false), ...bodies.take(true)]
        expect(taken.flatMap(({ records }) => records.map(({ record }) => record))).toEqual([...documents.keys()])
        expect(taken.map(({ text }) => text).join('')).toBe(documents.map((size) => `a\n${'d'.repeat(size)}\n`).join(''))
        for (const { text, records } of taken) {
          expect(records.length).toBeLessThanOrEqual(maxActions)
          if (records.length > 1) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxBytes)
        }
        expect(bodies.take(true)).toEqual([])
      }),
      { numRuns: 100 },
    )
  })

  test('count bytes, not characters', () => {
    const bodies = createBulkBodies(10, 10)
    for (let record = 0; record < 2; record++) bodies.add('a', '한', { delivery: 0, record })
    expect(bodies.take(true)).toHaveLength(2)
  })
})
