import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, type Engine, launchChromium, startPrometheus } from '../engines/index.ts'
import { runClymene } from './run-clymene.ts'
import { startService, type Service } from './service.ts'

const WAIT = { timeout: 30_000, interval: 100 }
const PAGES = ['/targets', '/service-discovery', '/cardinality', '/config']

const PAGE = `# HELP shop_orders_total Orders.
# TYPE shop_orders_total counter
shop_orders_total{session="<script>alert(1)</script>"} 3
# TYPE shop_temperature gauge
shop_temperature 21
`

describeWithEngines(['chromium', 'prometheus'], 'the pages of the agent', () => {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-pages-'))
  let exporter: Server
  let prometheus: Engine
  let agent: Service
  let browser: Browser

  beforeAll(async () => {
    exporter = createServer((request, response) => {
      // What a Loki says that has taken lines.
      if (request.method === 'POST') request.resume().on('end', () => response.writeHead(204).end())
      else response.setHeader('content-type', 'text/plain; version=0.0.4').end(PAGE)
    })
    await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve))
    const address = exporter.address()
    const target = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
    const configuration = {
      global: { scrape_interval: '1s', scrape_timeout: '900ms', external_labels: { region: 'eu' } },
      scrape_configs: [
        {
          job_name: 'shop',
          basic_auth: { username: 'joe', password: 's3cr3t-password' },
          params: { module: ['http'], token: ['s3cr3t-token'] },
          static_configs: [{ targets: [target, 'other:1'], labels: { team: 'cart', note: '<img src=x onerror=alert(1)>' } }],
          relabel_configs: [
            { source_labels: ['team'], target_label: 'owner', replacement: '${1}-team' },
            { source_labels: ['__address__'], regex: 'other:.*', action: 'drop' },
          ],
        },
        { job_name: 'away', static_configs: [{ targets: ['127.0.0.1:1'] }] },
        { job_name: 'none', static_configs: [] },
      ],
    }
    writeFileSync(join(folder, 'clymene.yml'), JSON.stringify(configuration))
    mkdirSync(join(folder, 'logs'))
    appendFileSync(join(folder, 'logs/shop.log'), 'one\ntwo\n')
    writeConfigMap(folder, 'first', logConfiguration(folder, ['pods']))
    ;[prometheus, browser] = await Promise.all([startPrometheus({ configuration }), launchChromium()])
    agent = await startService('agent', {
      environment: { STORAGE_TYPE: 'prometheus,loki' },
      flags: [
        `--config.file=${join(folder, 'clymene.yml')}`,
        `--promtail.config.file=${join(folder, 'promtail.yml')}`,
        `--loki.client.url=http://${target}/loki/api/v1/push`,
        '--cluster=c1',
        `--buffer.dir=${join(folder, 'buffer')}`,
        '--http.port=127.0.0.1:0',
        `--prometheus.remote.url=${prometheus.url}/api/v1/write`,
      ],
    })
  })
  afterAll(async () => {
    await browser?.close()
    await Promise.all([agent?.stop(), prometheus?.stop()])
    exporter?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('both have scraped', async () => {
    const health = async (url: string): Promise<readonly string[]> =>
      (await targetsOf(url)).activeTargets.map((one) => String(one['health'])).toSorted()
    for (const { url } of [agent, prometheus]) await expect.poll(() => health(url), WAIT).toEqual(['down', 'up'])
  })

  test.each([
    ['/api/v1/targets', ['droppedTargetCounts', 'droppedTargets[].scrapePool']],
    ['/api/v1/targets?state=dropped', ['droppedTargetCounts', 'droppedTargets[].scrapePool']],
    ['/api/v1/targets?scrapePool=shop&state=active', ['droppedTargetCounts']],
    ['/api/v1/targets/metadata', []],
    ['/api/v1/targets/metadata?metric=shop_orders_total&match_target={job="shop"}', []],
    ['/api/v1/targets/metadata?limit=x', []],
    ['/api/v1/status/config', []],
    ['/api/v1/status/buildinfo', []],
  ])('%s has the keys and types of the real one', async (path, newer) => {
    const [theirs, ours] = await Promise.all(
      [prometheus.url, agent.url].map(async (url) => {
        const response = await fetch(url + path)
        return { status: response.status, type: response.headers.get('content-type'), shape: shapeOf(await response.json()) }
      }),
    )
    expect(ours?.shape.filter((line) => !newer.some((key) => line.includes(key)))).toEqual(theirs?.shape)
    expect([ours?.status, ours?.type]).toEqual([theirs?.status, theirs?.type])
  })

  test('what both say of the same targets is the same', async () => {
    const targets = async (url: string) => {
      const { activeTargets, droppedTargets } = await targetsOf(url)
      const same = ['discoveredLabels', 'labels', 'scrapePool', 'health', 'scrapeUrl', 'scrapeInterval', 'scrapeTimeout']
      return {
        active: activeTargets.map((one) => same.map((key) => one[key])).toSorted((a, b) => (String(a[2]) < String(b[2]) ? -1 : 1)),
        dropped: droppedTargets.map((one) => one['discoveredLabels']),
      }
    }
    const hidden = (text: string): unknown => JSON.parse(text.replaceAll('s3cr3t-token', '<secret>'))
    expect(await targets(agent.url)).toEqual(hidden(JSON.stringify(await targets(prometheus.url))))
  })

  test.each([
    { width: 1440, height: 900, colorScheme: 'light' as const },
    { width: 400, height: 800, colorScheme: 'dark' as const },
  ])('in a browser nothing is wider than the window, loads or runs at $width, $colorScheme', async ({ width, height, colorScheme }) => {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme })
    const page = await context.newPage()
    const complaints: string[] = []
    const asked: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('dialog', (dialog) => complaints.push(dialog.message()))
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    for (const path of PAGES) {
      await page.goto(agent.url + path)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      expect(await page.content()).not.toContain('s3cr3t')
      // For people: SHOTS=folder keeps what the pages look like.
      if (process.env['SHOTS'])
        await page.screenshot({ path: join(process.env['SHOTS'], `${path.slice(1)}-${width}-${colorScheme}.png`), fullPage: true })
    }
    expect(asked.filter((path) => path !== '/favicon.ico')).toEqual(PAGES)
    expect(complaints).toEqual([])
    await context.close()
  })

  test('the filter finds, and the page tells which rule dropped', async () => {
    const page = await browser.newPage()
    await page.goto(`${agent.url}/targets`)
    await page.selectOption('select[name=state]', 'down')
    await Promise.all([page.waitForURL(/state=down/), page.click('button')])
    expect(await page.locator('tbody tr').count()).toBe(1)
    expect(await page.locator('tbody tr .error').innerText()).toMatch(/refused/i)
    await Promise.all([page.waitForURL(/service-discovery/), page.click('text=Service discovery')])
    await page.fill('input[type=search]', 'other:1')
    await Promise.all([page.waitForURL(/search=other/), page.keyboard.press('Enter')])
    expect(await page.locator('tbody').innerText()).toContain(
      `dropped by relabel_configs[1] {source_labels: [__address__], regex: 'other:.*', action: drop}`,
    )
    await page.close()
  })

  test('files with how far they are read, and why others are not, in a browser', async () => {
    await expect.poll(() => filesOf(agent.url), WAIT).toEqual([['pods', 'shop.log', 'ready', 8, 8]])
    const page = await browser.newPage()
    await page.goto(`${agent.url}/targets?scrapePool=pods`)
    expect(await page.locator('tbody tr').count()).toBe(3)
    expect(await page.locator('tbody tr').first().innerText()).toMatch(/shop\.log[^]*ready[^]*app="shop"[^]*\b8\b[^]*\b8\b[^]*none/)
    await page.selectOption('select[name=state]', 'idle')
    await Promise.all([page.waitForURL(/state=idle/), page.click('button')])
    expect(await page.locator('tbody tr').allInnerTexts()).toEqual([expect.stringMatching(/no-such\.log[^]*no file/)])
    await page.goto(`${agent.url}/service-discovery?scrapePool=pods&state=dropped`)
    expect(await page.locator('tbody').innerText()).toContain(
      `dropped by relabel_configs[0] {source_labels: [app], regex: 'kube-.*', action: drop}`,
    )
    await page.close()
  })

  test('a ConfigMap that is mounted anew is read: what did not change goes on, a mistake changes nothing and is told', async () => {
    writeConfigMap(folder, 'wrong', { ...logConfiguration(folder, ['pods', 'more']), oops: 1 })
    await expect.poll(() => agent.metric('clymene_agent_config_last_reload_successful'), WAIT).toBe(0)
    expect((await agent.readyz()).text).toMatch(/config: the last one read was refused.*oops/)
    expect(await filesOf(agent.url)).toEqual([['pods', 'shop.log', 'ready', 8, 8]])
    writeConfigMap(folder, 'second', logConfiguration(folder, ['more', 'pods']))
    appendFileSync(join(folder, 'logs/shop.log'), 'three\n')
    await expect
      .poll(() => filesOf(agent.url), WAIT)
      .toEqual([
        ['more', 'shop.log', 'ready', 14, 14],
        ['pods', 'shop.log', 'ready', 14, 14],
      ])
    expect(await agent.metric('clymene_agent_config_last_reload_successful')).toBe(1)
    // Three lines of either job: what `pods` had read is not read again.
    expect(await agent.metric('clymene_agent_file_read_lines_total')).toBe(6)
  })

  test('clymene explain asks the agent', async () => {
    const { status, stdout } = await runClymene(['explain', `--agent=${agent.url}`, '--job=shop', '--series=shop_temperature'])
    expect(status).toBe(0)
    expect(stdout.filter((line) => line.startsWith('=>')).toSorted()).toEqual([
      expect.stringContaining('=> NO: the target is dropped by relabel_configs[1]'),
      '=> the series is sent',
    ])
  })
})

