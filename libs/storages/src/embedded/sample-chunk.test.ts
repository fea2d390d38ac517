import { DecodeError } from '@clymene/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { addSample, sliceColumns } from './columns.ts'
import { createJournalRow, appendToRow, decodeJournalRow, encodeJournalRow } from './journal.ts'
import { decodeChunk, emptyColumns, encodeChunk, MAX_TIME_MS, type SampleColumns } from './sample-chunk.ts'

type Bits = readonly [timeMs: number, low: number, high: number]

function columnsOf(samples: readonly Bits[]): SampleColumns {
  const columns = emptyColumns()
  for (const [timeMs, low, high] of samples) addSample(columns, timeMs, low, high)
  return columns
}

const samplesOf = ({ count, times, bits }: SampleColumns): Bits[] =>
  Array.from({ length: count }, (_, at) => [times[at] ?? 0, bits[2 * at] ?? 0, bits[2 * at + 1] ?? 0])

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const value = fc.oneof(
  fc.tuple(word, word),
  fc.double().map((number) => {
    const [low = 0, high = 0] = new Uint32Array(Float64Array.of(number).buffer)
    return [low, high] as const
  }),
  fc.constantFrom([0, 0] as const, [2, 0x7ff00000] as const),
)
const time = fc.oneof(fc.integer({ min: -MAX_TIME_MS, max: MAX_TIME_MS }), fc.integer({ min: 1_800_000_000_000, max: 1_800_000_100_000 }))
const samples = fc.array(
  fc.tuple(time, value).map(([timeMs, [low, high]]): Bits => [timeMs, low, high]),
  { maxLength: 150 },
)

describe('a chunk', () => {
  test('gives back every bit of what was packed', () => {
    fc.assert(
      fc.property(samples, (all) => {
        const columns = columnsOf(all)
        expect(samplesOf(decodeChunk(encodeChunk(columns)))).toEqual(samplesOf(columns))
      }),
      { numRuns: 200 },
    )
  })

  test('of a counter scraped every 15 s takes under 5 bytes a sample', () => {
    const columns = columnsOf(
      Array.from({ length: 120 }, (_, at): Bits => {
        const [low = 0, high = 0] = new Uint32Array(Float64Array.of(1000 + at * 7).buffer)
        return [1_800_000_000_000 + at * 15_000 + (at % 3), low, high]
      }),
    )
    expect(encodeChunk(columns).length).toBeLessThan(600)
  })

  test('of one value at one rhythm takes about 2 bytes a sample', () => {
    expect(encodeChunk(columnsOf(Array.from({ length: 120 }, (_, at): Bits => [at * 1000, 0, 0x40450000]))).length).toBeLessThan(260)
  })

  const packed = encodeChunk(
    columnsOf([
      [1000, 5, 0x40450000],
      [2000, 6, 0x40450000],
      [3500, 6, 0x40450000],
    ]),
  )
  const refused: readonly { name: string; bytes: Uint8Array; message: string }[] = [
    { name: 'nothing', bytes: Buffer.alloc(0), message: 'chunk of version undefined' },
    { name: 'another version', bytes: Buffer.from([2, ...packed.subarray(1)]), message: 'chunk of version 2, expected 1' },
    { name: 'more samples than bytes', bytes: Buffer.from([1, 0xff, 0xff, 0xff, 0x7f]), message: 'samples in 5 bytes' },
    { name: 'bytes after the end', bytes: Buffer.concat([packed, Buffer.from([0])]), message: 'bytes after the last sample' },
    { name: 'a count without an end', bytes: Buffer.from([1, ...Array.from({ length: 12 }, () => 0xff)]), message: 'varint over 9 bytes' },
    { name: 'a value of nine bytes', bytes: Buffer.from([1, 1, 0, 0x09, 0]), message: 'control byte 9' },
    { name: 'a value of no byte', bytes: Buffer.from([1, 1, 0, 0x10]), message: 'control byte 16' },
  ]
  test.each(refused)('refuses $name', ({ bytes, message }) => {
    expect(() => decodeChunk(bytes)).toThrow(DecodeError)
    expect(() => decodeChunk(bytes)).toThrow(message)
  })

  test('refuses every cut', () => {
    for (let length = 0; length < packed.length; length++)
      expect(() => decodeChunk(packed.subarray(0, length)), `cut at ${length}`).toThrow(DecodeError)
  })

  test('any bytes give samples or a DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          decodeChunk(Uint8Array.of(1, ...bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('columns', () => {
  test('keep the order of time and the first value of a time, in whatever order samples come', () => {
    fc.assert(
      fc.property(samples, (all) => {
        const expected = new Map<number, Bits>()
        for (const one of all) if (!expected.has(one[0])) expected.set(one[0], one)
        expect(samplesOf(columnsOf(all))).toEqual([...expected.values()].toSorted(([a], [b]) => a - b))
      }),
      { numRuns: 100 },
    )
  })

  test('are sliced without sharing memory', () => {
    const columns = columnsOf([
      [1, 1, 1],
      [2, 2, 2],
      [3, 3, 3],
    ])
    const part = sliceColumns(columns, 1, 3)
    columns.times[1] = 9
    expect(samplesOf(part)).toEqual([
      [2, 2, 2],
      [3, 3, 3],
    ])
  })
})

describe('a journal row', () => {
  test('gives back what was appended', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, time, word, word), { maxLength: 40 }), (all) => {
        const row = createJournalRow(2)
        for (const [series, timeMs, low, high] of all) appendToRow(row, series, timeMs, low, high)
        // From a database the bytes may begin anywhere.
        const stored = new Uint8Array(encodeJournalRow(row).length + 1)
        stored.set(encodeJournalRow(row), 1)
        const read = decodeJournalRow(stored.subarray(1))
        expect(
          Array.from({ length: read.count }, (_, at) => [read.series[at], read.times[at], read.bits[2 * at], read.bits[2 * at + 1]]),
        ).toEqual(all)
      }),
      { numRuns: 60 },
    )
  })

  test('that is cut is refused', () => {
    expect(() => decodeJournalRow(new Uint8Array(19))).toThrow('journal row of 19 bytes is cut')
  })
})
