import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Explanation } from '@clymene/agent'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { explainTool } from './tool.ts'

const closes: (() => void)[] = []
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
  for (const close of closes.splice(0)) close()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closes.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : ''
}

async function explain(...argv: readonly string[]) {
  let stdout = ''
  let stderr = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((stdout += String(text))))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((stderr += String(text))))
  const status = await explainTool.run(argv, {})
  vi.restoreAllMocks()
  return { status, stdout, stderr }
}

const CONFIG = `
scrape_configs:
  - job_name: shop
    static_configs: [{targets: ["a:80", "b:80"], labels: {app: shop}}]
    relabel_configs:
      - {source_labels: [app], target_label: team}
      - {source_labels: [__address__], regex: "b:.*", action: drop}
    metric_relabel_configs:
      - {source_labels: [__name__], regex: "go_.*", action: drop}
`

function configFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-explain-'))
  closes.push(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'clymene.yml'), text)
  return `--config.file=${join(folder, 'clymene.yml')}`
}

describe('a configuration', () => {
  test('is explained for people', async () => {
    const { status, stdout } = await explain(configFile(CONFIG), '--target=a:80', '--series=up{a="b"}', '--cluster=c1', '--shards=3')
    expect(status).toBe(0)
    expect(stdout).toBe(`job "shop"  http://a:80/metrics
  discovered
      {__address__="a:80", __metrics_path__="/metrics", __scheme__="http", __scrape_interval__="1m", __scrape_timeout__="10s", app="shop", job="shop"}
  relabel_configs[0]  {source_labels: [app], target_label: team, action: replace}
      + team="shop"
  relabel_configs[1]  {source_labels: [__address__], regex: 'b:.*', action: drop}
      changes nothing
  target  http://a:80/metrics every 1m, at most 10s
      {app="shop", instance="a:80", job="shop", team="shop"}
  limits  the job has none
  exposed
      {__name__="up", a="b"}
  honor_labels: false
      + app="shop"
      + instance="a:80"
      + job="shop"
      + team="shop"
  metric_relabel_configs[0]  {source_labels: [__name__], regex: 'go_.*', action: drop}
      changes nothing
  external_labels
      + cluster="c1"
  sent  stream 0 of 1, by shard 0 of 3
      {__name__="up", a="b", app="shop", cluster="c1", instance="a:80", job="shop", team="shop"}
=> the series would be sent
`)
  })

  test.each([
    [['--target=b:80'], "=> NO: the target is dropped by relabel_configs[1] {source_labels: [__address__], regex: 'b:.*', action: drop}"],
    [
      ['--target=a:80', '--series=go_info'],
      "=> NO: the series is dropped by metric_relabel_configs[0] {source_labels: [__name__], regex: 'go_.*', action: drop}",
    ],
    [['--target=c:80'], 'none of the 2 discovered targets has the URL or a label value "c:80"'],
    [['--job=other'], 'nothing was discovered of job "other"'],
  ])('%j is not sent: exit status 1', async (argv, said) => {
    const { status, stdout } = await explain(configFile(CONFIG), ...argv)
    expect([status, stdout.trimEnd().split('\n').at(-1)]).toEqual([1, said])
  })

  test('is explained for programs', async () => {
    const { status, stdout } = await explain(configFile(CONFIG), '--job=shop', '--json')
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { found: 2, explanations: [{ passes: true }, { passes: false }], missing: [] }])
  })

  test('its mistakes are told', async () => {
    const { status, stderr } = await explain(configFile('scrape_configs: [{job_nme: a}]'), '--job=shop')
    expect(status).toBe(2)
    expect(stderr).toContain('job_nme')
  })
})

describe('an agent', () => {
  const explanation: Explanation = {
    job: 'j\u001b[2J',
    url: 'http://a/',
    passes: true,
    verdict: 'scraped',
    steps: [{ stage: 'discovered', labels: [['a', 'b']] }],
  }
  const answering = (data: unknown, asked: (string | undefined)[] = []) =>
    serve(({ url, headers }, response) => {
      asked.push(url, headers.authorization)
      response.end(JSON.stringify({ status: 'success', data }))
    })

  test('is asked, with the query and the token', async () => {
    const asked: (string | undefined)[] = []
    const address = await answering({ found: 30, explanations: [explanation], hint: '' }, asked)
    const token = configFile('abcd\n').replace('--config.file=', '--token-file=')
    const { status, stdout } = await explain(`--agent=http://${address}/proxy/`, token, '--target=a b', '--job=j', '--series=up{x="&"}')
    expect([status, asked]).toEqual([0, ['/proxy/api/explain?target=a+b&job=j&series=up%7Bx%3D%22%26%22%7D', 'Bearer abcd']])
    expect(stdout).toBe(
      `job "j\\u001b[2J"  http://a/\n  discovered\n      {a="b"}\n=> scraped\n\n29 more targets are meant: --target or --job names fewer\n`,
    )
  })

  test.each<[name: string, listener: RequestListener, said: RegExp]>([
    ['refuses the query', (_, response) => response.writeHead(400).end('{"error":"series: wrong"}'), /answered 400: series: wrong/],
    ['is another service', (_, response) => response.end('{}'), /explains nothing: its answer is something else/],
    ['says no JSON', (_, response) => response.end('<html>'), /explains nothing/],
    [
      'is away',
      (request) => request.socket.destroy(),
      /--agent=host:port names another, --config.file explains a configuration without one/,
    ],
  ])('that %s: exit status 1', async (_name, listener, said) => {
    const { status, stderr } = await explain(`--agent=${await serve(listener)}`, '--job=j')
    expect(status).toBe(1)
    expect(stderr).toMatch(said)
  })
})

test.each([
  [[], '--target or --job: expected which target is meant'],
  [['--job=a', 'word'], 'word: expected a flag'],
  [['--job=a', '--agent=ftp://x'], '--agent: "ftp://x": expected host:port'],
  [['--job=a', '--live'], '--live has no meaning without --config.file'],
  [['--job=a', '--config.file=x', '--agent=a:1'], '--agent has no meaning with --config.file'],
  [['--job=a', '--config.file=/nothing/here'], 'no such file'],
  [['--job=a', '--token-file=/nothing/here'], '--token-file="/nothing/here"'],
  [['--nothing'], 'nothing'],
  [['--job=a', '--url=x:1'], '--url: unknown flag, did you mean --agent?'],
  [['--job=a', '--status.http.host-port=x:1'], '--status.http.host-port: unknown flag, did you mean --agent?'],
])('%j: exit status 2', async (argv, said) => {
  const { status, stderr } = await explain(...argv)
  expect(status).toBe(2)
  expect(stderr).toContain(said)
})

test('--help tells the flags', async () => {
  const { status, stdout } = await explain('--help')
  expect(status).toBe(0)
  expect(stdout).toContain('--series')
})
