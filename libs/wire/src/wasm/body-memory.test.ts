import { sortedLabels, type Label, type TimeSeries } from '@clymene/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { ExpectedLabel } from '../expected-label.ts'
import { compress } from '../snappy/compress.ts'
import { createDecompressor } from '../snappy/decompress.ts'
import { writeElements } from '../snappy/elements.ts'
import { readPreamble } from '../snappy/preamble.ts'
import { outcomeOf } from '../testing/reference.ts'
import { encodeWriteRequest } from '../write-request/encode.ts'
import { scanWriteRequest } from '../write-request/scan.ts'
import { createBodyMemory, MAX_BODY_BYTES, scanInPlace } from './body-memory.ts'

const memory = createBodyMemory()

/** What memory makes of a block, and JavaScript; undefined when it is damaged. */
function decompressed(block: Uint8Array): string | undefined {
  const { length, elements } = readPreamble(block)
  return memory.decompress(block, elements, length)?.toString('hex')
}
function byJavaScript(block: Uint8Array): string | undefined {
  const { length, elements } = readPreamble(block)
  const output = Buffer.alloc(length)
  const outcome = outcomeOf(() => writeElements(block, elements, output, length))
  return outcome === undefined ? output.toString('hex') : undefined
}

const decompress = createDecompressor(1 << 24)
/** The bytes as a decompressor leaves them, with what was there before behind them. */
function inPlace(bytes: Uint8Array): Buffer {
  decompress(compress(Buffer.alloc(bytes.length + 200, '\n\x0c\x12\x0c\x09\x10')))
  return decompress(compress(bytes))
}

describe('decompress', () => {
  test('copies of every length from every near offset', () => {
    for (let offset = 1; offset <= 40; offset++) {
      const pattern = Buffer.from(Array.from({ length: offset }, (_, index) => index + 1))
      for (let size = 1; size <= 64; size++) {
        const block = Buffer.concat([
          Buffer.from([offset + size + 3, (offset - 1) << 2]),
          pattern,
          Buffer.from([((size - 1) << 2) | 2, offset, 0, 2 << 2, 0xaa, 0xbb, 0xcc]),
        ])
        const copied = Array.from({ length: size }, (_, index) => pattern[index % offset]!)
        expect(decompressed(block)).toBe(Buffer.from([...pattern, ...copied, 0xaa, 0xbb, 0xcc]).toString('hex'))
      }
    }
  })

  test('literals of every way to write their length', () => {
    for (const size of [1, 15, 16, 17, 59, 60, 61, 255, 256, 257, 65_536, 65_537]) {
      const bytes = Buffer.from(Array.from({ length: size }, (_, index) => (index * 7 + (index >>> 8)) % 251))
      for (const lengthBytes of [1, 2, 3, 4]) {
        if (size > 256 ** lengthBytes) continue
        const length = Buffer.alloc(4)
        length.writeUInt32LE(size - 1)
        const preamble = [(size & 0x7f) | 0x80, ((size >>> 7) & 0x7f) | 0x80, size >>> 14]
        const block = Buffer.concat([Buffer.from([...preamble, (59 + lengthBytes) << 2]), length.subarray(0, lengthBytes), bytes])
        expect(decompressed(block)).toBe(bytes.toString('hex'))
      }
    }
  })

  test('arbitrary elements make the same as by JavaScript, or nothing', () => {
    const element = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => [(bytes.length - 1) << 2, ...bytes]),
      fc.tuple(fc.nat(7), fc.nat(70)).map(([size, offset]) => [(size << 2) | 1, offset]),
      fc.tuple(fc.nat(63), fc.nat(70)).map(([size, offset]) => [(size << 2) | 2, offset, 0]),
      fc
        .tuple(fc.nat(63), fc.nat(70), fc.constantFrom(0, 0, 0, 0x80, 0xff))
        .map(([size, offset, top]) => [(size << 2) | 3, offset, 0, 0, top]),
      fc.uint8Array({ maxLength: 8 }).map((bytes) => [...bytes]),
    )
    const first = fc.uint8Array({ minLength: 60, maxLength: 60 }).map((bytes) => [59 << 2, ...bytes])
    fc.assert(
      fc.property(first, fc.array(element, { maxLength: 30 }), fc.integer({ min: -2, max: 2 }), (literal, elements, more) => {
        const body = Buffer.from([...literal, ...elements.flat()])
        const length = Math.max(0, lengthOf(body) + more)
        const block = Buffer.concat([Buffer.from([(length & 0x7f) | 0x80, length >>> 7]), body])
        expect(decompressed(block)).toBe(byJavaScript(block))
      }),
      { numRuns: 3000 },
    )
  })

  test('it grows, and what was there before is empty then', () => {
    const fresh = createBodyMemory()
    const small = compress(Buffer.from('small'))
    const before = fresh.decompress(small, 1, 5)!
    expect(before.toString()).toBe('small')
    const large = Buffer.alloc(1 << 20, 'large ')
    const block = compress(large)
    expect(fresh.decompress(block, readPreamble(block).elements, large.length)?.equals(large)).toBe(true)
    expect(before).toHaveLength(0)
    expect(fresh.decompress(small, 1, 5)?.toString()).toBe('small')
  })

  test('the largest body that it may have, and a larger one elsewhere', () => {
    const most = Math.floor((MAX_BODY_BYTES - 9) / 2)
    for (const [size, isInPlace] of [
      [most, true],
      [most + 1, false],
    ] as const) {
      const head = Buffer.from([0, 0, 0, 0, 63 << 2, 0, 0, 0, 0])
      for (let byte = 0; byte < 4; byte++) head[byte] = ((size >>> (7 * byte)) & 0x7f) | (byte < 3 ? 0x80 : 0)
      head.writeUInt32LE(size - 1, 5)
      const output = createDecompressor(1 << 25)(Buffer.concat([head, Buffer.alloc(size, 'z')]))
      expect(output.equals(Buffer.alloc(size, 'z'))).toBe(true)
      expect(output.byteOffset > 0).toBe(isInPlace)
    }
  })
})

