import type { Delivery } from '@clymene/model'
import { encodePushRequest } from '@clymene/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { metricsDelivery } from '../testing/messages.ts'
import { Bulk } from './bulk-body.ts'
import { clymeneLayout } from './clymene-layout.ts'
import { dataStreamLayout } from './data-stream-layout.ts'
import { clusterNamespace } from './data-stream.ts'
import { deliveryId } from './document-id.ts'
import type { Documents } from './documents.ts'
import { createEntryDocuments } from './entry-documents.ts'
import { rfc3339Nano } from './layout.ts'
import { createSampleDocuments } from './sample-documents.ts'

const origin = { logId: 'l', topic: 't', partition: 0, offset: 1n, timestampMs: 5 }
const deliveryOf = (tenant: string, position = 0): Delivery => ({ ...metricsDelivery([], { tenant }), origin, position })
const original = clymeneLayout({ metricsIndex: 'clymene-metrics', logsIndex: 'clymene-logs', prefix: '' })
const LAYOUTS = { 'data streams': dataStreamLayout, 'the original’s': original } as const
const ENOUGH = { maxBytes: 1e6, maxActions: 1e6 }

/** The bulk lines that a message becomes. */
function linesOf(documents: Documents, message: Buffer, delivery: Delivery, limits = ENOUGH): string[] {
  const bulk = new Bulk(limits)
  const sent: string[] = []
  const send = (): void => {
    sent.push(bulk.body().bytes.toString())
    bulk.next()
  }
  const walk = documents(message, delivery, 0, bulk)
  while (!walk.advance()) send()
  while (!bulk.isEmpty) send()
  return sent.join('').split('\n').slice(0, -1)
}

// A writer of protobuf that leaves everything open that the format leaves open.
const varint = (value: bigint): number[] => {
  const bytes = []
  let rest = BigInt.asUintN(64, value)
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}
const field = (number: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(BigInt(content.length))]), content])
const fixed = (number: number, bits: bigint): Buffer => {
  const bytes = Buffer.alloc(9, (number << 3) | 1)
  bytes.writeBigUInt64LE(bits, 1)
  return bytes
}

type TestLabel = { readonly name: Buffer; readonly value: Buffer; readonly isReversed: boolean }
type TestSample = { readonly bits: bigint; readonly timestampMs: bigint }
type TestSeries = { readonly labels: readonly TestLabel[]; readonly samples: readonly TestSample[]; readonly areLabelsLast: boolean }

const encodeLabel = ({ name, value, isReversed }: TestLabel): Buffer => {
  const parts = [field(1, name), field(2, value)]
  return field(1, Buffer.concat(isReversed ? parts.toReversed() : parts))
}
const encodeSample = ({ bits, timestampMs }: TestSample): Buffer =>
  field(2, Buffer.concat([fixed(1, bits), Buffer.from([0x10, ...varint(timestampMs)])]))
/** An exemplar, a native histogram and a field that nobody knows: passed over. */
const OTHERS = Buffer.concat([field(3, fixed(2, 7n)), field(4, fixed(3, 9n)), field(15, Buffer.from('new'))])
const METADATA = field(3, Buffer.from([0x08, 1]))

function encode(series: readonly TestSeries[]): Buffer {
  return Buffer.concat(
    series.flatMap(({ labels, samples, areLabelsLast }) => {
      const parts = [Buffer.concat(labels.map(encodeLabel)), OTHERS, Buffer.concat(samples.map(encodeSample))]
      return [field(1, Buffer.concat(areLabelsLast ? parts.toReversed() : parts)), METADATA]
    }),
  )
}

type Member = readonly [name: string, value: unknown]
const objectOf = (members: readonly Member[]): string =>
  `{${members.map(([name, value]) => `${JSON.stringify(name)}:${typeof value === 'string' || typeof value === 'boolean' ? JSON.stringify(value) : String(value)}`).join(',')}}`

