import { describe, expect, test } from 'vitest'

import type { Point, Series } from './api.ts'
import { cpuParameters, cpuUsed, memoryParameters, memoryUsed, spanOf, sumOf } from './machine.ts'

const series = (labels: Readonly<Record<string, string>>, ...points: readonly Point[]): Series => ({ labels, points })

describe('spanOf', () => {
  test.each([
    ['five minutes', 300_000, 5000, { from: 1_789_999_695_000, to: 1_789_999_995_000, step: 5000 }],
    ['an hour in 120 points', 3_600_000, 5000, { from: 1_789_996_380_000, to: 1_789_999_980_000, step: 30_000 }],
    ['never finer than the machine is read', 300_000, 60_000, { from: 1_789_999_680_000, to: 1_789_999_980_000, step: 60_000 }],
    ['never finer than a second', 60_000, 0, { from: 1_789_999_937_000, to: 1_789_999_997_000, step: 1000 }],
  ])('%s', (_title, rangeMs, intervalMs, span) => {
    expect(spanOf(rangeMs, 1_789_999_997_500, intervalMs)).toEqual(span)
  })

  test('the steps of one look are those of the next', () => {
    const [first, second] = [spanOf(300_000, 1_789_999_997_500, 5000), spanOf(300_000, 1_790_000_002_499, 5000)]
    expect((second.to - first.to) % first.step).toBe(0)
  })
})

test('a window holds several readings, however far they or the steps are apart', () => {
  const span = { from: 0, to: 300_000, step: 5000 }
  expect(cpuParameters(span, 5000)).toEqual({ name: 'node_cpu_seconds_total', fn: 'rate', by: 'instance,mode', window: 20_000, ...span })
  expect(cpuParameters(span, 60_000).window).toBe(240_000)
  expect(memoryParameters('MemTotal', { ...span, step: 30_000 }, 5000)).toMatchObject({
    name: 'node_memory_MemTotal_bytes',
    fn: 'last',
    window: 120_000,
  })
})

describe('cpuUsed', () => {
  test('is everything but waiting, as a share of all of it', () => {
    const modes = [
      series({ mode: 'idle' }, [1, 1], [2, 2]),
      series({ mode: 'iowait' }, [1, 0.5]),
      series({ mode: 'user' }, [1, 0.4]),
      series({ mode: 'system' }, [1, 0.1], [2, 0]),
    ]
    expect(cpuUsed(modes)).toEqual([
      [1, 0.25],
      [2, 0],
    ])
  })
  test('of several machines', () => {
    expect(cpuUsed([series({ mode: 'idle', instance: 'a' }, [1, 1]), series({ mode: 'user', instance: 'b' }, [1, 1])])).toEqual([[1, 0.5]])
  })
  test('of nothing', () => {
    expect(cpuUsed([])).toEqual([])
    expect(cpuUsed([series({ mode: 'user' }, [1, 0])])).toEqual([[1, 0]])
  })
})

test('memoryUsed is what is not available, where both are known', () => {
  const total = [series({}, [1, 10], [2, 10], [4, 10])]
  const available = [series({}, [1, 4], [3, 5], [4, 10])]
  expect(memoryUsed(total, available)).toEqual([
    [1, 6],
    [4, 0],
  ])
})

test('sumOf puts the points of all series in the order of time', () => {
  expect(sumOf([series({}, [3, 1], [5, 1]), series({}, [1, 2], [3, 2])])).toEqual([
    [1, 2],
    [3, 3],
    [5, 1],
  ])
})
