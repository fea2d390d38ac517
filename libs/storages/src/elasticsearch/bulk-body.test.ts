import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Bulk, type BulkLimits } from './bulk-body.ts'

/** Appends documents of these sizes, sending each body that is full; gives what was sent. */
function sendAll(sizes: readonly number[], limits: BulkLimits) {
  const bulk = new Bulk(limits)
  const sent: { readonly text: string; readonly records: readonly number[] }[] = []
  const send = (): void => {
    const { bytes, count, recordOf } = bulk.body()
    sent.push({ text: bytes.toString(), records: Array.from({ length: count }, (_, document) => recordOf(document).record) })
    bulk.next()
  }
  for (const [record, size] of sizes.entries()) {
    while (bulk.isFull) send()
    bulk.out.ascii(documentOf(size))
    bulk.add(7, record)
  }
  while (!bulk.isEmpty) send()
  return { sent, bulk }
}

const documentOf = (size: number): string => `${'d'.repeat(size - 1)}\n`

describe('bulks', () => {
  test('hold every document once, in order, within both limits', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 7 }), (documents, maxBytes, maxActions) => {
        const { sent } = sendAll(documents, { maxBytes, maxActions })
        expect(sent.flatMap(({ records }) => records)).toEqual([...documents.keys()])
        expect(sent.map(({ text }) => text).join('')).toBe(documents.map(documentOf).join(''))
        for (const { text, records } of sent) {
          expect(records.length).toBeGreaterThan(0)
          expect(records.length).toBeLessThanOrEqual(maxActions)
          if (records.length > 1) expect(text.length).toBeLessThanOrEqual(maxBytes)
        }
      }),
      { numRuns: 200 },
    )
  })

  const cases: readonly [name: string, sizes: readonly number[], limits: BulkLimits, counts: readonly number[]][] = [
    ['nothing', [], { maxBytes: 10, maxActions: 10 }, []],
    ['exactly the bytes', [5, 5, 5], { maxBytes: 10, maxActions: 10 }, [2, 1]],
    ['a byte over', [5, 6, 5], { maxBytes: 10, maxActions: 10 }, [1, 1, 1]],
    ['a document over the limit', [2, 50, 2], { maxBytes: 10, maxActions: 10 }, [1, 1, 1]],
    ['two of them', [50, 50], { maxBytes: 10, maxActions: 10 }, [1, 1]],
    ['exactly the actions', [1, 1, 1, 1], { maxBytes: 10, maxActions: 2 }, [2, 2]],
  ]
  test.each(cases)('%s', (_, sizes, limits, counts) => {
    expect(sendAll(sizes, limits).sent.map(({ records }) => records.length)).toEqual(counts)
  })

  test('are empty again when everything is sent, and larger than at first only after a larger document', () => {
    const { bulk } = sendAll([10, 3_000_000, 10], { maxBytes: 100, maxActions: 10 })
    expect(bulk.out.length).toBe(0)
    expect(bulk.out.buffer.length).toBeGreaterThanOrEqual(3_000_000)
  })
})