/** The same by objects, one label and one sample after another. */
function expectedLines(series: readonly TestSeries[], { tenant, position, isOriginal }: Expected): string[] {
  let record = position
  return series.flatMap(({ labels: all, samples }) => {
    const labels = all
      .filter(({ value }) => value.length > 0)
      .toSorted((a, b) => a.name.compare(b.name))
      .map(({ name, value }): readonly [string, string] => [name.toString(), value.toString()])
    const valueOf = (name: string): string => labels.find(([label]) => label === name)?.[1] ?? ''
    const index = isOriginal ? 'clymene-metrics' : `metrics-clymene.samples-${clusterNamespace(valueOf('cluster'))}`
    return samples.flatMap(({ bits, timestampMs }) => {
      const time = Number(timestampMs)
      const id = `${deliveryId(deliveryOf(tenant))}-${record++}`
      const action = `{"create":${objectOf([
        ['_index', index],
        ['_id', id],
      ])}}`
      const document: readonly Member[] = isOriginal
        ? [...renamed(labels), valueMember(bits), ['timestamp', Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time)]]
        : [
            ['@timestamp', time],
            ...[['name', valueOf('__name__')] as const, ['cluster', valueOf('cluster')] as const, ['tenant', tenant] as const].filter(
              ([, value]) => value !== '',
            ),
            ['labels', new RawJson(objectOf(withoutFirstName(labels)))],
            valueMember(bits),
          ]
      return [action, objectOf(document)]
    })
  })
}

type Expected = { readonly tenant: string; readonly position: number; readonly isOriginal: boolean }

class RawJson {
  readonly #json: string
  constructor(json: string) {
    this.#json = json
  }
  toString(): string {
    return this.#json
  }
}

function withoutFirstName(labels: readonly (readonly [string, string])[]): readonly Member[] {
  const name = labels.findIndex(([label]) => label === '__name__')
  return labels.filter((_, at) => at !== name)
}

function renamed(labels: readonly (readonly [string, string])[]): readonly Member[] {
  const taken = new Set(labels.map(([name]) => name))
  return labels.map(([name, value]) => {
    let free = name
    if (['value', 'value_text', 'stale', 'timestamp'].includes(name)) {
      free = `exported_${name}`
      while (taken.has(free)) free = `exported_${free}`
      taken.add(free)
    }
    return [free, value]
  })
}

function valueMember(bits: bigint): Member {
  const value = new Float64Array(BigUint64Array.of(bits).buffer)[0]!
  if (Number.isFinite(value)) return ['value', value]
  if (bits === 0x7ff0_0000_0000_0002n) return ['stale', true]
  return ['value_text', Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf']
}

const bitsOf = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0]!

const NAMES = [
  '__name__',
  '__proto__',
  'constructor',
  'cluster',
  'pod',
  'value',
  'timestamp',
  'stale',
  'value_text',
  'exported_value',
  'a.b',
  'toString',
]
const VALUES = ['x', '', 'C1', 'a"b', 'back\\slash', 'tab\t', 'line\nend', '\u0000', '한국', '\ud800', '😀', '\u2028', 'v'.repeat(200)]
const text = (usual: readonly string[]) =>
  fc.oneof(
    fc.constantFrom(...usual).map((one) => Buffer.from(one)),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).map((one) => Buffer.from(one)),
    fc.uint8Array({ minLength: 1, maxLength: 5 }).map((one) => Buffer.from(one)),
  )
