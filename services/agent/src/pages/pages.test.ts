import { createHash } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { browse, makeJob, makeTarget, makeView } from './view.test-kit.ts'

const PATHS = ['/targets', '/service-discovery', '/cardinality', '/config']

/** What a page says, without its marks; blanks are one. */
const textOf = (body: string): string =>
  body
    .replace(/<style>[^]*?<\/style>/, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')

const shop = makeJob('shop', [
  { source_labels: ['__meta_app'], target_label: 'app' },
  { source_labels: ['__meta_app'], regex: 'shop|cart', action: 'keep' },
])
const view = makeView({
  jobs: [shop, makeJob('node'), makeJob('empty')],
  active: [
    makeTarget('shop', { instance: 'b:80', app: 'shop' }, { discovered: new Map([['__meta_app', 'shop']]) }),
    makeTarget(
      'shop',
      { instance: 'a:80', app: 'cart' },
      { health: 'down', lastError: 'connection refused', discovered: new Map([['__meta_app', 'cart']]) },
    ),
    makeTarget('node', { instance: 'n:9100' }, { health: 'unknown', lastScrapeMs: 0 }),
  ],
  dropped: [
    { job: 'shop', discovered: { __meta_app: 'db' } },
    { job: 'node', discovered: { __address__: 'x/y' }, reason: 'address "x/y": expected host:port without "/"' },
  ],
  counts: new Map([['shop', { dropped: 7, otherShards: 3 }]]),
  cardinality: {
    jobs: [{ job: 'shop', series: 1200, limit: 1000, leftOut: 200 }],
    targets: [
      {
        job: 'shop',
        url: 'http://b:80/metrics',
        target: [
          ['app', 'shop'],
          ['instance', 'b:80'],
          ['job', 'shop'],
        ],
        series: 1200,
        limit: 0,
        leftOut: 200,
        labels: [
          { name: 'session', values: 900, sampled: 1000 },
          { name: 'code', values: 3 },
        ],
      },
    ],
  },
  texts: [
    { path: '/etc/clymene.yml', text: 'scrape_configs:\n  - basic_auth: {password: abcd1234}\n' },
    { path: '/etc/more/a.yml', text: 'scrape_configs: []\n' },
  ],
})
const { get } = browse(view)
const shown = async (url: string): Promise<string> => textOf((await get(url)).body)

describe('every page', () => {
  test.each(PATHS)('%s is HTML that loads and runs nothing', async (path) => {
    const { type, headers, body } = await get(path)
    expect(type).toBe('text/html; charset=utf-8')
    expect(headers?.['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; form-action 'self'; base-uri 'none'/,
    )
    const style = /<style>([^]*?)<\/style>/.exec(body)?.[1] ?? ''
    expect(headers?.['content-security-policy']).toContain(createHash('sha256').update(style).digest('base64'))
    expect(body).not.toMatch(/<script|<img|<link|<iframe|\sstyle=|\son\w+=/i)
  })

  const HOSTILE = `"'><script>alert(1)</script>&amp;\u2028`
  const hostile = makeView({
    jobs: [
      makeJob(HOSTILE, [
        { regex: `x${HOSTILE.replaceAll(/[()]/g, '')}`, action: 'labeldrop' },
        { source_labels: ['__proto__'], regex: 'y', action: 'keep' },
      ]),
    ],
    active: [
      makeTarget(
        HOSTILE,
        { [HOSTILE]: HOSTILE, ['__proto__']: HOSTILE },
        { url: `javascript:${HOSTILE}`, lastError: HOSTILE, health: 'down' },
      ),
    ],
    dropped: [{ job: HOSTILE, discovered: { [HOSTILE]: HOSTILE }, reason: HOSTILE }],
    cardinality: {
      jobs: [{ job: HOSTILE, series: 1, limit: 0, leftOut: 0 }],
      targets: [
        {
          job: HOSTILE,
          url: HOSTILE,
          target: [[HOSTILE, HOSTILE]],
          series: 1,
          limit: 0,
          leftOut: 0,
          labels: [{ name: HOSTILE, values: 1 }],
        },
      ],
    },
    texts: [{ path: HOSTILE, text: `a: ${JSON.stringify(HOSTILE)}\n` }],
  })
  test.each(PATHS)('%s says what others wrote, and does not do it', async (path) => {
    const query = new URLSearchParams({ search: HOSTILE.slice(0, 8), scrapePool: HOSTILE })
    for (const url of [
      path,
      `${path}?${query.toString()}`,
      `${path}?search=${encodeURIComponent(HOSTILE)}&state=${encodeURIComponent(HOSTILE)}`,
    ]) {
      const { body } = await browse(hostile).get(url)
      expect(body).toContain('&lt;script&gt;')
      expect(body).not.toContain('<script')
      expect(body).not.toMatch(/href="(?!\/|https?:)/)
      expect(body.split('"').length % 2).toBe(1)
    }
  })
})

describe('/targets', () => {
  test('shows state, error, labels, times and series, by job', async () => {
    const text = await shown('/targets')
    expect(text).toContain('1 up 1 down 1 unknown')
    expect(text).toMatch(/node .*never every 15s, at most 10s .*shop .*a:80.* connection refused down .*b:80.* up .*25 ms 1,200/)
    expect(text).toContain('app="cart"')
  })

  test.each([
    ['state=down', ['http://a:80/metrics']],
    ['scrapePool=node', ['http://n:9100/metrics']],
    ['search=CART', ['http://a:80/metrics']],
    ['search=refused', ['http://a:80/metrics']],
    ['search=app%3D%22shop', ['http://b:80/metrics']],
    ['search=nothing+has+this', []],
    ['state=down&scrapePool=node', []],
    ['', ['http://n:9100/metrics', 'http://a:80/metrics', 'http://b:80/metrics']],
  ])('?%s', async (query, urls) => {
    const { body } = await get(`/targets?${query}`)
    expect([...body.matchAll(/href="(http:[^"]*)"/g)].map(([, url]) => url)).toEqual(urls)
  })

  const many = makeView({
    jobs: [makeJob('many')],
    active: Array.from({ length: 10_000 }, (_, index) =>
      makeTarget('many', { instance: `host-${String(index).padStart(5, '0')}:80`, pod: `p${index}` }),
    ),
  })
  test.each([
    ['', '1–100 of 10,000', 'host-00000', ['page=2']],
    ['?page=2', '101–200 of 10,000', 'host-00100', ['page=1', 'page=3']],
    ['?page=100', '9,901–10,000 of 10,000', 'host-09999', ['page=99']],
    ['?page=9999', '9,901–10,000 of 10,000', 'host-09999', ['page=99']],
    ['?page=-1', '1–100 of 10,000', 'host-00000', ['page=2']],
    ['?page=x&other=1', '1–100 of 10,000', 'host-00000', ['page=2']],
    ['?search=host-0123&page=1', '1–10 of 10', 'host-01230', []],
  ])('ten thousand targets are paged: %s', async (query, span, host, links) => {
    const { body } = await browse(many).get(`/targets${query}`)
    expect(textOf(body)).toContain(span)
    expect(body).toContain(host)
    expect(body.length).toBeLessThan(200_000)
    expect([...body.matchAll(/href="\/targets\?[^"]*?(page=\d+)"/g)].map(([, link]) => link)).toEqual(links)
  })
})

describe('a job without targets is told', () => {
  test.each([
    ['/targets', 'empty 0 of 0 up no targets discovered 1–3 of 3'],
    ['/targets?scrapePool=empty', '1 unknown empty 0 of 0 up no targets discovered none'],
    ['/service-discovery', 'empty 0 scraped, 0 dropped no targets discovered 1–5 of 5'],
  ])('%s', async (path, said) => expect(await shown(path)).toContain(said))

  test.each(['/targets?state=up', '/targets?page=2', '/service-discovery?search=x', '/targets?scrapePool=node'])(
    'not on %s',
    async (path) => expect(await shown(path)).not.toContain('no targets discovered'),
  )

  test('and where they went', async () => {
    const counts = new Map([['a', { dropped: 1200, otherShards: 3 }]])
    const { body } = await browse(makeView({ jobs: [makeJob('a')], counts })).get('/targets')
    expect(textOf(body)).toContain('a 0 of 0 up no targets here: 1,200 dropped, 3 of other shards')
  })

  test('of many the first are named', async () => {
    const jobs = Array.from({ length: 1000 }, (_, index) => makeJob(`j${index}`))
    expect(textOf((await browse(makeView({ jobs })).get('/targets')).body)).toContain('and 800 more jobs without targets')
  })
})

describe('/service-discovery', () => {
  test('shows labels before and after, what each rule did, and which dropped it', async () => {
    const text = await shown('/service-discovery')
    expect(text).toContain('shop 2 scraped, 7 dropped, 3 of other shards, only 1 dropped ones are kept to be shown (keep_dropped_targets)')
    expect(text).toContain(`dropped by relabel_configs[1] {source_labels: [__meta_app], regex: 'shop|cart', action: keep}`)
    expect(text).toContain('dropped by address "x/y": expected host:port without "/"')
    expect(text).toContain('1 of 2 rules change it {source_labels: [__meta_app], target_label: app, action: replace} + app="cart"')
    expect(text).toContain('2 of 2 rules change it')
  })

  test.each([
    ['state=dropped', 2],
    ['state=active', 3],
    ['state=dropped&scrapePool=node', 1],
    ['search=%22db%22', 1],
    ['search=expected+host', 1],
  ])('?%s', async (query, rows) => {
    expect((await get(`/service-discovery?${query}`)).body.split('<tr>').length - 2).toBeGreaterThanOrEqual(rows)
    expect(await shown(`/service-discovery?${query}`)).toContain(`1–${rows} of ${rows}`)
  })
})

test('/cardinality names limits, what is left out and the labels that grow', async () => {
  const text = await shown('/cardinality')
  expect(text).toContain('shop 1,200 1,000 200')
  expect(text).toContain('1,200 none 200 session: 900 values in 1,000 sampled series code: 3 values')
  expect(await shown('/cardinality?state=over&search=session')).toContain('1–1 of 1')
  expect(await shown('/cardinality?search=other')).toContain('none')
})

test('/config shows all files, without secrets', async () => {
  const text = await shown('/config')
  expect(text).toContain('/etc/clymene.yml 3 jobs scrape_configs: - basic_auth: password: <secret>')
  expect(text).toContain('/etc/more/a.yml of scrape_config_files scrape_configs: []')
  expect(text).not.toContain('abcd1234')
})

test('no page shows what is secret in addresses and parameters, nor is it found by searching', async () => {
  const secret = 'abcd1234'
  const url = `http://joe:${secret}@h:1/p?token=${secret}&module=x`
  const job = makeJob('j', [
    { target_label: '__param_token', replacement: secret },
    { source_labels: ['__param_token'], regex: '.*', action: 'drop' },
  ])
  const secretive = makeView({
    jobs: [job],
    active: [
      makeTarget('j', { from: url }, { url, globalUrl: url, lastError: `no ${url}`, discovered: new Map([['__param_token', secret]]) }),
    ],
    dropped: [{ job: 'j', discovered: { __param_token: secret, __meta_url: url }, reason: url }],
    cardinality: { jobs: [], targets: [{ job: 'j', url, target: [['from', url]], series: 1, limit: 0, leftOut: 0, labels: [] }] },
    texts: [{ path: 'f', text: `params: {token: [${secret}]}\n` }],
  })
  const { get: ask } = browse(secretive)
  for (const path of [...PATHS, '/api/v1/targets', '/api/v1/status/config', '/api/v1/targets/metadata']) {
    const { body } = await ask(path)
    expect(body).not.toContain(secret)
    // `?search=` would say by what it finds whether a guess is right.
    if (!path.startsWith('/api/') && path !== '/config')
      expect(textOf((await ask(`${path}?search=${secret.slice(0, 5)}`)).body)).toContain('none')
  }
})
