import { createMetrics } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { metricsDelivery, sample } from '../testing/messages.ts'
import { createFreshness } from './freshness.ts'

const NAME = 'clymene_delivery_freshness_seconds'

function setUp(options: { readonly maxClusters?: number } = {}) {
  const metrics = createMetrics()
  const observe = createFreshness({ storage: 'prometheus', kind: 'metrics', metrics, now: () => 100_000, ...options })
  const of = (cluster: string | undefined, newestMs: number | undefined) =>
    metricsDelivery([sample('a', 1)], {
      ...(cluster === undefined ? {} : { cluster }),
      ...(newestMs === undefined ? {} : { newestMs }),
    })
  const sums = async () => {
    const { values = [] } = (await metrics.registry.getSingleMetric(NAME)?.get()) ?? {}
    return values.flatMap((one) => ('metricName' in one && one.metricName === `${NAME}_sum` ? [{ ...one.labels, seconds: one.value }] : []))
  }
  return { observe, of, sums }
}

test.each<[what: string, newestMs: number | undefined, seconds: readonly number[]]>([
  ['a sample of two seconds ago', 98_000, [2]],
  ['one of this moment', 100_000, [0]],
  ['one of a clock that is ahead', 130_000, [0]],
  ['a message that does not say its time', undefined, []],
])('%s', async (_, newestMs, seconds) => {
  const { observe, of, sums } = setUp()
  observe([of('c1', newestMs)])
  expect((await sums()).map((one) => one.seconds)).toEqual(seconds)
})

test('each cluster by itself, the one without a name too', async () => {
  const { observe, of, sums } = setUp()
  observe([of('c1', 99_000), of('c2', 95_000), of(undefined, 90_000), of('c1', 99_000)])
  expect(await sums()).toEqual([
    { kind: 'metrics', cluster: 'c1', storage: 'prometheus', seconds: 2 },
    { kind: 'metrics', cluster: 'c2', storage: 'prometheus', seconds: 5 },
    { kind: 'metrics', cluster: '', storage: 'prometheus', seconds: 10 },
  ])
})

test('clusters beyond the limit share a histogram, those before go on', async () => {
  const { observe, of, sums } = setUp({ maxClusters: 2 })
  observe([of('c1', 99_000), of('c2', 99_000), of('c3', 99_000), of('c4', 98_000), of('c1', 99_000)])
  expect((await sums()).map((one) => [Object.entries(one).find(([name]) => name === 'cluster')?.[1], one.seconds])).toEqual([
    ['c1', 2],
    ['c2', 1],
    ['other', 3],
  ])
})
