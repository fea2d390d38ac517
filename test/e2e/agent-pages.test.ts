import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
    exporter = createServer((_request, response) => response.setHeader('content-type', 'text/plain; version=0.0.4').end(PAGE))
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
    ;[prometheus, browser] = await Promise.all([startPrometheus({ configuration }), launchChromium()])
    agent = await startService('agent', {
      environment: { STORAGE_TYPE: 'prometheus' },
      flags: [
        `--config.file=${join(folder, 'clymene.yml')}`,
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

  test('clymene explain asks the agent', async () => {
    const { status, stdout } = await runClymene(['explain', `--agent=${agent.url}`, '--job=shop', '--series=shop_temperature'])
    expect(status).toBe(0)
    expect(stdout.filter((line) => line.startsWith('=>')).toSorted()).toEqual([
      expect.stringContaining('=> NO: the target is dropped by relabel_configs[1]'),
      '=> the series is sent',
    ])
  })
})

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
