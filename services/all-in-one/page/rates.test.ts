import { describe, expect, test } from 'vitest'

import type { Flow, Hop } from './api.ts'
import { ratesOf, remember, stateOf, type FlowHistory } from './rates.ts'

const hop = (changes: Partial<Hop> = {}): Hop => ({
  name: 'gateway',
  storage: false,
  ready: true,
  reasons: [],
  metrics: 0,
  logs: 0,
  errors: 0,
  errorsAre: '',
  ...changes,
})
const look = (timestampMs: number, changes: Partial<Hop> = {}, startedMs = 0): Flow => ({
  timestampMs,
  startedMs,
  cluster: 'c',
  version: '1',
  embedded: true,
  hostIntervalMs: 5000,
  hops: [hop(changes)],
})
const historyOf = (first: Flow, ...rest: readonly Flow[]): FlowHistory => rest.reduce<FlowHistory>(remember, [first])

describe('remember', () => {
  const times = (history: FlowHistory) => history.map(({ timestampMs }) => timestampMs)

  test('keeps fifteen seconds', () => {
    const looks = Array.from({ length: 20 }, (_, index) => look((index + 1) * 2000))
    expect(times(historyOf(look(0), ...looks))).toEqual([26_000, 28_000, 30_000, 32_000, 34_000, 36_000, 38_000, 40_000])
  })
  test('forgets what was before a restart', () => {
    expect(times(historyOf(look(0), look(2000), look(4000, {}, 3500)))).toEqual([4000])
  })
  test('forgets what lies after: the clock was set back', () => {
    expect(times(historyOf(look(8000), look(2000)))).toEqual([2000])
  })
  test('forgets everything after a long pause', () => {
    expect(times(historyOf(look(0), look(100_000)))).toEqual([100_000])
  })
})

describe('ratesOf', () => {
  test('is what came between the oldest and the newest look, per second', () => {
    const history = historyOf(
      look(0, { metrics: 100, logs: 10, errors: 1 }),
      look(5000, { metrics: 900 }),
      look(10_000, { metrics: 1100, logs: 15, errors: 4 }),
    )
    expect(ratesOf(history, 'gateway')).toEqual({ samplesPerSecond: 100, linesPerSecond: 0.5, newErrors: 3 })
  })
  test('is not known after one look, nor of a hop that is new', () => {
    expect(ratesOf([look(0)], 'gateway')).toBeUndefined()
    expect(ratesOf(historyOf(look(0), look(2000)), 'loki')).toBeUndefined()
  })
  test('is never below nothing', () => {
    expect(ratesOf(historyOf(look(0, { metrics: 5 }), look(2000, { metrics: 0 })), 'gateway')?.samplesPerSecond).toBe(0)
  })
})

describe('stateOf', () => {
  const rates = { samplesPerSecond: 1, linesPerSecond: 1, newErrors: 0 }
  test.each([
    ['ok', hop(), rates],
    ['ok', hop(), undefined],
    ['ok', hop({ errors: 5 }), rates],
    ['ok', hop({ lag: 1000 }), rates],
    ['warn', hop({ lag: 1001 }), rates],
    ['warn', hop({ errors: 5 }), { ...rates, newErrors: 1 }],
    ['down', hop({ ready: false, lag: 5000 }), rates],
  ] as const)('%s', (state, of, measured) => {
    expect(stateOf(of, measured)).toBe(state)
  })
})
