import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { browse, makeFile, makeJob, makeLogJob, makeLogTarget, makeLogView, makeTarget, makeView } from './view.test-kit.ts'

/** What a page says, without its marks; blanks are one. */
const textOf = (body: string): string =>
  body
    .replace(/<header>[^]*<\/form>|<style>[^]*?<\/style>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll(/\s+/g, ' ')

const pods = makeLogJob('pods', [
  { source_labels: ['__meta_pod'], target_label: 'pod' },
  { source_labels: ['__meta_pod'], regex: 'kube-.*', action: 'drop' },
])
const view = makeLogView(
  {
    jobs: [pods, makeLogJob('nothing')],
    otherJobs: [{ name: 'system', reads: 'the journal' }],
    texts: [{ path: '/etc/promtail.yml', text: 'clients: [{url: "http://joe:abcd1234@loki", bearer_token: s3cr3t}]\n' }],
    targets: () => [
      makeLogTarget('pods', { __meta_pod: 'shop', __path__: '/logs/shop/*.log' }, { pod: 'shop' }),
      makeLogTarget('pods', { __meta_pod: 'new', __path__: '/logs/new/*.log' }, { pod: 'new' }),
      makeLogTarget('pods', { __meta_pod: 'kube-dns', __path__: '/x' }, {}, { dropped: 'relabelling dropped it', glob: '' }),
      makeLogTarget('pods', { __meta_pod: 'far' }, { pod: 'far' }, { dropped: 'it has no __path__' }),
    ],
    files: () => [
      makeFile('pods', '/logs/shop/1.log', { pod: 'shop' }, { position: 250_000, size: 1_000_000, lagSeconds: 2.25 }),
      makeFile('pods', '/logs/shop/0.log', { pod: 'shop' }, { inode: '81', rotated: true }),
      makeFile('pods', '/logs/shop/2.log', { pod: 'shop' }, { error: 'EACCES: permission denied', lagSeconds: 600 }),
    ],
  },
  { jobs: [makeJob('shop')], active: [makeTarget('shop', { instance: 'a:80' })] },
)
const { get, getJson } = browse(view)
const shown = async (url: string): Promise<string> => textOf((await get(url)).body)

describe('/targets', () => {
  test('what is scraped and what is read stand on one page: files with how far, targets without files with the reason', async () => {
    const text = await shown('/targets')
    expect(text).toContain('1 up 0 down 0 unknown 1 ready 1 rotated 1 failed 1 no file 2 dropped')
    expect(text).toContain('shop 1 of 1 up')
    expect(text).toContain('pods 3 files, 1 rotated, 1 failed, 1 target without a file, 2 dropped targets')
    expect(text).toContain('/logs/shop/0.log inode 81 rotated pod="shop" 100 100 none')
    expect(text).toContain('/logs/shop/1.log inode 7 ready pod="shop" 250,000 25 % 1,000,000 2.3 s')
    expect(text).toContain('/logs/shop/2.log EACCES: permission denied inode 7 failed pod="shop" 100 100 10 min')
    expect(text).toContain('/logs/new/*.log no file pod="new"')
    expect(text).toContain(`none dropped by relabel_configs[1] {source_labels: [__meta_pod], regex: 'kube-.*', action: drop}`)
    expect(text).toContain('none dropped by it has no __path__')
    expect(text).toContain('nothing no targets discovered')
    expect(text).toContain('system reads the journal, no files')
  })

  test.each([
    ['state=ready', ['/logs/shop/1.log']],
    ['state=rotated', ['/logs/shop/0.log']],
    ['state=failed', ['/logs/shop/2.log']],
    ['state=idle', ['/logs/new/*.log']],
    ['state=up', ['http://a:80/metrics']],
    ['search=permission', ['/logs/shop/2.log']],
    ['search=pod%3D%22new', ['/logs/new/*.log']],
    ['scrapePool=shop', ['http://a:80/metrics']],
    ['scrapePool=nothing', []],
    ['scrapePool=pods&state=ready&search=1.log', ['/logs/shop/1.log']],
  ])('%s', async (query, expected) => {
    const { body } = await get(`/targets?${query}`)
    expect([...body.matchAll(/<tr>\s*<td>\s*(?:<a [^>]*>)?([^<\s]+)/g)].map(([, first]) => first)).toEqual(expected)
  })

  test('a target whose files cannot be looked at is there with the reason, also beside files of it that are read', async () => {
    const closed = makeLogTarget(
      'pods',
      { __meta_pod: 'shut' },
      { pod: 'shut' },
      { error: 'EACCES: permission denied', glob: '/shut/*.log' },
    )
    const one = browse(
      makeLogView({ jobs: [pods], targets: () => [closed], files: () => [makeFile('pods', '/shut/1.log', { pod: 'shut' })] }),
    )
    expect(textOf((await one.get('/targets')).body)).toContain('/shut/*.log EACCES: permission denied failed pod="shut"')
    expect((await one.get('/targets?state=failed&search=permission')).body).toContain('/shut/*.log')
    expect(textOf((await one.get('/service-discovery')).body)).toContain('files /shut/*.log EACCES: permission denied')
    expect(await one.getJson('/api/v1/log-targets')).toMatchObject({
      data: { targets: [{ state: 'failed', error: 'EACCES: permission denied' }] },
    })
  })

  test('a rotated file is shown with the name that it has now', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'clymene-pages-'))
    const [path, now] = [join(folder, '0.log'), join(folder, '0.log.20240101-000000')]
    writeFileSync(now, 'x')
    const inode = String(statSync(now, { bigint: true }).ino)
    const files = [makeFile('pods', path, {}, { inode, rotated: true }), makeFile('pods', path, {}, { inode: '1', rotated: true })]
    const one = browse(makeLogView({ jobs: [pods], files: () => files }))
    const [text, json] = [textOf((await one.get('/targets')).body), await one.getJson('/api/v1/log-targets')]
    rmSync(folder, { recursive: true })
    expect(text).toContain(`${path} now ${now} inode ${inode} rotated`)
    expect(text).toContain(`${path} inode 1 rotated`)
    expect(json).toMatchObject({
      data: {
        files: [
          { path, name: now },
          { path, name: '' },
        ],
      },
    })
  })

  test('with several storages a file is there once for each', async () => {
    const files = ['loki', 'elasticsearch'].map((storage) => makeFile('pods', '/a.log', {}, { storage }))
    const text = textOf((await browse(makeLogView({ jobs: [pods], files: () => files })).get('/targets')).body)
    expect(text).toContain('inode 7, read for loki')
    expect(text).toContain('inode 7, read for elasticsearch')
    expect(await shown('/targets')).not.toContain('read for')
  })

  test.each([
    ['only logs', makeLogView({}), ['ready', 'dropped'], ['up', 'down']],
    ['only scrapes', makeView({ jobs: [] }), ['up', 'down'], ['ready', 'dropped']],
  ])('%s: only states that there can be', async (_name, one, expected, others) => {
    const { body } = await browse(one).get('/targets')
    for (const state of expected) expect(body).toContain(`<option value="${state}"`)
    for (const state of others) expect(body).not.toContain(`<option value="${state}"`)
  })

  test('an agent without scrapes has no page of series', async () => {
    const [logs, scrapes] = [browse(makeLogView({})), browse(makeView({ jobs: [] }))]
    expect((await logs.get('/targets')).body).not.toContain('href="/cardinality"')
    expect((await logs.get('/cardinality')).body).toContain('This agent scrapes no metrics.')
    expect((await scrapes.get('/config')).body).toContain('href="/cardinality"')
  })

  test('of ten thousand files a hundred are on a page', async () => {
    const files = Array.from({ length: 10_000 }, (_, index) => makeFile('pods', `/logs/${String(index).padStart(5, '0')}.log`))
    const many = browse(makeLogView({ jobs: [pods], files: () => files }))
    const { body } = await many.get('/targets?page=3')
    expect(body.match(/inode/g)).toHaveLength(100)
    expect(textOf(body)).toContain('201–300 of 10,000')
    expect(body).toContain('/logs/00200.log')
    expect(body.length).toBeLessThan(200_000)
  })
})