describe('scan', () => {
  const up: readonly Label[] = [
    ['__name__', 'up'],
    ['cluster', 'a'],
  ]
  const sample = { timestampMs: 1_700_000_000_000, value: 1 }
  const request = (labels: readonly Label[], samples: TimeSeries['samples'] = [sample]): Buffer =>
    encodeWriteRequest([{ labels: sortedLabels(labels), samples }])

  const common = [
    { name: 'nothing', bytes: Buffer.alloc(0) },
    { name: 'a series', bytes: request(up) },
    { name: 'long values', bytes: request([...up, ['id', 'x'.repeat(124)], ['image', 'y'.repeat(128)], ['long', 'z'.repeat(5000)]]) },
    { name: 'values of zero, and times before 1970', bytes: request(up, [{ timestampMs: -(2 ** 40), value: 0 }]) },
    { name: 'several samples', bytes: request(up, [sample, { timestampMs: 2 ** 53 - 1, value: Number.NaN }, sample]) },
    { name: 'no sample', bytes: request(up, []) },
    { name: 'many series', bytes: encodeWriteRequest(Array.from({ length: 500 }, () => ({ labels: up, samples: [sample] }))) },
    { name: 'the expected value', bytes: request(up), expected: { name: 'cluster', value: 'a' } },
    { name: 'a label that is not expected', bytes: request(up), expected: { name: 'another', value: 'a' } },
  ]
  test.each<{ name: string; bytes: Buffer; expected?: ExpectedLabel }>(common)(
    'what nearly all bodies are is not looked at twice: $name',
    ({ bytes, expected }) => {
      const scan = scanInPlace(inPlace(bytes), expected)
      expect(scan).toEqual(scanWriteRequest(bytes, expected))
      expect(scan).toBeDefined()
    },
  )

  const uncommon = [
    { name: 'text that is not ASCII', bytes: request([...up, ['stadt', 'Köln']]) },
    { name: 'long text that is not ASCII', bytes: request([...up, ['stadt', 'Köln'.repeat(50)]]) },
    { name: 'no name', bytes: request([['cluster', 'a']]) },
    { name: 'another value than expected', bytes: request(up), expected: { name: 'cluster', value: 'b' } },
    { name: 'a value where none is expected', bytes: request(up), expected: { name: 'cluster', value: '' } },
    { name: 'the start of the expected value', bytes: request(up), expected: { name: 'cluster', value: 'ab' } },
    {
      name: 'more than the expected value',
      bytes: request([
        ['__name__', 'up'],
        ['cluster', 'ab'],
      ]),
      expected: { name: 'cluster', value: 'a' },
    },
    { name: 'a sample with something behind its time', bytes: Buffer.from('0a180a0e0a085f5f6e616d655f5f12027570120610e8071a00', 'hex') },
    { name: 'an expected name that finds no place', bytes: request(up), expected: { name: 'n'.repeat(3000), value: 'a' } },
    { name: 'an expected value that finds no place', bytes: request(up), expected: { name: 'cluster', value: 'a'.repeat(3000) } },
    { name: 'bytes that are nothing', bytes: Buffer.from('nothing') },
  ]
  test.each<{ name: string; bytes: Buffer; expected?: ExpectedLabel }>(uncommon)(
    'all else is left to JavaScript: $name',
    ({ bytes, expected }) => {
      const there = inPlace(bytes)
      expect(scanInPlace(there, expected)).toBeUndefined()
      expect(outcomeOf(() => scanWriteRequest(there, expected))).toEqual(outcomeOf(() => scanWriteRequest(bytes, expected)))
    },
  )

  test('bytes that lie elsewhere are not its business', () => {
    expect(scanInPlace(request(up), undefined)).toBeUndefined()
  })

  const text = fc.string({ minLength: 1, maxLength: 12 })
  const series = fc.record({
    labels: fc
      .uniqueArray(fc.tuple(text, fc.oneof({ weight: 5, arbitrary: text }, fc.constantFrom('a'.repeat(119), 'b'.repeat(300), 'ü'))), {
        selector: ([name]) => name,
        maxLength: 5,
      })
      .map((labels): readonly Label[] => sortedLabels([...labels, ...up])),
    samples: fc.array(fc.record({ timestampMs: fc.integer({ min: -(2 ** 53), max: 2 ** 53 }), value: fc.constantFrom(0, 1.5, -0) }), {
      maxLength: 3,
    }),
  })

  test('a changed or cut body gives the same in place and elsewhere', () => {
    fc.assert(
      fc.property(
        fc.array(series, { maxLength: 4 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
        fc.option(fc.nat()),
        fc.constantFrom(undefined, { name: 'cluster', value: 'a' }, { name: 'cluster', value: 'b' }),
        (list, changes, cut, expected) => {
          const whole = encodeWriteRequest(list)
          for (const [where, byte] of changes) if (whole.length > 0) whole[where % whole.length] = byte
          const bytes = cut === null ? whole : whole.subarray(0, cut % (whole.length + 1))
          const there = inPlace(bytes)
          expect(outcomeOf(() => scanWriteRequest(there, expected))).toEqual(outcomeOf(() => scanWriteRequest(bytes, expected)))
        },
      ),
      { numRuns: 3000 },
    )
  })
})

/** Bytes that the elements would make, were they all well. */
function lengthOf(elements: Uint8Array): number {
  let length = 0
  for (let at = 0; at < elements.length;) {
    const tag = elements[at]!
    const size = (tag & 3) === 1 ? 4 + ((tag >>> 2) & 7) : 1 + (tag >>> 2)
    length += size
    at += (tag & 3) === 0 ? 1 + size : [0, 2, 3, 5][tag & 3]!
  }
  return Math.min(length, (1 << 14) - 3)
}
