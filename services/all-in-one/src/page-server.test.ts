import { QueryError, type EmbeddedStore, type LogQuery, type RangeQuery } from '@clymene/storages'
import { afterEach, describe, expect, test } from 'vitest'

import type { PageAsset } from './page-assets.ts'
import { createPageServer, NO_STORE } from './page-server.ts'

const NOW_MS = 1_790_000_000_000
const ASSETS: readonly PageAsset[] = [
  { path: '/', type: 'text/html; charset=utf-8', body: Buffer.from('<!doctype html>') },
  { path: '/page.js', type: 'text/javascript; charset=utf-8', body: Buffer.from('1') },
  { path: '/page.css', type: 'text/css; charset=utf-8', body: Buffer.from('a{}') },
]

/** A store that remembers what it was asked. */
function createStore() {
  const asked: { range: RangeQuery[]; logs: LogQuery[]; series: unknown[][]; signals: (AbortSignal | undefined)[] } = {
    range: [],
    logs: [],
    series: [],
    signals: [],
  }
  const never = (): Promise<never> => Promise.reject(new Error('not asked here'))
  const store: EmbeddedStore = {
    sinks: { metrics: { write: never }, logs: { write: never } },
    series: async (...query) => {
      asked.series.push(query)
      return [
        {
          labels: [
            ['__name__', 'up'],
            ['__proto__', 'x'],
          ],
          lastMs: 5,
          lastValue: undefined,
        },
      ]
    },
    range: async (query, signal) => {
      asked.range.push(query)
      asked.signals.push(signal)
      if (query.name === 'refused') throw new QueryError('too many points')
      if (query.name === 'broken') throw new Error('disk image is malformed')
      return [{ labels: [['mode', 'idle']], points: [[NOW_MS, 1]] }]
    },
    logs: async (query, signal) => {
      asked.logs.push(query)
      asked.signals.push(signal)
      return [
        {
          timestampNs: 1_790_000_000_000_000_001n,
          labels: [
            ['job', 'a'],
            ['pod', 'b'],
          ],
          line: 'x "y"',
          cursor: '7',
        },
      ]
    },
    stats: () => ({
      series: 1,
      streams: 2,
      samples: 3,
      lines: 4,
      expiredSamples: 0,
      expiredLines: 0,
      bytes: 5,
      maxBytes: 6,
      oldestSampleMs: undefined,
      oldestLineMs: undefined,
    }),
    close: never,
  }
  return { store, asked }
}