describe('/service-discovery', () => {
  test('labels before and after, and what the rules did', async () => {
    const text = await shown('/service-discovery')
    expect(text).toContain('pods 2 read, 2 dropped')
    expect(text).toContain('__meta_pod="shop" __path__="/logs/shop/*.log" pod="shop" files /logs/shop/*.log 1 of 2 rules change it')
    expect(text).toContain(`dropped by relabel_configs[1] {source_labels: [__meta_pod], regex: 'kube-.*', action: drop}`)
    expect(text).toContain('dropped by it has no __path__')
  })

  test.each([
    ['scrapePool=pods&state=active', 2],
    ['scrapePool=pods&state=dropped', 2],
    ['search=kube-dns', 1],
  ])('%s', async (query, rows) => {
    expect((await get(`/service-discovery?${query}`)).body.match(/data-h="Discovered"/g)).toHaveLength(rows)
  })
})

test('/config and the JSON of it show the log configuration without its secrets', async () => {
  const text = await shown('/config')
  expect(text).toContain('/etc/promtail.yml logs')
  const json = JSON.stringify(await getJson('/api/v1/status/config'))
  for (const one of [text, json]) {
    expect(one).toContain('clients')
    expect(one).not.toMatch(/s3cr3t|abcd1234/)
  }
})

