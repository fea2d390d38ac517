import type { BusRecord } from '@clymene/model'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createValueMemory, type OwnedRecords } from './value-memory.ts'

const KIB = 1 << 10

const record = (value: Buffer): BusRecord => ({
  kind: 'metrics',
  key: 'k',
  value,
  headers: {},
  origin: { logId: 'l', topic: 't', partition: 0, offset: 0n, timestampMs: 0 },
})

const filled = (byte: number, bytes: number): Buffer => Buffer.alloc(bytes, byte)

/** Slabs of 64 KiB; what is free holds nothing but 0xff. */
function start(options: { readonly maxKeptBytes?: number; readonly share?: () => number } = {}) {
  const memory = createValueMemory({
    maxKeptBytes: 1024 * KIB,
    share: () => 512 * KIB,
    onFree: (slab) => void slab.fill(0xff),
    ...options,
  })
  const own = (queue: object, ...values: readonly Buffer[]): OwnedRecords => memory.own(queue, values.map(record))
  return { own, memoryOf: ({ records }: OwnedRecords) => records[0]!.value.buffer }
}

describe('values', () => {
  test('are copies, one behind the other, and all else of a record stays', () => {
    const { own } = start()
    const given = [filled(1, 10), filled(2, 0), filled(3, 20)]
    const { records } = own({}, ...given)
    for (const value of given) value.fill(9)
    expect(records).toEqual([record(filled(1, 10)), record(filled(2, 0)), record(filled(3, 20))])
    expect(new Set(records.map(({ value }) => value.buffer)).size).toBe(1)
  })

  test('of several queues do not share memory', () => {
    const { own, memoryOf } = start()
    expect(memoryOf(own({}, filled(1, 10)))).not.toBe(memoryOf(own({}, filled(2, 10))))
  })

  test('that leave half a slab empty, or are larger than one, have memory of their own', () => {
    const { own } = start()
    for (const bytes of [33 * KIB, 64 * KIB, 200 * KIB]) {
      const { records, release } = own({}, filled(5, bytes))
      expect(records[0]!.value.buffer.byteLength).toBe(bytes)
      release()
      expect(records[0]!.value.equals(filled(5, bytes))).toBe(true)
    }
  })
})

describe('memory', () => {
  test('is used again when all in it is released, not before', () => {
    const { own, memoryOf } = start()
    const queue = {}
    const first = own(queue, filled(1, 20 * KIB))
    const second = own(queue, filled(2, 20 * KIB))
    const third = own(queue, filled(3, 30 * KIB))
    expect(memoryOf(second)).toBe(memoryOf(first))
    expect(memoryOf(third)).not.toBe(memoryOf(first))
    first.release()
    expect(second.records[0]!.value.equals(filled(2, 20 * KIB))).toBe(true)
    expect(memoryOf(own({}, filled(4, KIB)))).not.toBe(memoryOf(first))
    second.release()
    expect(second.records[0]!.value.equals(filled(0xff, 20 * KIB))).toBe(true)
    expect(memoryOf(own({}, filled(5, KIB)))).toBe(memoryOf(first))
    expect(third.records[0]!.value.equals(filled(3, 30 * KIB))).toBe(true)
  })

  test('of a queue in which nothing waits any more serves others', () => {
    const { own, memoryOf } = start()
    const one = own({}, filled(1, 10))
    one.release()
    expect(memoryOf(own({}, filled(2, 10)))).toBe(memoryOf(one))
  })

  test('that is never released is never used again', () => {
    const { own } = start()
    const queue = {}
    const kept = own(queue, filled(1, 20 * KIB))
    for (let round = 0; round < 20; round++) own(queue, filled(2, 20 * KIB)).release()
    expect(kept.records[0]!.value.equals(filled(1, 20 * KIB))).toBe(true)
  })

  test('is not kept over the limit', () => {
    const { own, memoryOf } = start({ maxKeptBytes: 64 * KIB })
    const two = [own({}, filled(1, 10)), own({}, filled(1, 10))]
    for (const { release } of two) release()
    const again = [own({}, filled(2, 10)), own({}, filled(2, 10))]
    expect(again.map(memoryOf).filter((one) => two.map(memoryOf).includes(one))).toHaveLength(1)
  })

  test.each([
    { share: 1, slab: 16 * KIB },
    { share: 160 * KIB, slab: 16 * KIB },
    { share: 1000 * KIB, slab: 64 * KIB },
    { share: 1 << 30, slab: 1024 * KIB },
  ])('is a slab of $slab bytes where a partition may hold $share', ({ share, slab }) => {
    const { own, memoryOf } = start({ share: () => share })
    expect(memoryOf(own({}, filled(1, 10))).byteLength).toBe(slab)
  })

  test('is of the new size when partitions were dealt out anew', () => {
    let share = 512 * KIB
    const { own, memoryOf } = start({ share: () => share })
    const before = own({}, filled(1, 10))
    before.release()
    share = 256 * KIB
    expect(memoryOf(own({}, filled(1, 10))).byteLength).toBe(32 * KIB)
  })

  test('whatever is released when, what is held stays as it is', () => {
    const step = fc.record({ queue: fc.nat(2), sizes: fc.array(fc.nat(40 * KIB), { maxLength: 4 }), releases: fc.array(fc.nat(9)) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { own } = start({ maxKeptBytes: 128 * KIB })
        const queues = [{}, {}, {}]
        let held: { readonly owned: OwnedRecords; readonly byte: number }[] = []
        for (const [byte, { queue, sizes, releases }] of steps.entries()) {
          held.push({ owned: own(queues[queue]!, ...sizes.map((bytes) => filled(byte, bytes))), byte })
          for (const at of new Set(releases)) held[at]?.owned.release()
          held = held.filter((_, index) => !releases.includes(index))
          for (const one of held) for (const { value } of one.owned.records) expect(value.equals(filled(one.byte, value.length))).toBe(true)
        }
      }),
      { numRuns: 50 },
    )
  })
})
