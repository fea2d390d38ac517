import type { Label, TimeSeries } from '@clymene/model'
import { createWriteRequestWriter, compress, encodeSeriesLabels } from '@clymene/wire'
import { describe, expect, test } from 'vitest'

import { logsDelivery, metricsDelivery } from '../testing/messages.ts'
import type { LogQuery } from './log-search.ts'
import { QueryError, type LabelMatcher } from './matchers.ts'
import type { RangeQuery } from './range.ts'
import { openStore, signal } from './testing/open-store.ts'

const STALE = 'stale'

type Fixture = { readonly labels: Readonly<Record<string, string>>; readonly points: readonly (readonly [number, number | typeof STALE])[] }

async function storeOf(fixtures: readonly Fixture[]) {
  const store = await openStore()
  const writer = createWriteRequestWriter()
  for (const { labels, points } of fixtures) {
    const encoded = encodeSeriesLabels(Object.entries(labels))
    for (const [timeMs, value] of points) {
      if (value === STALE) writer.appendStale(encoded, timeMs)
      else writer.append(encoded, timeMs, value)
    }
  }
  await store.sinks.metrics.write([{ ...metricsDelivery([]), value: compress(writer.finish()) }], signal)
  return store
}

const counter = (pod: string, node: string, points: Fixture['points']): Fixture => ({ labels: { __name__: 'requests', node, pod }, points })

