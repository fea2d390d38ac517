import { DecodeError, errorMessage, type Labels } from '@clymene/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decodePushRequest } from './push-request/decode.ts'
import { scanPushRequest } from './push-request/scan.ts'
import { encodeReference, hex, outcomeOf, PUSH_REQUEST, WRITE_REQUEST } from './testing/reference.ts'
import { encodeWriteRequest } from './write-request/encode.ts'
import { scanWriteRequest } from './write-request/scan.ts'

const EXPECTED = { name: 'cluster', value: 'c1' }

/** With a name, and labels in the order given, repeated ones too. */
const seriesOf = (...all: readonly Labels[]): Buffer =>
  encodeWriteRequest(all.map((labels) => ({ labels: [['__name__', 'up'], ...labels], samples: [{ timestampMs: 1, value: 1 }] })))
const streamsOf = (...texts: readonly string[]): Buffer =>
  encodeReference(PUSH_REQUEST, { streams: texts.map((text) => ({ labels: Buffer.from(text), entries: [{ line: Buffer.from('x') }] })) })

const inSeries = (bytes: Uint8Array, expected = EXPECTED) => scanWriteRequest(bytes, expected).otherValue
const inStreams = (bytes: Uint8Array, expected = EXPECTED) => scanPushRequest(bytes, expected).otherValue

const C1: Labels = [['cluster', 'c1']]
const ZZ: Labels = [['cluster', 'zz']]
const NONE: Labels = [['job', 'x']]

describe('the expected label in series', () => {
  const cases: { name: string; series: readonly Labels[]; other: string | undefined }[] = [
    { name: 'no series', series: [], other: undefined },
    { name: 'as expected', series: [C1, C1], other: undefined },
    { name: 'absent', series: [C1, NONE, []], other: undefined },
    { name: 'empty is absent', series: [[['cluster', '']]], other: undefined },
    { name: 'another in the first', series: [ZZ, C1, C1], other: 'zz' },
    { name: 'another in the middle', series: [C1, ZZ, C1], other: 'zz' },
    { name: 'another in the last', series: [C1, NONE, ZZ], other: 'zz' },
    { name: 'the first other one is told', series: [C1, ZZ, [['cluster', 'yy']]], other: 'zz' },
    { name: 'twice, the same', series: [[...C1, ...C1]], other: undefined },
    { name: 'twice, then another', series: [[...C1, ...ZZ]], other: 'zz' },
    { name: 'twice, first another', series: [[...ZZ, ...C1]], other: 'zz' },
    { name: 'after other labels', series: [[...NONE, ['service', 's'], ...ZZ]], other: 'zz' },
    { name: 'the beginning of the value', series: [[['cluster', 'c']]], other: 'c' },
    { name: 'more than the value', series: [[['cluster', 'c1-2']]], other: 'c1-2' },
    { name: 'another case', series: [[['cluster', 'C1']]], other: 'C1' },
    {
      name: 'names that are like it',
      series: [
        [
          ['clustes', 'zz'],
          ['Cluster', 'zz'],
          ['cluster_', 'zz'],
          ['luster', 'zz'],
        ],
      ],
      other: undefined,
    },
    { name: '__proto__ is a label like others', series: [[['__proto__', 'zz'], ...C1]], other: undefined },
    { name: 'a long value is cut', series: [[['cluster', 'ü'.repeat(5000)]]], other: 'ü'.repeat(128) },
    { name: 'behind a long label', series: [[['a', 'x'.repeat(5000)], ...ZZ]], other: 'zz' },
  ]
  test.each(cases)('$name', ({ series, other }) => {
    const bytes = seriesOf(...series)
    expect(inSeries(bytes)).toBe(other)
    expect(scanWriteRequest(bytes)).not.toHaveProperty('otherValue')
    const { otherValue: _, ...rest } = scanWriteRequest(bytes, EXPECTED)
    expect(rest).toEqual(scanWriteRequest(bytes))
  })

  const CLUSTER = '0a07 636c7573746572'
  const written: { name: string; label: string; other: string | undefined }[] = [
    { name: 'value before name', label: `0a0d 1202 7a7a ${CLUSTER}`, other: 'zz' },
    { name: 'a length in more bytes than needed', label: `0a8e00 0a8700 636c7573746572 1202 7a7a`, other: 'zz' },
    { name: 'the last of a repeated value counts', label: `0a11 ${CLUSTER} 1202 7a7a 1202 6331`, other: undefined },
    { name: 'the last of a repeated value counts, another', label: `0a11 ${CLUSTER} 1202 6331 1202 7a7a`, other: 'zz' },
    { name: 'the last of a repeated name counts', label: `0a16 0a07 61626364656667 ${CLUSTER} 1202 7a7a`, other: 'zz' },
    { name: 'a tag of two bytes', label: `8a000d ${CLUSTER} 1202 7a7a`, other: 'zz' },
    { name: 'an unknown field beside it', label: `0a0f ${CLUSTER} 5000 1202 7a7a`, other: 'zz' },
  ]
  test.each(written)('$name', ({ label, other }) => {
    const content = hex(`0a0d 0a085f5f6e616d655f5f120161 ${label}`)
    const bytes = Buffer.concat([Buffer.from([0x0a, content.length]), content])
    expect(inSeries(bytes)).toBe(other)
  })

  test('labels of exemplars are not those of series', () => {
    const exemplars = [{ labels: [{ name: 'cluster', value: 'zz' }], value: 1, timestamp: 5 }]
    const bytes = encodeReference(WRITE_REQUEST, { timeseries: [{ labels: [{ name: '__name__', value: 'up' }], exemplars }] })
    expect(inSeries(bytes)).toBeUndefined()
  })

  test('a message that is damaged after another value is refused as damaged', () => {
    const bytes = seriesOf(ZZ, C1)
    expect(() => inSeries(bytes.subarray(0, -1))).toThrow(DecodeError)
  })

  test('any label, and __proto__ too, can be expected', () => {
    const proto = { name: '__proto__', value: 'a' }
    expect([inSeries(seriesOf([['__proto__', 'b']]), proto), inSeries(seriesOf([['__proto__', 'a']]), proto)]).toEqual(['b', undefined])
    expect([inStreams(streamsOf('{__proto__="b"}'), proto), inStreams(streamsOf('{__proto__="a"}'), proto)]).toEqual(['b', undefined])
  })

  test('let through are exactly those whose labels of the name all have the value', () => {
    const name = fc.constantFrom('cluster', 'cluste', 'clusters', 'service', '__proto__', 'x'.repeat(130))
    const value = fc.oneof(fc.constantFrom('c1', 'c1', 'c1', '', 'zz', 'c', 'ü'.repeat(80)), fc.string({ unit: 'grapheme', maxLength: 4 }))
    const labels = fc.array(fc.tuple(name, value), { maxLength: 4 })
    fc.assert(
      fc.property(fc.array(labels, { maxLength: 6 }), (all) => {
        const others = all.flat().filter(([key, text]) => key === 'cluster' && text !== '' && text !== 'c1')
        expect(inSeries(seriesOf(...all))).toBe(others[0]?.[1])
      }),
      { numRuns: 500 },
    )
  })
})