/** As the kubelet mounts a ConfigMap: the file is a link through `..data`, and that is switched at once. */
function writeConfigMap(folder: string, version: string, configuration: object): void {
  mkdirSync(join(folder, version))
  writeFileSync(join(folder, version, 'promtail.yml'), JSON.stringify(configuration))
  symlinkSync(version, join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  if (version === 'first') symlinkSync('..data/promtail.yml', join(folder, 'promtail.yml'))
}

const logConfiguration = (folder: string, jobs: readonly string[]): object => ({
  clients: [{ url: 'http://joe:s3cr3t-password@loki:3100', bearer_token: 's3cr3t-token' }],
  positions: { filename: join(folder, 'positions.yaml') },
  scrape_configs: jobs.map((job_name) => ({
    job_name,
    static_configs: ['shop', 'no-such', 'kube-dns'].map((app) => ({
      targets: ['localhost'],
      labels: { app, note: '<img src=x onerror=alert(1)>', __path__: join(folder, `logs/${app}.log`) },
    })),
    relabel_configs: [{ source_labels: ['app'], regex: 'kube-.*', action: 'drop' }],
  })),
})

type LogTargets = { readonly data: { readonly files: readonly Readonly<Record<string, string>>[] } }

async function filesOf(url: string): Promise<readonly unknown[]> {
  const { data }: LogTargets = JSON.parse(await (await fetch(`${url}/api/v1/log-targets`)).text())
  return data.files.map(({ job, path = '', state, position, size }) => [job, path.split('/').at(-1), state, position, size])
}

type Targets = Readonly<Record<'activeTargets' | 'droppedTargets', readonly Readonly<Record<string, unknown>>[]>>

async function targetsOf(url: string): Promise<Targets> {
  const { data }: { readonly data: Targets } = JSON.parse(await (await fetch(`${url}/api/v1/targets`)).text())
  return data
}

/** A line a place that something stands at, with its type; of a list all items together. */
function shapeOf(value: unknown, path = ''): readonly string[] {
  const lines = (): readonly string[] => {
    if (Array.isArray(value)) return value.flatMap((item: unknown) => shapeOf(item, `${path}[]`))
    if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([key, item]) => shapeOf(item, `${path}.${key}`))
    return [`${path}: ${typeof value}`]
  }
  return [...new Set(lines())].toSorted()
}
