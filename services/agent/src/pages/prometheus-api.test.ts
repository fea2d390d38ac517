import { describe, expect, test } from 'vitest'

import { browse, makeJob, makeTarget, makeView } from './view.test-kit.ts'

const view = makeView(
  {
    jobs: [makeJob('shop'), makeJob('node')],
    active: [
      makeTarget(
        'shop',
        { instance: 'b:80', ['__proto__']: 'p' },
        { health: 'down', lastError: 'refused', globalUrl: 'http://here:80/metrics' },
      ),
      makeTarget('node', { instance: 'n:9100' }, { health: 'unknown', lastScrapeMs: 0, lastDurationSeconds: 0 }),
    ],
    dropped: [{ job: 'shop', discovered: { __address__: 'x' } }],
    counts: new Map([
      ['shop', { dropped: 9, otherShards: 2 }],
      ['node', { dropped: 0, otherShards: 0 }],
    ]),
    metadata: [
      {
        job: 'shop',
        target: [['job', 'shop']],
        families: new Map([
          ['a', { type: 'counter', help: 'Things', unit: '' }],
          ['b', { type: 'gauge', help: '', unit: 'seconds' }],
        ]),
      },
      { job: 'node', target: [['job', 'node']], families: new Map([['a', { type: 'counter', help: 'Others', unit: '' }]]) },
    ],
    texts: [
      { path: 'main', text: 'scrape_configs: []\n' },
      { path: 'more', text: 'x: 1\n' },
    ],
  },
  { jobs: [makeJob('second')], texts: [{ path: 'other', text: 'global: {}\n' }] },
)
const { get, getJson } = browse(view)

describe('/api/v1/targets', () => {
  test('says what Prometheus says, in its words', async () => {
    const { type } = await get('/api/v1/targets')
    expect(type).toBe('application/json')
    expect(await getJson('/api/v1/targets')).toEqual({
      status: 'success',
      data: {
        activeTargets: [
          {
            discoveredLabels: { __address__: 'n:9100', job: 'node' },
            labels: { instance: 'n:9100', job: 'node' },
            scrapePool: 'node',
            scrapeUrl: 'http://n:9100/metrics',
            globalUrl: 'http://n:9100/metrics',
            lastError: '',
            lastScrape: '0001-01-01T00:00:00Z',
            lastScrapeDuration: 0,
            health: 'unknown',
            scrapeInterval: '15s',
            scrapeTimeout: '10s',
          },
          {
            discoveredLabels: { __address__: 'b:80', job: 'shop' },
            labels: { ['__proto__']: 'p', instance: 'b:80', job: 'shop' },
            scrapePool: 'shop',
            scrapeUrl: 'http://b:80/metrics',
            globalUrl: 'http://here:80/metrics',
            lastError: 'refused',
            lastScrape: '2023-11-14T22:13:20.000Z',
            lastScrapeDuration: 0.025,
            health: 'down',
            scrapeInterval: '15s',
            scrapeTimeout: '10s',
          },
        ],
        droppedTargets: [{ discoveredLabels: { __address__: 'x' }, scrapePool: 'shop' }],
        droppedTargetCounts: { shop: 9, node: 0, second: 0 },
      },
    })
  })

  test.each([
    ['', 2, 1, true],
    ['?state=any', 2, 1, true],
    ['?state=Active', 2, 0, false],
    ['?state=dropped', 0, 1, true],
    ['?state=other', 0, 0, false],
    ['?foo=1', 2, 1, true],
    ['?scrapePool=shop', 1, 1, true],
    ['?scrapePool=none', 0, 0, true],
  ])('%s: %d active, %d dropped', async (query, active, dropped, hasCounts) => {
    expect(await getJson(`/api/v1/targets${query}`)).toMatchObject({
      data: {
        activeTargets: { length: active },
        droppedTargets: { length: dropped },
        droppedTargetCounts: hasCounts ? { shop: 9 } : null,
      },
    })
  })

  test('ten thousand are streamed', async () => {
    const active = Array.from({ length: 10_000 }, (_, index) => makeTarget('m', { instance: `h${index}` }))
    const answer = await browse(makeView({ jobs: [makeJob('m')], active })).getJson('/api/v1/targets')
    expect(answer).toMatchObject({ data: { activeTargets: { length: 10_000 } } })
  })
})

describe('/api/v1/targets/metadata', () => {
  const shop = { job: 'shop' }
  test.each<[query: string, entries: readonly object[]]>([
    [
      '',
      [
        { target: shop, metric: 'a', type: 'counter', help: 'Things', unit: '' },
        { target: shop, metric: 'b', type: 'gauge', help: '', unit: 'seconds' },
        { target: { job: 'node' }, metric: 'a', type: 'counter', help: 'Others', unit: '' },
      ],
    ],
    ['?metric=b', [{ target: shop, type: 'gauge', help: '', unit: 'seconds' }]],
    ['?metric=a&limit=1', [{ target: shop, type: 'counter', help: 'Things', unit: '' }]],
    ['?limit=0', []],
    ['?match_target={job="node"}&limit=-1', [{ target: { job: 'node' }, metric: 'a', type: 'counter', help: 'Others', unit: '' }]],
    ['?match_target={job=~"x.*"}', []],
  ])('%s', async (query, data) => expect(await getJson(`/api/v1/targets/metadata${query}`)).toEqual({ status: 'success', data }))

  test.each([
    ['?limit=x', 'limit must be a number'],
    ['?match_target={job', 'expected a selector'],
    ['?match_target={job=~"("}', 'missing closing'],
  ])('%s is refused', async (query, said) => {
    const { status, body } = await get(`/api/v1/targets/metadata${query}`)
    expect([status, JSON.parse(body)]).toEqual([400, { status: 'error', errorType: 'bad_data', error: expect.stringContaining(said) }])
  })
})

test('/api/v1/scrape_pools names all jobs, sorted', async () => {
  expect(await getJson('/api/v1/scrape_pools')).toEqual({ status: 'success', data: { scrapePools: ['node', 'second', 'shop'] } })
})

test('/api/v1/status/config is YAML, a document for each configuration', async () => {
  expect(await getJson('/api/v1/status/config')).toEqual({ status: 'success', data: { yaml: 'scrape_configs: []\n---\nglobal: {}\n' } })
})

test('/api/v1/status/buildinfo has the version', async () => {
  expect(await getJson('/api/v1/status/buildinfo')).toMatchObject({ status: 'success', data: { version: '1.2.3', goVersion: '' } })
})