describe('range', () => {
  const fixtures = [
    counter('a', 'n1', [
      [0, 100],
      [10_000, 110],
      [20_000, 130],
      [30_000, 10],
      [40_000, 20],
    ]),
    counter('b', 'n1', [
      [0, 5],
      [10_000, 5],
      [20_000, 5],
      [25_000, STALE],
    ]),
    counter('c', 'n2', [[40_000, 7]]),
    { labels: { __name__: 'other' }, points: [[0, 1]] },
  ] satisfies Fixture[]
  const query = { name: 'requests', fromMs: 0, toMs: 40_000, stepMs: 10_000 } as const
  const cases: readonly {
    name: string
    ask: Partial<RangeQuery> & Pick<RangeQuery, 'fn'>
    expected: readonly (readonly [string, readonly (readonly [number, number])[]])[]
  }[] = [
    {
      name: 'raw: the samples in the range, no staleness markers',
      ask: { fn: 'raw', fromMs: 10_000, toMs: 30_000 },
      expected: [
        [
          'a',
          [
            [10_000, 110],
            [20_000, 130],
            [30_000, 10],
          ],
        ],
        [
          'b',
          [
            [10_000, 5],
            [20_000, 5],
          ],
        ],
      ],
    },
    {
      name: 'last: the newest of the window, until the series ends',
      ask: { fn: 'last', stepMs: 15_000, windowMs: 20_000 },
      expected: [
        [
          'a',
          [
            [0, 100],
            [15_000, 110],
            [30_000, 10],
          ],
        ],
        [
          'b',
          [
            [0, 5],
            [15_000, 5],
          ],
        ],
      ],
    },
    {
      name: 'last: nothing older than the window',
      ask: { fn: 'last', fromMs: 40_000, toMs: 60_000, windowMs: 10_000 },
      expected: [
        ['a', [[40_000, 20]]],
        ['c', [[40_000, 7]]],
      ],
    },
    {
      name: 'rate: per second over the window; a fall counts from 0',
      ask: { fn: 'rate', windowMs: 20_001 },
      expected: [
        [
          'a',
          [
            [10_000, 1],
            [20_000, 1.5],
            [30_000, 1.5],
            [40_000, 1],
          ],
        ],
        [
          'b',
          [
            [10_000, 0],
            [20_000, 0],
            [30_000, 0],
          ],
        ],
      ],
    },
    {
      name: 'rate: needs two samples in the window',
      ask: { fn: 'rate', windowMs: 10_000 },
      expected: [],
    },
    {
      name: 'by: adds up series of a group, each time with those that have it',
      ask: { fn: 'last', by: ['node'], windowMs: 10_000 },
      expected: [
        [
          'n1',
          [
            [0, 105],
            [10_000, 115],
            [20_000, 135],
            [30_000, 10],
            [40_000, 20],
          ],
        ],
        ['n2', [[40_000, 7]]],
      ],
    },
    { name: 'by nothing: one series of all', ask: { fn: 'last', by: [], fromMs: 40_000, windowMs: 1 }, expected: [['', [[40_000, 27]]]] },
    { name: 'max', ask: { fn: 'last', by: [], aggregate: 'max', fromMs: 20_000, toMs: 20_000 }, expected: [['', [[20_000, 130]]]] },
    { name: 'min', ask: { fn: 'last', by: [], aggregate: 'min', fromMs: 20_000, toMs: 20_000 }, expected: [['', [[20_000, 5]]]] },
    { name: 'avg', ask: { fn: 'last', by: [], aggregate: 'avg', fromMs: 20_000, toMs: 20_000 }, expected: [['', [[20_000, 67.5]]]] },
    { name: 'count', ask: { fn: 'last', by: [], aggregate: 'count', fromMs: 40_000, windowMs: 1 }, expected: [['', [[40_000, 2]]]] },
    {
      name: 'matchers choose series',
      ask: { fn: 'raw', matchers: [{ name: 'pod', op: '=', value: 'c' }] },
      expected: [['c', [[40_000, 7]]]],
    },
    { name: 'a range before everything', ask: { fn: 'raw', fromMs: -2, toMs: -1 }, expected: [] },
    { name: 'a name that is not there', ask: { fn: 'raw', name: 'nothing' }, expected: [] },
  ]
  test.each(cases)('$name', async ({ ask, expected }) => {
    const store = await storeOf(fixtures)
    const found = await store.range({ ...query, ...ask })
    expect(
      found.map(({ labels, points }) => [
        labels
          .filter(([name]) => name !== '__name__' && (name === 'pod' || ask.by !== undefined))
          .map(([, value]) => value)
          .join(),
        points,
      ]),
    ).toEqual(expected)
  })

  const mistakes: readonly { name: string; ask: Partial<RangeQuery>; message: string }[] = [
    { name: 'no name', ask: { name: '' }, message: 'name is empty' },
    { name: 'ends before it begins', ask: { fromMs: 2, toMs: 1 }, message: 'expected fromMs ≤ toMs, found 2 and 1' },
    { name: 'no number', ask: { fromMs: Number.NaN }, message: 'expected fromMs ≤ toMs, found NaN' },
    { name: 'no step', ask: { stepMs: 0 }, message: 'expected stepMs of at least 1, found 0' },
    { name: 'too many steps', ask: { toMs: 1e12, stepMs: 1 }, message: 'over 500000 steps' },
    { name: 'a sum of raw samples', ask: { fn: 'raw', by: [] }, message: 'raw samples cannot be added up' },
    { name: 'an empty window', ask: { windowMs: 0 }, message: 'expected windowMs over 0, found 0' },
    { name: 'a broken expression', ask: { matchers: [{ name: 'pod', op: '=~', value: '(' }] }, message: 'matcher pod=~"("' },
  ]
  test.each(mistakes)('refuses $name', async ({ ask, message }) => {
    const store = await storeOf(fixtures)
    const error = await store.range({ ...query, fn: 'last', ...ask }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(QueryError)
    expect(String(error)).toContain(message)
  })

  test('refuses more series and points than one answer may have', async () => {
    const store = await openStore()
    const many: TimeSeries[] = Array.from({ length: 2001 }, (_, at) => ({
      labels: [
        ['__name__', 'up'],
        ['i', String(at)],
      ],
      samples: [{ timestampMs: 1, value: 1 }],
    }))
    await store.sinks.metrics.write([metricsDelivery(many)], signal)
    const ask = { name: 'up', fromMs: 0, toMs: 1_000, stepMs: 1, fn: 'last' } as const
    await expect(store.range(ask)).rejects.toThrow('up: 2001 series, one query may read 2000: add matchers')
    await expect(store.range({ ...ask, matchers: [{ name: 'i', op: '=~', value: '1.*' }] })).rejects.toThrow('over 500000 points')
  })

  test('reads packed and open chunks as one', async () => {
    const points = Array.from({ length: 1000 }, (_, at) => [at * 1000, at] as const)
    const store = await storeOf([counter('a', 'n1', points)])
    const [found] = await store.range({ ...query, fn: 'raw', fromMs: 100_000, toMs: 900_000 })
    expect(found?.points).toEqual(points.slice(100, 901))
  })

  test('ends when its caller has gone', async () => {
    const store = await storeOf([counter('a', 'n1', [[0, 1]])])
    await expect(store.range({ ...query, fn: 'raw' }, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
  })
})

describe('matchers', () => {
  const pods = ['web-0', 'web-1', 'db', '']
  const cases: readonly { matcher: LabelMatcher; expected: readonly string[] }[] = [
    { matcher: { name: 'pod', op: '=', value: 'db' }, expected: ['db'] },
    { matcher: { name: 'pod', op: '=', value: '' }, expected: [''] },
    { matcher: { name: 'pod', op: '!=', value: 'db' }, expected: ['web-0', 'web-1', ''] },
    { matcher: { name: 'pod', op: '=~', value: 'web-[0-9]' }, expected: ['web-0', 'web-1'] },
    { matcher: { name: 'pod', op: '=~', value: 'web' }, expected: [] },
    { matcher: { name: 'pod', op: '!~', value: 'web.*|' }, expected: ['db'] },
    { matcher: { name: '__name__', op: '=', value: 'up' }, expected: pods },
  ]
  test.each(cases)('$matcher', async ({ matcher, expected }) => {
    const store = await storeOf(pods.map((pod): Fixture => ({ labels: { __name__: 'up', pod, i: `i${pod}` }, points: [[1, 1]] })))
    const found = await store.series([matcher])
    expect(found.map(({ labels }) => labels.find(([name]) => name === 'pod')?.[1] ?? '')).toEqual(expected)
  })
})

describe('series', () => {
  test('tells the newest sample of each, and none once it has ended', async () => {
    const store = await storeOf([
      counter('a', 'n', [
        [1, 2],
        [5, 3.5],
      ]),
      counter('b', 'n', [
        [1, 2],
        [5, STALE],
      ]),
    ])
    expect(await store.series([])).toMatchObject([
      { lastMs: 5, lastValue: 3.5 },
      { lastMs: 5, lastValue: undefined },
    ])
    expect(await store.series([], 1)).toHaveLength(1)
  })
  test.each([0, 1.5, 10_001])('refuses a limit of %s', async (limit) => {
    const store = await openStore()
    await expect(store.series([], limit)).rejects.toThrow('expected a limit from 1 to 10000')
  })
})

describe('logs', () => {
  const labels = (app: string): Label[] => [['app', app]]
  async function logs() {
    const store = await openStore()
    await store.sinks.logs.write(
      [
        logsDelivery([
          { labels: labels('web'), entries: [1n, 3n, 3n, 5n].map((timestampNs, at) => ({ timestampNs, line: `web ${at} Error` })) },
          { labels: labels('db'), entries: [2n, 4n].map((timestampNs, at) => ({ timestampNs, line: `db ${at} 100%_ok` })) },
        ]),
      ],
      signal,
    )
    return store
  }
  const cases: readonly { name: string; ask: LogQuery; expected: readonly string[] }[] = [
    { name: 'newest first', ask: {}, expected: ['web 3', 'db 1', 'web 2', 'web 1', 'db 0', 'web 0'] },
    { name: 'a limit', ask: { limit: 2 }, expected: ['web 3', 'db 1'] },
    { name: 'both ends of the time', ask: { fromNs: 2n, toNs: 4n }, expected: ['db 1', 'web 2', 'web 1', 'db 0'] },
    { name: 'text in any case', ask: { text: 'ERROR' }, expected: ['web 3', 'web 2', 'web 1', 'web 0'] },
    { name: 'text with characters that mean something to SQL', ask: { text: '%_o' }, expected: ['db 1', 'db 0'] },
    { name: 'text that is not there', ask: { text: 'x%x' }, expected: [] },
    { name: 'one stream', ask: { matchers: [{ name: 'app', op: '=', value: 'db' }] }, expected: ['db 1', 'db 0'] },
    { name: 'no stream', ask: { matchers: [{ name: 'app', op: '=', value: 'nothing' }] }, expected: [] },
    {
      name: 'streams by expression',
      ask: { matchers: [{ name: 'app', op: '=~', value: 'w.*|db' }], limit: 3 },
      expected: ['web 3', 'db 1', 'web 2'],
    },
  ]
  test.each(cases)('$name', async ({ ask, expected }) => {
    const store = await logs()
    const found = await store.logs(ask)
    expect(found.map(({ line }) => line.split(' ').slice(0, 2).join(' '))).toEqual(expected)
  })

  test.each([{ matchers: [] }, { matchers: [{ name: 'app', op: '=', value: 'web' }] }] satisfies LogQuery[])(
    'page by page nothing is left out or given twice: %o',
    async (ask) => {
      const store = await logs()
      const whole = await store.logs(ask)
      const pages: string[] = []
      let before: string | undefined
      do {
        const [found] = await store.logs({ ...ask, limit: 1, before })
        if (found !== undefined) pages.push(found.line)
        before = found?.cursor
      } while (before !== undefined)
      expect(pages).toEqual(whole.map(({ line }) => line))
    },
  )

  test('finds a rare line among many, and many streams', async () => {
    const store = await openStore()
    const streams = Array.from({ length: 40 }, (_, stream) => ({
      labels: labels(`s${stream}`),
      entries: Array.from({ length: 200 }, (__, at) => ({
        timestampNs: BigInt(at * 40 + stream),
        line: at === 3 && stream === 7 ? 'needle' : `hay ${at}`,
      })),
    }))
    await store.sinks.logs.write([logsDelivery(streams)], signal)
    expect(await store.logs({ text: 'needle' })).toMatchObject([{ line: 'needle', timestampNs: 127n, labels: labels('s7') }])
    expect(await store.logs({ matchers: [{ name: 'app', op: '=~', value: 's[0-9]' }], limit: 1000 })).toHaveLength(1000)
  })

  const mistakes: readonly { name: string; ask: LogQuery; message: string }[] = [
    { name: 'a limit of 0', ask: { limit: 0 }, message: 'expected a limit from 1 to 5000, found 0' },
    { name: 'a limit over the limit', ask: { limit: 5001 }, message: 'expected a limit from 1 to 5000, found 5001' },
    { name: 'a cursor of another kind', ask: { before: 'x' }, message: 'before: expected the cursor of a line, found "x"' },
    { name: 'a broken expression', ask: { matchers: [{ name: 'a', op: '!~', value: '[' }] }, message: 'matcher a!~"["' },
  ]
  test.each(mistakes)('refuses $name', async ({ ask, message }) => {
    const store = await logs()
    const error = await store.logs(ask).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(QueryError)
    expect(String(error)).toContain(message)
  })
})
