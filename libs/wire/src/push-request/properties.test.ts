import { isDeepStrictEqual } from 'node:util'

import { DecodeError, type LogStream, sortedLabels } from '@clymene/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decodeReference, outcomeOf, PUSH_REQUEST } from '../testing/reference.ts'
import { decodePushRequest } from './decode.ts'
import { encodePushRequest } from './encode.ts'
import { scanPushRequest } from './scan.ts'
import { slicePushRequest } from './slice.ts'
import { splitPushRequest } from './split.ts'

const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/)
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const labels = fc
  .uniqueArray(fc.tuple(name, text), { selector: ([key]) => key, minLength: 1, maxLength: 4 })
  .map((list) => sortedLabels(list))
const timestampNs = fc.bigInt({ min: -62_135_596_800_000_000_000n, max: 253_402_300_799_999_999_999n })
const entry = fc.oneof(
  fc.record({ timestampNs, line: fc.string({ unit: 'grapheme', maxLength: 200 }) }),
  fc.record({ timestampNs, line: text, metadata: labels }),
)
const stream: fc.Arbitrary<LogStream> = fc.record({ labels, entries: fc.array(entry, { maxLength: 5 }) })
const request = fc.array(stream, { maxLength: 5 })

/** What the scan refuses and protobufjs takes, as Loki's generated code does. */
const STRICTER = /timestamp outside|wire type [0-7] in field \d+|(?:tag|length) of more than 32 bits|varint of more than 10 bytes/

describe('PushRequest', () => {
  test('decode gives what was encoded, and protobufjs reads it too', () => {
    fc.assert(
      fc.property(request, (list) => {
        const bytes = encodePushRequest(list)
        expect(decodePushRequest(bytes)).toEqual(list)
        expect(referenceCounts(decodeReference(PUSH_REQUEST, bytes))).toEqual(countsOf(bytes))
        const times = list.flatMap(({ entries }) => entries.map((one) => one.timestampNs)).toSorted((a, b) => (a < b ? -1 : 1))
        expect(scanPushRequest(bytes)).toMatchObject({ minTimestampNs: times[0], maxTimestampNs: times.at(-1) })
      }),
    )
  })

  test('scan refuses what protobufjs refuses, and beyond that only what it says', () => {
    let refusals = 0
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(request, flips, (list, changes) => {
        const bytes = encodePushRequest(list)
        if (bytes.length === 0) return
        for (const [where, change] of changes) bytes[where % bytes.length]! ^= change
        if (outcomeOf(() => scanPushRequest(bytes)) === 'DecodeError') refusals++
        expect(disagreement(bytes)).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
    expect(refusals).toBeGreaterThan(100)
  })

  test('every cut that is not between two streams is refused', () => {
    fc.assert(
      fc.property(request, (list) => {
        const bytes = encodePushRequest(list)
        const boundaries = new Set(list.map((_, index) => encodePushRequest(list.slice(0, index)).length))
        for (let length = 0; length < bytes.length; length++) {
          const refused = outcomeOf(() => scanPushRequest(bytes.subarray(0, length))) === 'DecodeError'
          expect(refused).toBe(!boundaries.has(length))
        }
      }),
      { numRuns: 30 },
    )
  })

  test('two halves are the whole: streams, else entries of the one stream', () => {
    fc.assert(
      fc.property(request, (list) => {
        const halves = splitPushRequest(encodePushRequest(list))?.map((half) => decodePushRequest(half))
        expect(halves).toEqual(halvesOf(list))
      }),
    )
  })

  test('slices side by side hold every entry once, in order', () => {
    fc.assert(
      fc.property(request, fc.nat(25), (list, cut) => {
        const bytes = encodePushRequest(list)
        const entries = (message: Buffer): unknown[] =>
          decodePushRequest(message).flatMap((one) => one.entries.map((line) => [one.labels, line]))
        expect([...entries(slicePushRequest(bytes, 0, cut)), ...entries(slicePushRequest(bytes, cut, Infinity))]).toEqual(entries(bytes))
        expect(entries(slicePushRequest(bytes, cut, cut + 1))).toEqual(entries(bytes).slice(cut, cut + 1))
      }),
    )
  })
})

function halvesOf(list: readonly LogStream[]): unknown {
  const [first] = list
  if (first === undefined) return undefined
  const middle = Math.ceil(list.length / 2)
  if (list.length > 1) return [list.slice(0, middle), list.slice(middle)]
  const half = Math.ceil(first.entries.length / 2)
  if (first.entries.length < 2) return undefined
  return [[{ ...first, entries: first.entries.slice(0, half) }], [{ ...first, entries: first.entries.slice(half) }]]
}

/** What tells our reading from that of protobufjs, refusals that we mean to be stricter in aside. */
function disagreement(bytes: Uint8Array): unknown {
  const reference = decodeReference(PUSH_REQUEST, bytes)
  try {
    const counts = countsOf(bytes)
    return isDeepStrictEqual(counts, referenceCounts(reference)) ? undefined : { counts, reference }
  } catch (error) {
    if (!(error instanceof DecodeError)) return error
    return reference === undefined || STRICTER.test(error.message) ? undefined : error
  }
}

type Counts = { streams: number; entries: number }

function countsOf(bytes: Uint8Array): Counts {
  const { streams, entries } = scanPushRequest(bytes)
  return { streams, entries }
}

function referenceCounts(message: { streams?: unknown } | undefined): Counts | undefined {
  if (message === undefined) return undefined
  const list = (of: unknown): unknown[] => (Array.isArray(of) ? of : [])
  return {
    streams: list(message.streams).length,
    entries: list(message.streams).reduce<number>((total, one) => total + list(Object(one).entries).length, 0),
  }
}
