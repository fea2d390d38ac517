import { createServer } from 'node:http'

import { describe, expect, test } from 'vitest'

import { explainConfig } from './explain-config.ts'

const CONFIG = `
global:
  external_labels: {region: "\${REGION}"}
scrape_configs:
  - job_name: shop
    static_configs:
      - targets: ["a:80", "b:80"]
        labels: {app: shop}
    relabel_configs:
      - {source_labels: [__address__], regex: "b:.*", action: drop}
  - job_name: away
    http_sd_configs:
      - url: http://127.0.0.1:1/targets
`

const ask = (
  query: { readonly target?: string; readonly job?: string; readonly series?: string },
  text = CONFIG,
  timeoutMs = 60_000,
  live = false,
) =>
  explainConfig(
    { text: { path: 'clymene.yml', text }, cluster: 'c1', timeoutMs, live, env: { REGION: 'eu' }, streams: 1, shards: 3 },
    { target: '', job: '', series: '', ...query },
  )

test('what a configuration would do with a target and a series', async () => {
  const { found, explanations } = await ask({ target: 'a:80', job: 'shop', series: 'up' })
  expect(found).toBe(1)
  expect(explanations[0]?.steps.at(-1)?.labels).toEqual([
    ['__name__', 'up'],
    ['app', 'shop'],
    ['cluster', 'c1'],
    ['instance', 'a:80'],
    ['job', 'shop'],
    ['region', 'eu'],
  ])
  const [dropped] = (await ask({ target: 'b:80', job: 'shop' })).explanations
  expect(dropped?.verdict).toBe(`the target is dropped by relabel_configs[0] {source_labels: [__address__], regex: 'b:.*', action: drop}`)
})

test('what does not discover is told', async () => {
  const { found, hint, missing } = await ask({ job: 'away' }, CONFIG, 30)
  expect([found, hint]).toEqual([0, 'nothing was discovered of job "away"'])
  expect(missing).toEqual([expect.stringMatching(/^job "away": /)])
})

test.each([
  [
    'a mistake of the configuration',
    { job: 'shop' },
    'scrape_configs: [{job_name: x, metrics_path: []}]',
    'clymene.yml:1: scrape_configs[0].metrics_path',
  ],
  ['a mistake of the query', {}, CONFIG, 'target: expected a URL'],
])('%s is an error', async (_name, query, text, said) => {
  await expect(ask(query, text)).rejects.toThrow(said)
})

describe('a live scrape', () => {
  test('says what is on the page', async () => {
    const server = createServer((_request, response) => response.setHeader('content-type', 'text/plain').end('a{b="c"} 3\na{b="d"} 4\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const config = `scrape_configs: [{job_name: j, scrape_timeout: 3s, static_configs: [{targets: ["127.0.0.1:${port}"]}]}]`
    const notes = ['', 'a{b="c"}', 'a{b="x"}'].map(async (series) => {
      const { explanations } = await ask({ job: 'j', series }, config, 60_000, true)
      return explanations[0]?.steps.at(-1)?.note
    })
    expect(await Promise.all(notes)).toEqual([
      expect.stringMatching(/^up 1, scrape_duration_seconds [\d.e-]+, scrape_samples_scraped 2, scrape_samples_post_metric_relabeling 2$/),
      expect.stringMatching(/, the series is there: 3$/),
      expect.stringMatching(/, the series is not on the page; of a there are 2, the first \{"__name__":"a","b":"c",/),
    ])
    server.close()
  })

  test('says why it failed', async () => {
    const away =
      'scrape_configs: [{job_name: j, scrape_interval: 200ms, scrape_timeout: 200ms, static_configs: [{targets: ["127.0.0.1:1"]}]}]'
    const { explanations } = await ask({ job: 'j' }, away, 60_000, true)
    expect(explanations[0]?.steps.at(-1)?.note).toMatch(/^it failed: .*, up 0/)
  })
})