const label = fc.record({ name: text(NAMES), value: text(VALUES), isReversed: fc.boolean() })
const labels = fc.oneof(
  fc.uniqueArray(label, { selector: ({ name }) => name.toString('latin1'), maxLength: 6 }),
  fc.array(label, { maxLength: 40 }),
)
const bits = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 63), 1e21, 1e-7)).map(bitsOf),
  fc.constant(0x7ff0_0000_0000_0002n),
)
const timestampMs = fc.oneof(
  fc.bigInt({ min: 0n, max: 4_102_444_800_000n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constant(1_700_000_000_000n),
)
const series = fc.array(
  fc.record({ labels, samples: fc.array(fc.record({ bits, timestampMs }), { maxLength: 4 }), areLabelsLast: fc.boolean() }),
  { maxLength: 5 },
)

describe.each(['data streams', 'the original’s'] as const)('documents of samples in %s layout', (name) => {
  // One for all runs: what it keeps between messages must not show.
  const documents = createSampleDocuments(LAYOUTS[name])

  test('are those that objects give, byte by byte, however they are cut into bulks', () => {
    const limits = fc.record({ maxBytes: fc.integer({ min: 1, max: 3000 }), maxActions: fc.integer({ min: 1, max: 5 }) })
    fc.assert(
      fc.property(series, fc.constantFrom('', 'team', 'te"am'), fc.nat(1_000_000), limits, (all, tenant, position, some) => {
        const message = encode(all)
        const expected = expectedLines(all, { tenant, position, isOriginal: LAYOUTS[name] === original })
        expect(linesOf(documents, message, deliveryOf(tenant, position))).toEqual(expected)
        expect(linesOf(documents, message, deliveryOf(tenant, position), some)).toEqual(expected)
      }),
      { numRuns: 150 },
    )
  })

  test('are lines of JSON', () => {
    fc.assert(
      fc.property(series, (all) => {
        for (const one of linesOf(documents, encode(all), deliveryOf(''))) expect(() => JSON.parse(one) as unknown).not.toThrow()
      }),
      { numRuns: 50 },
    )
  })
})

const of = (...pairs: readonly (readonly [string, string])[]): readonly TestLabel[] =>
  pairs.map(([name, value]) => ({ name: Buffer.from(name), value: Buffer.from(value), isReversed: false }))
const one = (value: number | bigint, all: readonly TestLabel[], time = 1_660_000_000_123n): Buffer =>
  encode([{ labels: all, samples: [{ bits: typeof value === 'bigint' ? value : bitsOf(value), timestampMs: time }], areLabelsLast: false }])
const sampleDocument = (layout: keyof typeof LAYOUTS, message: Buffer, tenant = ''): string | undefined =>
  linesOf(createSampleDocuments(LAYOUTS[layout]), message, deliveryOf(tenant))[1]

describe('a sample', () => {
  const node = of(['__name__', 'node_load1'], ['cluster', 'C1'], ['instance', '10.0.0.1:9100'])

  test('goes to the data stream of its cluster, or to the index', () => {
    const id = `"_id":"${deliveryId(deliveryOf(''))}-0"`
    const lines = (layout: keyof typeof LAYOUTS, all: readonly TestLabel[]): string | undefined =>
      linesOf(createSampleDocuments(LAYOUTS[layout]), one(1, all), deliveryOf(''))[0]
    expect(lines('data streams', node)).toBe(`{"create":{"_index":"metrics-clymene.samples-c1",${id}}}`)
    expect(lines('data streams', of(['__name__', 'up']))).toBe(`{"create":{"_index":"metrics-clymene.samples-default",${id}}}`)
    expect(lines('the original’s', node)).toBe(`{"create":{"_index":"clymene-metrics",${id}}}`)
  })

  test.each<[text: string, value: number | bigint, field: string]>([
    ['a number', 0.42, '"value":0.42'],
    ['a large number', 1e300, '"value":1e+300'],
    ['zero', 0, '"value":0'],
    ['minus zero', -0, '"value":0'],
    ['a huge whole number', 2 ** 63, '"value":9223372036854776000'],
    ['NaN', Number.NaN, '"value_text":"NaN"'],
    ['+Inf', Infinity, '"value_text":"+Inf"'],
    ['-Inf', -Infinity, '"value_text":"-Inf"'],
    ['a staleness marker', 0x7ff0_0000_0000_0002n, '"stale":true'],
  ])('%s', (_, value, expected) => {
    expect(sampleDocument('data streams', one(value, node), 'team')).toBe(
      `{"@timestamp":1660000000123,"name":"node_load1","cluster":"C1","tenant":"team","labels":{"cluster":"C1","instance":"10.0.0.1:9100"},${expected}}`,
    )
    expect(sampleDocument('the original’s', one(value, node))).toBe(
      `{"__name__":"node_load1","cluster":"C1","instance":"10.0.0.1:9100",${expected},"timestamp":"2022-08-08T23:06:40.123Z"}`,
    )
  })

  test('without labels and tenant has no field for them', () => {
    expect(sampleDocument('data streams', one(1, []))).toBe('{"@timestamp":1660000000123,"labels":{},"value":1}')
    expect(sampleDocument('the original’s', one(1, []))).toBe('{"value":1,"timestamp":"2022-08-08T23:06:40.123Z"}')
  })

  test('keeps labels that are named as a field of the original’s document under another name', () => {
    const odd = of(['exported_value', 'a'], ['timestamp', 't'], ['value', 'v'])
    expect(sampleDocument('the original’s', one(1, odd, 0n))).toBe(
      '{"exported_value":"a","exported_timestamp":"t","exported_exported_value":"v","value":1,"timestamp":"1970-01-01T00:00:00.000Z"}',
    )
  })

  test('of a message that is cut anywhere is a DecodeError, and nothing is read past the end', () => {
    const message = one(1.5, node).subarray(0, -METADATA.length)
    for (let length = 1; length < message.length; length++) {
      expect(
        () => linesOf(createSampleDocuments(dataStreamLayout), message.subarray(0, length), deliveryOf('')),
        `cut at ${length}`,
      ).toThrow(/at byte/)
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          linesOf(createSampleDocuments(dataStreamLayout), Buffer.from(bytes), deliveryOf(''))
        } catch (error) {
          expect(error).toMatchObject({ name: 'DecodeError' })
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('a line', () => {
  const timestampNs = 1_660_698_123_456_789_123n
  const lineDocument = (layout: keyof typeof LAYOUTS, stream: Parameters<typeof encodePushRequest>[0][number], tenant = ''): string[] =>
    linesOf(createEntryDocuments(LAYOUTS[layout]), encodePushRequest([stream]), deliveryOf(tenant))

  test('as a document of a data stream, with and without metadata', () => {
    const entry = { timestampNs, line: 'tab\t"quoted" \u2028 \u0000' }
    const stream = { labels: [['cluster', 'C1']] as const, entries: [entry, { ...entry, metadata: [['trace', 'x']] as const }] }
    const begin = '{"@timestamp":"2022-08-17T01:02:03.456789123Z","cluster":"C1","labels":{"cluster":"C1"},'
    const message = `"message":${JSON.stringify(entry.line)}}`
    expect(lineDocument('data streams', stream)).toEqual([
      `{"create":{"_index":"logs-clymene.lines-c1","_id":"${deliveryId(deliveryOf(''))}-0"}}`,
      `${begin}${message}`,
      `{"create":{"_index":"logs-clymene.lines-c1","_id":"${deliveryId(deliveryOf(''))}-1"}}`,
      `${begin}"metadata":{"trace":"x"},${message}`,
    ])
  })

  test('as the original has it', () => {
    const plain = [
      ['cluster', 'c1'],
      ['hash', 'h'],
      ['pod', 'web-0'],
    ] as const
    const [action, document] = lineDocument('the original’s', { labels: plain, entries: [{ timestampNs, line: 'GET / 200' }] }, 't1')
    expect(action).toContain('"_index":"clymene-logs"')
    expect(document).toBe(
      '{"cluster":"c1","exported_hash":"h","pod":"web-0","tenant":"t1","hash":"0","entries.ts":"2022-08-17T01:02:03.456789123Z","entries.line":"GET / 200"}',
    )
  })

  test('is what objects give', () => {
    const documents = createEntryDocuments(dataStreamLayout)
    const lines = fc.array(fc.string({ unit: 'binary' }), { maxLength: 8 })
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 3 }), (all, maxActions) => {
        const entries = all.map((line, at) => ({ timestampNs: timestampNs + BigInt(at), line }))
        const message = encodePushRequest([{ labels: [['app', 'x']], entries }])
        const found = linesOf(documents, message, deliveryOf(''), { ...ENOUGH, maxActions }).filter((_, at) => at % 2 === 1)
        expect(found).toEqual(
          entries.map((entry) =>
            JSON.stringify({
              '@timestamp': rfc3339Nano(entry.timestampNs),
              labels: { app: 'x' },
              message: Buffer.from(entry.line).toString(),
            }),
          ),
        )
      }),
      { numRuns: 100 },
    )
  })
})

test('the indices may have a prefix', () => {
  const prefixed = clymeneLayout({ metricsIndex: 'm', logsIndex: 'l', prefix: 'dev' })
  expect(prefixed.metricAction('')).toBe('{"create":{"_index":"dev-m","_id":"')
  expect(prefixed.logAction('')).toBe('{"create":{"_index":"dev-l","_id":"')
})