describe('the expected label in streams', () => {
  const cases: { name: string; streams: readonly string[]; other: string | undefined }[] = [
    { name: 'no streams', streams: [], other: undefined },
    { name: 'as expected', streams: ['{cluster="c1", job="x"}', '{job="x",cluster="c1"}'], other: undefined },
    { name: 'absent', streams: ['{}', '{job="x"}', ''], other: undefined },
    { name: 'empty is absent', streams: ['{cluster=""}', '{cluster=``}'], other: undefined },
    { name: 'another in the first', streams: ['{cluster="zz"}', '{cluster="c1"}'], other: 'zz' },
    { name: 'another in the middle', streams: ['{cluster="c1"}', '{cluster="zz"}', '{cluster="c1"}'], other: 'zz' },
    { name: 'another in the last', streams: ['{cluster="c1"}', '{cluster="zz"}'], other: 'zz' },
    { name: 'the first other one is told', streams: ['{cluster="zz"}', '{cluster="yy"}'], other: 'zz' },
    { name: 'twice, the same', streams: ['{cluster="c1", cluster="c1"}'], other: undefined },
    { name: 'twice, then another', streams: ['{cluster="c1", cluster="zz"}'], other: 'zz' },
    { name: 'after other labels', streams: ['{app="a", job="x=y, cluster=c1", cluster="zz"}'], other: 'zz' },
    { name: 'inside of a value it is none', streams: ['{a="cluster=zz", b=`cluster="zz"`, c="\\"cluster=\\"zz"}'], other: undefined },
    { name: 'white space everywhere', streams: [' { cluster = "zz" , } '], other: 'zz' },
    { name: 'a comma at the end', streams: ['{cluster="zz",}', '{cluster="c1",}'], other: 'zz' },
    { name: 'in back quotes', streams: ['{cluster=`c1`}', '{cluster=`zz`}'], other: 'zz' },
    { name: 'with escapes', streams: ['{cluster="\\x631"}', '{cluster="\\x7a\\172"}'], other: 'zz' },
    { name: 'with an escape before it', streams: ['{a="\\n", cluster="zz"}'], other: 'zz' },
    { name: 'names that are like it', streams: ['{clustes="zz", Cluster="zz", cluster_="zz", x.cluster="zz"}'], other: undefined },
    { name: '__proto__ is a label like others', streams: ['{__proto__="zz", cluster="c1"}'], other: undefined },
    { name: 'a long value is cut', streams: [`{cluster="${'ü'.repeat(5000)}"}`], other: 'ü'.repeat(128) },
    { name: 'a long value with escapes', streams: [`{cluster="${'\\n'.repeat(5000)}"}`], other: '\n'.repeat(128) },
  ]
  test.each(cases)('$name', ({ streams, other }) => {
    const bytes = streamsOf(...streams)
    expect(inStreams(bytes)).toBe(other)
    expect(scanPushRequest(bytes)).not.toHaveProperty('otherValue')
    const { otherValue: _, ...rest } = scanPushRequest(bytes, EXPECTED)
    expect(rest).toEqual(scanPushRequest(bytes))
  })

  test('the last of a repeated text counts', () => {
    const [c1, zz] = ['{cluster="c1"}', '{cluster="zz"}'].map((text) =>
      Buffer.concat([Buffer.from([0x0a, text.length]), Buffer.from(text)]),
    )
    const stream = (...texts: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from([0x0a, 32]), ...texts])
    expect([inStreams(stream(c1!, zz!)), inStreams(stream(zz!, c1!))]).toEqual(['zz', undefined])
  })

  // What another reader may find a cluster in is not let through.
  test.each([
    '{',
    '{cluster',
    '{cluster="zz',
    '{cluster="zz"',
    '{"cluster"="zz"}',
    "{cluster='zz'}",
    'up{cluster="zz"}',
    '{cluster="zz"} x',
    '{a="b" cluster="zz"}',
    '{#x=`\ncluster="zz",#`\n}',
    '{cluster=~"zz"}',
    '{a="b\n", cluster="zz"}',
  ])('a text that cannot be read is refused: %j', (text) => {
    expect(() => inStreams(streamsOf(text))).toThrow(DecodeError)
    expect(scanPushRequest(streamsOf(text)).streams).toBe(1)
  })

  test('a text does not end in the bytes that follow it', () => {
    for (const text of ['{cluster', '{cluster=', '{cluster="', '{cluster="c1"', '{a="b",']) {
      const stream = Buffer.concat([
        Buffer.from([0x0a, text.length]),
        Buffer.from(text),
        Buffer.from('5a0e3d227a7a222c636c75737465723d7d7d', 'hex'),
      ])
      expect(outcomeOf(() => inStreams(Buffer.concat([Buffer.from([0x0a, stream.length]), stream])))).toBe('DecodeError')
    }
  })

  test('let through are exactly those that a whole decode finds nothing else in', () => {
    const name = fc.constantFrom('cluster', 'cluste', 'clusters', 'service', '__proto__', 'a.b')
    const value = fc.oneof(
      fc.constantFrom('"c1"', '"c1"', '`c1`', '"\\x631"', '""', '"zz"', '`zz`', '"\\172z"', '"ü"', '"}"', '", cluster="'),
      fc.string({ unit: 'grapheme', maxLength: 4 }).map((text) => JSON.stringify(text)),
    )
    const pair = fc.tuple(name, fc.constantFrom('=', '=', '=', ' = '), value).map((parts) => parts.join(''))
    const text = fc
      .tuple(
        fc.constantFrom('{', '{', '{', ' {'),
        fc.array(pair, { maxLength: 4 }),
        fc.constantFrom(', ', ',', '  ,'),
        fc.constantFrom('}', '}', ',}', '', ' }'),
      )
      .map(([open, pairs, comma, close]) => `${open}${pairs.join(comma)}${close}`)
    let readable = 0
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), (texts) => {
        const bytes = streamsOf(...texts)
        const found = outcomeOf(() => inStreams(bytes))
        const decoded = outcomeOf(
          () =>
            decodePushRequest(bytes)
              .flatMap(({ labels }) => labels)
              .find(([key, one]) => key === 'cluster' && one !== 'c1')?.[1],
        )
        if (decoded !== 'DecodeError') {
          readable++
          expect(found).toBe(decoded)
          // A label that comes twice is the one thing that the decoder refuses and the walk does not need to.
        } else if (found !== 'DecodeError') expect(texts.some((one) => isTwice(one))).toBe(true)
      }),
      { numRuns: 2000 },
    )
    expect(readable).toBeGreaterThan(300)
  })
})

function isTwice(text: string): boolean {
  try {
    decodePushRequest(streamsOf(text))
    return false
  } catch (error) {
    return errorMessage(error).includes('comes twice')
  }
}
