import { expect, test } from 'vitest'

import type { Placed } from './evidence.ts'
import { pageSeries, upSeries } from './producers.ts'
import { createTakenPages } from './taken-pages.ts'

const [path, address, cluster] = ['/counted', '127.0.0.1:1', 'c']
const pages = [1, 2, 3, 4, 5].map((number) => ({ path, number, atMs: number * 10_000 }))
const placed = (series: string, value: string, offset: number): Placed => ({
  kind: 'metrics',
  series,
  value,
  time: String(offset),
  topic: 't',
  partition: 0,
  offset: BigInt(offset),
  identity: String(offset),
})
/** `3`: page 3; `x`: a scrape that failed. */
const kafkaOf = (outcomes: string): readonly Placed[] =>
  outcomes
    .split('')
    .flatMap((outcome, offset) =>
      outcome === 'x'
        ? [placed(upSeries(path, address, cluster), '0', offset)]
        : [placed(pageSeries(path, address, cluster), outcome, offset), placed(upSeries(path, address, cluster), '1', offset)],
    )

test.each([
  ['12345', [1, 2, 3, 4, 5]],
  // Page 3 is missing, and nothing says why.
  ['1245', [1, 2, 3, 4, 5]],
  ['12x45', [1, 2, 4, 5]],
  // A scrape that failed elsewhere says nothing of page 3.
  ['1x245', [1, 2, 3, 4, 5]],
  // One failed scrape is one page.
  ['1x45', [1, 3, 4, 5]],
  ['1xx45', [1, 4, 5]],
  ['1234x', [1, 2, 3, 4]],
  ['x2345', [2, 3, 4, 5]],
])('of pages 1 to 5 as Kafka has them, %s, the agent has taken %j', (outcomes, taken) => {
  const isTaken = createTakenPages({ troubles: [], kafka: kafkaOf(outcomes), pages, address, cluster })
  expect(pages.filter(isTaken).map(({ number }) => number)).toEqual(taken)
})

test('what was asked for when the agent was killed may be there or not', () => {
  const fault = { kind: 'kill', on: 'agent', atMs: 0, forMs: 0 } as const
  const isTaken = createTakenPages({ troubles: [{ fault, fromMs: 30_500, toMs: 31_000 }], kafka: kafkaOf('1245'), pages, address, cluster })
  expect(pages.filter(isTaken).map(({ number }) => number)).toEqual([1, 2, 4, 5])
})
