import { createMetrics } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { readFlow, total, type HopSource } from './flow.ts'

const hop = (name: string, read: HopSource['read']): HopSource => ({ name, storage: false, errorsAre: 'errors', read })

test('a hop that cannot answer says so and does not hide the others', async () => {
  const flow = await readFlow([
    hop('agent', async () => ({ ready: true, reasons: [], metrics: 3, logs: 2, errors: 1 })),
    hop('gateway', () => Promise.reject(new Error('counter is gone'))),
  ])
  expect(flow).toEqual([
    { name: 'agent', storage: false, errorsAre: 'errors', ready: true, reasons: [], metrics: 3, logs: 2, errors: 1 },
    { name: 'gateway', storage: false, errorsAre: 'errors', ready: false, reasons: ['counter is gone'], metrics: 0, logs: 0, errors: 0 },
  ])
})

describe('total', () => {
  const metrics = createMetrics()
  const counter = metrics.counter('written_total', 'Written', ['storage', 'status'])
  counter.inc({ storage: 'a', status: 'stored' }, 1)
  counter.inc({ storage: 'a', status: 'refused' }, 2)
  counter.inc({ storage: 'b', status: 'stored' }, 4)
  const cases: readonly [labels: Readonly<Record<string, string>>, sum: number][] = [
    [{}, 7],
    [{ storage: 'a' }, 3],
    [{ status: 'stored' }, 5],
    [{ storage: 'b', status: 'stored' }, 4],
    [{ storage: 'c' }, 0],
    [{ kind: 'logs' }, 0],
  ]
  test.each(cases)('of %j', async (labels, sum) => {
    expect(await total(metrics, 'written_total', labels)).toBe(sum)
  })
  test('of a metric that nobody has counted in', async () => {
    expect(await total(metrics, 'nothing_total')).toBe(0)
  })
})
