import { appendFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { launchChromium } from '../engines/chromium.ts'
import { describeWithEngines } from '../engines/index.ts'
import { main, makeWorld, startAllInOne, type AllInOne, type PageHop } from './all-in-one.ts'

const WAIT = { timeout: 60_000, interval: 250 }
const HOPS = ['agent', 'gateway', 'bus', 'ingester', 'embedded']

describeWithEngines(['chromium'], 'the page in a browser', () => {
  const world = makeWorld('page')
  let service: AllInOne
  let browser: Browser
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    appendFileSync(join(world.logs, 'shop.log'), 'first line of the shop\n')
    ;[service, browser] = await Promise.all([
      startAllInOne({ flags: [...world.flags, '--host.interval=1s'], program: main }),
      launchChromium(),
    ])
    page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(service.url)
  })
  afterAll(async () => {
    await browser?.close()
    await service?.stop()
    world.remove()
  })

  const shownTotal = async (hop: string, kind: 'metrics' | 'logs'): Promise<number> =>
    Number((await page.locator(`[data-hop=${hop}] [data-total=${kind}]`).innerText()).replaceAll(',', ''))
  const shownLines = () => page.locator('.logs li code').allInnerTexts()

  test('counts rise at every hop', async () => {
    await page.locator('[data-hop=embedded]').waitFor()
    const before = await Promise.all(HOPS.map((hop) => shownTotal(hop, 'metrics')))
    for (const [index, hop] of HOPS.entries()) {
      await expect.poll(() => shownTotal(hop, 'metrics'), WAIT).toBeGreaterThan(before[index] ?? 0)
      await expect.poll(() => shownTotal(hop, 'logs'), WAIT).toBeGreaterThan(0)
      await expect.poll(() => page.locator(`[data-hop=${hop}]`).getAttribute('data-state'), WAIT).toBe('ok')
    }
  })

  test('what is shown is what was counted', async () => {
    const store = async () => (await service.flow()).find(({ name }) => name === 'embedded')
    const counted = await service.metric('gateway', 'clymene_gateway_received_records_total', { kind: 'metrics' })
    await expect.poll(() => shownTotal('gateway', 'metrics'), WAIT).toBeGreaterThanOrEqual(counted)
    const { samples, lines } = await service.stats()
    await expect.poll(() => shownTotal('embedded', 'metrics'), WAIT).toBeGreaterThanOrEqual(samples ?? NaN)
    expect((await store())?.logs).toBeGreaterThanOrEqual(lines ?? NaN)
  })

  test('a rate is what the counters rose by between the looks of the last fifteen seconds', async () => {
    const looks: { readonly timestampMs: number; readonly hops: readonly PageHop[] }[] = []
    page.on('response', async (response) => {
      if (!response.url().includes('/api/flow')) return
      // An answer that a closed page no longer has is no look.
      await response.json().then(
        (look) => looks.push(look),
        () => undefined,
      )
    })
    const shown = () => page.locator('[data-hop=gateway] [data-rate=metrics]').innerText()
    await page.reload()
    await expect.poll(() => looks.length, WAIT).toBeGreaterThan(4)
    const expected = (): string => {
      const newest = looks.at(-1)!
      const oldest = looks.find(({ timestampMs }) => timestampMs >= newest.timestampMs - 15_000)!
      const samples = ({ hops }: typeof newest): number => hops.find(({ name }) => name === 'gateway')!.metrics
      const rate = (samples(newest) - samples(oldest)) / ((newest.timestampMs - oldest.timestampMs) / 1000)
      return rate >= 100 ? Math.round(rate).toLocaleString('en') : rate.toFixed(1)
    }
    await expect.poll(async () => (await shown()) === expected(), WAIT).toBe(true)
    expect(Number(expected().replaceAll(',', ''))).toBeGreaterThan(0)
  })

  test('charts of CPU and memory have points, and lines are drawn', async () => {
    const now = Date.now()
    const span = { from: now - 60_000, to: now, step: 1000 }
    await expect
      .poll(
        async () =>
          (await service.range({ name: 'node_cpu_seconds_total', fn: 'rate', by: 'mode', window: 4000, ...span })).flatMap(
            ({ points }) => points,
          ).length,
        WAIT,
      )
      .toBeGreaterThan(10)
    await expect
      .poll(() => page.locator('.chart figcaption b').allInnerTexts(), WAIT)
      .toEqual([expect.stringMatching(/^\d+(\.\d)?%$/), expect.stringMatching(/^\d+\.\d GiB$/)])
    const drawn = async (): Promise<number> => Math.min(...(await page.evaluate<number[]>(LINE_PIXELS)))
    await expect.poll(drawn, WAIT).toBeGreaterThan(20)
    expect(await page.evaluate(LINE_PIXELS)).toHaveLength(2)
    await expect(page.locator('.chart .empty').count()).resolves.toBe(0)
  })

  test("this machine's lines arrive, the newest first, and the filter finds them", async () => {
    await expect.poll(shownLines, WAIT).toContain('first line of the shop')
    const marked = `a marked line <b>&amp; ${Date.now()}`
    appendFileSync(join(world.logs, 'shop.log'), `${marked}\nA MARKED neighbour\nsomething else\n`)
    await expect.poll(shownLines, WAIT).toContain(marked)
    await page.fill('input[type=search]', 'a marked')
    await expect.poll(shownLines, WAIT).toEqual(['A MARKED neighbour', marked])
    await expect(page.locator('.logs mark').allInnerTexts()).resolves.toEqual(['A MARKED', 'a marked'])
    await page.fill('input[type=search]', 'nobody wrote this')
    await expect.poll(() => page.locator('.logs .empty').innerText(), WAIT).toBe('No line has “nobody wrote this”.')
    await page.fill('input[type=search]', '')
    await expect.poll(shownLines, WAIT).toContain('something else')
  })

  test('the service goes away and comes back: the page says so and goes on', async () => {
    const path = join(world.directory, 'page.png')
    await page.screenshot({ path })
    expect(statSync(path).size).toBeGreaterThan(20_000)
    expect(complaints).toEqual([])

    await service.halt()
    await page.locator('[role=alert]').waitFor()
    expect(await page.locator('[role=alert]').innerText()).toMatch(/^The service does not answer/)
    await service.restart()
    await page.locator('[role=alert]').waitFor({ state: 'detached' })
    await expect.poll(() => shownTotal('embedded', 'metrics'), WAIT).toBeGreaterThan(0)
    // Totals began anew; a rate across the restart would be wrong or negative.
    await expect.poll(() => page.locator('[data-hop=embedded] [data-rate=metrics]').innerText(), WAIT).toMatch(/^\d/)
  })

  test.each([
    { width: 1440, height: 900, colorScheme: 'light' as const },
    { width: 800, height: 1200, colorScheme: 'dark' as const },
    { width: 400, height: 800, colorScheme: 'dark' as const },
  ])('nothing is wider than the window at $width, $colorScheme', async ({ width, height, colorScheme }) => {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme })
    const other = await context.newPage()
    await other.goto(service.url)
    await other.locator('[data-hop=embedded]').waitFor()
    expect(await other.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    await context.close()
  })
})

/** Runs in the browser. For each chart, how many points of its canvas have the colour of the line. */
const LINE_PIXELS = `[...document.querySelectorAll('.chart canvas')].map((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  let found = 0
  for (let at = 0; at < data.length; at += 4) if (data[at] < 90 && data[at + 2] > 200 && data[at + 3] > 200) found++
  return found
})`
