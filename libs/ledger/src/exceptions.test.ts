import { describe, expect, test } from 'vitest'

import { addException, createExceptions, dropBefore, expiredWithin, settlementOf, sizeOf } from './exceptions.ts'
import type { Settlement } from './outcome.ts'
import { createFakeLog } from './testing/fake-log.ts'

const log = createFakeLog()
const [first, second] = [log.append({}), log.append({})]
const dead: Settlement = { record: first, outcome: 'deadLetter', records: 0, refused: 10 }

describe('what reading again would not tell', () => {
  test.each<[Partial<Settlement>, boolean]>([
    [{ outcome: 'stored', refused: 0 }, false],
    [{ outcome: 'repeatedInBus', refused: 0 }, false],
    [{ outcome: 'repeatedInStorage', refused: 0 }, true],
    [{ outcome: 'deadLetter', refused: 10 }, true],
    [{ outcome: 'deadLetter', refused: 0 }, true],
    [{ outcome: 'stored', refused: 1 }, true],
  ])('%j: %s', (settlement, expected) => {
    const exceptions = createExceptions()
    expect(addException(exceptions, { ...dead, ...settlement })).toBe(expected)
    expect(sizeOf(exceptions)).toBe(expected ? 1 : 0)
  })

  test('is what came of a message that is read again; all others were stored', () => {
    const exceptions = createExceptions()
    addException(exceptions, dead)
    expect(settlementOf(exceptions, first)).toEqual(dead)
    expect(settlementOf(exceptions, second)).toEqual({ record: second, outcome: 'stored', records: 10, refused: 0 })
    dropBefore(exceptions, 1n)
    expect(settlementOf(exceptions, first)).toMatchObject({ outcome: 'stored' })
  })

  test('what expired lies right before the offset that it is told of', () => {
    const exceptions = createExceptions()
    exceptions.expired.set(10n, 4)
    exceptions.expired.set(20n, 3)
    const found = [
      [0n, 9n],
      [0n, 10n],
      [10n, 19n],
      [10n, 20n],
      [0n, 30n],
    ] as const
    expect(found.map(([from, to]) => expiredWithin(exceptions, from, to))).toEqual([0, 4, 0, 3, 7])
  })

  test('of the same two members may have been told', () => {
    const exceptions = createExceptions()
    exceptions.expired.set(20n, 10)
    exceptions.expired.set(15n, 10)
    const found = [
      [0n, 20n],
      [8n, 20n],
      [17n, 20n],
      [0n, 15n],
    ] as const
    expect(found.map(([from, to]) => expiredWithin(exceptions, from, to))).toEqual([15, 12, 3, 10])
  })

  test('100,000 are kept at most', () => {
    const exceptions = createExceptions()
    for (let offset = 0; offset < 100_000; offset++) exceptions.settled.set(BigInt(offset), dead)
    const record = { ...first, origin: { ...first.origin, offset: 100_000n } }
    expect(addException(exceptions, { ...dead, record })).toBe(true)
    expect(sizeOf(exceptions)).toBe(100_000)
  })
})