const servers: { close: () => Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

function setUp(options: { readonly embedded?: boolean } = {}) {
  const { store, asked } = createStore()
  const server = createPageServer({
    assets: ASSETS,
    hops: [
      { name: 'agent', storage: false, errorsAre: 'e', read: async () => ({ ready: true, reasons: [], metrics: 1, logs: 2, errors: 0 }) },
    ],
    store: options.embedded === false ? undefined : store,
    hostIntervalMs: 5000,
    cluster: 'c1',
    version: '1.2.3',
    now: () => NOW_MS,
  })
  servers.push(server)
  const get = async (url: string, host = '127.0.0.1:15600') => {
    const { statusCode, headers, body } = await server.inject({ url, headers: { host } })
    return { status: statusCode, headers, body, json: () => JSON.parse(body) }
  }
  return { get, asked, server }
}

describe('the page', () => {
  test.each(ASSETS)('$path is served as it is, and may load nothing from elsewhere', async ({ path, type, body }) => {
    const answer = await setUp().get(path)
    expect(answer.status).toBe(200)
    expect(answer.body).toBe(body.toString())
    expect(answer.headers).toMatchObject({
      'content-type': type,
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
    })
  })

  test('there is nothing else, and nothing can be written', async () => {
    const { get, server } = setUp()
    expect((await get('/else')).status).toBe(404)
    const posted = await server.inject({ method: 'POST', url: '/api/flow', headers: { host: 'localhost' } })
    expect(posted.statusCode).toBe(404)
  })
})

describe('only who asks this machine by its own name is answered', () => {
  test.each(['localhost', 'localhost:15600', '127.0.0.1', '127.0.0.1:15600', '192.168.1.7:15600', '[::1]', '[::1]:15600'])(
    '%s',
    async (host) => {
      expect((await setUp().get('/api/flow', host)).status).toBe(200)
    },
  )
  test.each([
    'evil.example',
    'evil.example:15600',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost:15600:1',
    '[::1].evil.example',
  ])('%j is refused, whatever the path', async (host) => {
    const { get } = setUp()
    for (const path of ['/', '/api/flow', '/api/logs', '/nothing']) {
      expect(await get(path, host)).toMatchObject({ status: 421, body: 'this page answers under localhost or an IP address only\n' })
    }
  })
})

test('/api/flow tells every hop, and what the page needs to know', async () => {
  expect((await setUp().get('/api/flow')).json()).toEqual({
    timestampMs: NOW_MS,
    startedMs: NOW_MS,
    cluster: 'c1',
    version: '1.2.3',
    embedded: true,
    hostIntervalMs: 5000,
    hops: [{ name: 'agent', storage: false, errorsAre: 'e', ready: true, reasons: [], metrics: 1, logs: 2, errors: 0 }],
  })
  expect((await setUp({ embedded: false }).get('/api/flow')).json()).toMatchObject({ embedded: false })
})

test('/api/stats', async () => {
  expect((await setUp().get('/api/stats')).json()).toEqual({
    series: 1,
    streams: 2,
    samples: 3,
    lines: 4,
    expiredSamples: 0,
    expiredLines: 0,
    bytes: 5,
    maxBytes: 6,
  })
})

describe('/api/series', () => {
  test('labels as an object, also those that an object usually has', async () => {
    const { get, asked } = setUp()
    const answer = await get(`/api/series?${new URLSearchParams({ match: '__name__="up"', limit: '7' }).toString()}`)
    expect(answer.body).toBe('{"series":[{"labels":{"__name__":"up","__proto__":"x"},"lastMs":5}]}')
    expect(asked.series).toEqual([[[{ name: '__name__', op: '=', value: 'up' }], 7]])
  })
  test('all of them by default, a hundred', async () => {
    const { get, asked } = setUp()
    await get('/api/series')
    expect(asked.series).toEqual([[[], 100]])
  })
})

describe('/api/range', () => {
  test('hands over everything that was asked for', async () => {
    const { get, asked } = setUp()
    const query = { name: 'cpu', match: 'mode!="idle"', from: '1', to: '2', step: '3', fn: 'rate', window: '4', by: 'mode,cpu' }
    const answer = await get(`/api/range?${new URLSearchParams(query).toString()}`)
    expect(answer.json()).toEqual({ series: [{ labels: { mode: 'idle' }, points: [[NOW_MS, 1]] }] })
    expect(asked.range).toEqual([
      {
        name: 'cpu',
        matchers: [{ name: 'mode', op: '!=', value: 'idle' }],
        fromMs: 1,
        toMs: 2,
        stepMs: 3,
        fn: 'rate',
        windowMs: 4,
        by: ['mode', 'cpu'],
      },
    ])
  })
  test('the last five minutes by default', async () => {
    const { get, asked } = setUp()
    await get('/api/range?name=up')
    expect(asked.range).toEqual([{ name: 'up', matchers: [], fromMs: NOW_MS - 300_000, toMs: NOW_MS, stepMs: 5000, fn: 'last' }])
  })
  test('an empty by makes one series', async () => {
    const { get, asked } = setUp()
    await get('/api/range?name=up&by=')
    expect(asked.range[0]?.by).toEqual([])
  })
  test('what the store refuses is told', async () => {
    expect(await setUp().get('/api/range?name=refused')).toMatchObject({ status: 400, body: '{"error":"too many points"}' })
  })
  test('what is broken is no mistake of who asks', async () => {
    expect(await setUp().get('/api/range?name=broken')).toMatchObject({ status: 500, body: '{"error":"disk image is malformed"}' })
  })
})

describe('/api/logs', () => {
  test('hands over everything that was asked for; times in nanoseconds are text, because JSON numbers are too short', async () => {
    const { get, asked } = setUp()
    const query = { match: 'job="a"', text: 'Err', from: '1', to: '2', before: '9', limit: '3' }
    const answer = await get(`/api/logs?${new URLSearchParams(query).toString()}`)
    expect(answer.json()).toEqual({
      lines: [{ timestampMs: NOW_MS, timestampNs: '1790000000000000001', labels: { job: 'a', pod: 'b' }, line: 'x "y"', cursor: '7' }],
    })
    expect(asked.logs).toEqual([
      { matchers: [{ name: 'job', op: '=', value: 'a' }], text: 'Err', fromNs: 1_000_000n, toNs: 2_000_000n, before: '9', limit: 3 },
    ])
  })
  test('the newest hundred by default; an empty text is none', async () => {
    const { get, asked } = setUp()
    await get('/api/logs?text=')
    expect(asked.logs).toEqual([{ matchers: [], limit: 100 }])
  })
})

describe('every mistake at once', () => {
  const cases: readonly [path: string, mistakes: readonly string[]][] = [
    [
      '/api/series?limit=0&match=x&nmae=up',
      [
        'match: expected name="value" (or !=, =~, !~) at "x"',
        'limit="0": expected a whole number between 1 and 1000',
        'nmae: unknown parameter, expected match, limit',
      ],
    ],
    [
      '/api/range?from=a&to=b&step=0&fn=avg&window=0&match=x&more=1',
      [
        'to="b": expected a whole number between 0 and 9007199254740991',
        'name: expected a value',
        'match: expected name="value" (or !=, =~, !~) at "x"',
        'from="a": expected a whole number between 0 and 9007199254740991',
        'step="0": expected a whole number between 1 and 9007199254740991',
        'fn="avg": expected one of last, rate, raw',
        'window="0": expected a whole number between 1 and 9007199254740991',
        'more: unknown parameter, expected to, name, match, from, step, fn, window, by',
      ],
    ],
    [
      '/api/logs?limit=1001&from=-1&to=x&match=x&text=a&text=b',
      [
        'text: given 2 times, expected once',
        'from="-1": expected a whole number between 0 and 9007199254740991',
        'to="x": expected a whole number between 0 and 9007199254740991',
        'match: expected name="value" (or !=, =~, !~) at "x"',
        'limit="1001": expected a whole number between 1 and 1000',
      ],
    ],
  ]
  test.each(cases)('%s', async (path, mistakes) => {
    const { get, asked } = setUp()
    const answer = await get(path)
    expect(answer.status).toBe(400)
    expect(answer.json().error.split('; ')).toEqual(mistakes)
    expect([asked.range, asked.logs, asked.series].flat()).toEqual([])
  })
})

test.each(['/api/stats', '/api/series', '/api/range?name=up', '/api/logs'])(
  '%s without an embedded store says where to look',
  async (path) => {
    const answer = await setUp({ embedded: false }).get(path)
    expect(answer.status).toBe(404)
    expect(answer.json()).toEqual({ error: NO_STORE })
  },
)

test('a search ends when nobody waits for it any more', async () => {
  const { get, asked } = setUp()
  await get('/api/logs?text=a')
  await get('/api/range?name=up')
  // The answers are out and their connections closed.
  expect(asked.signals.map((signal) => signal?.aborted)).toEqual([true, true])
})