describe('/api/v1/log-targets', () => {
  test('targets and files', async () => {
    expect(await getJson('/api/v1/log-targets?scrapePool=pods')).toMatchObject({
      status: 'success',
      data: {
        targets: [
          { job: 'pods', state: 'active', reason: '', glob: '/logs/shop/*.log', labels: { pod: 'shop' } },
          { state: 'idle', discoveredLabels: { __meta_pod: 'new' } },
          { state: 'dropped', reason: expect.stringMatching(/^relabel_configs\[1\]/) },
          { state: 'dropped', reason: 'it has no __path__' },
        ],
        files: [
          { path: '/logs/shop/0.log', state: 'rotated', inode: '81' },
          { state: 'ready', storage: 'loki', position: 250_000, size: 1_000_000, lagSeconds: 2.25, error: '', labels: { pod: 'shop' } },
          { state: 'failed', error: 'EACCES: permission denied' },
        ],
      },
    })
  })

  test.each([
    ['?state=failed', 0, 1],
    ['?state=dropped', 2, 0],
    ['?scrapePool=other', 0, 0],
  ])('%s', async (query, targets, files) => {
    const found = await getJson(`/api/v1/log-targets${query}`)
    expect(found).toMatchObject({ data: { targets: { length: targets }, files: { length: files } } })
  })

  test('an agent without logs has none', async () => {
    expect(await browse(makeView()).getJson('/api/v1/log-targets')).toEqual({ status: 'success', data: { targets: [], files: [] } })
  })
})

test('what others wrote is said and not done', async () => {
  const hostile = `"'><script>alert(1)</script>`
  const bad = makeLogView({
    jobs: [makeLogJob(hostile)],
    otherJobs: [{ name: hostile, reads: hostile }],
    texts: [{ path: hostile, text: `a: ${JSON.stringify(hostile)}\n` }],
    targets: () => [
      makeLogTarget(hostile, { [hostile]: hostile, ['__proto__']: hostile }, { [hostile]: hostile }, { glob: hostile }),
      makeLogTarget(hostile, { [hostile]: hostile }, {}, { dropped: hostile }),
    ],
    files: () => [makeFile(hostile, hostile, { [hostile]: hostile }, { error: hostile, storage: hostile, inode: hostile })],
  })
  for (const path of ['/targets', '/service-discovery', '/config']) {
    const { body } = await browse(bad).get(path)
    expect(body).toContain('&lt;script')
    expect(body).not.toContain('<script')
  }
})
