import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort } from '@clymene/runtime/testing'
import { compress, encodeWriteRequest } from '@clymene/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { endChildren, run, start, type Child } from './testing/child.ts'
import { startReceiver, type Receiver } from './testing/receiver.ts'

const PATIENCE_MS = 60_000
const eventually = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: PATIENCE_MS, interval: 20 })

let folder = ''
let receiver: Receiver
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-process-'))
  receiver = await startReceiver()
})
afterEach(async () => {
  endChildren()
  await receiver.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A service with an admin port of its own. */
async function serve(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const port = await freePort()
  const admin = `127.0.0.1:${port}`
  const child = start([...words, `--admin.http.host-ports=${admin}`], { env })
  const get = async (path: string) => {
    const response = await fetch(`http://${admin}${path}`)
    return { status: response.status, text: await response.text() }
  }
  const ready = () => eventually(async () => expect(await get('/readyz')).toEqual({ status: 200, text: 'ready\n' }))
  const status = (service: string) => run(['status', service, `--status.http.host-port=${admin}`])
  return { child, admin, get, ready, status }
}

async function expectCleanEnd(child: Child, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  child.signal(signal)
  const { status, stderr } = await child.ended
  expect({ status, errors: stderr.split('\n').filter((line) => line.includes('"level":"error"')) }).toEqual({ status: 0, errors: [] })
}

const gatewayWords = (http: number, grpc: number): string[] => [
  'gateway',
  `--gateway.http-server.host-port=127.0.0.1:${http}`,
  `--gateway.grpc-server.host-port=127.0.0.1:${grpc}`,
]

describe('gateway', { timeout: 180_000 }, () => {
  test('is ready, takes a sample, tells its status, and ends with 0', async () => {
    const http = await freePort()
    const words = [...gatewayWords(http, await freePort()), `--prometheus.remote.url=${receiver.url}/api/v1/write`]
    const { child, ready, status, get } = await serve(words, { STORAGE_TYPE: 'prometheus' })
    await ready()
    expect(await status('gateway')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('"Server available"'),
      stderr: '',
    })
    const body = compress(
      encodeWriteRequest([
        {
          labels: [
            ['__name__', 'up'],
            ['job', 'j'],
          ],
          samples: [{ timestampMs: 1, value: 1 }],
        },
      ]),
    )
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }
    const response = await fetch(`http://127.0.0.1:${http}/api/v1/write`, { method: 'POST', body: new Uint8Array(body), headers })
    expect(response.ok).toBe(true)
    expect(receiver.received).toEqual(['up{j}'])
    expect((await get('/metrics')).text).toMatch(/^clymene_gateway_received_records_total\{kind="metrics",protocol="[^"]+"\} 1$/m)
    await expectCleanEnd(child)
  })

  test('ends with 0 on SIGINT too', async () => {
    const words = [...gatewayWords(await freePort(), await freePort()), `--prometheus.remote.url=${receiver.url}/api/v1/write`]
    const { child, ready } = await serve(words, { STORAGE_TYPE: 'prometheus' })
    await ready()
    await expectCleanEnd(child, 'SIGINT')
  })

  test('says what keeps it from being ready, and ends with 0 all the same', async () => {
    const words = [...gatewayWords(await freePort(), await freePort()), `--kafka.producer.brokers=127.0.0.1:${await freePort()}`]
    const { child, get, status } = await serve(words, { STORAGE_TYPE: 'kafka' })
    const { text } = await eventually(async () => {
      const answer = await get('/readyz')
      expect(answer).toMatchObject({ status: 503, text: expect.stringMatching(/Kafka/i) })
      return answer
    })
    expect(text).not.toBe('')
    const { status: code, stdout, stderr } = await status('gateway')
    expect(code).toBe(1)
    expect(stdout).toContain('"Server not available"')
    expect(stderr).toMatch(/^not ready: .*kafka/i)
    child.signal('SIGTERM')
    expect((await child.ended).status).toBe(0)
  })
})

describe('ingester', { timeout: 180_000 }, () => {
  test('waits for brokers that are away, says so, and ends with 0', async () => {
    const words = [
      'ingester',
      `--kafka.consumer.brokers=127.0.0.1:${await freePort()}`,
      `--prometheus.remote.url=${receiver.url}/api/v1/write`,
    ]
    const { child, get } = await serve(words, { STORAGE_TYPE: 'prometheus' })
    await eventually(async () => expect(await get('/readyz')).toMatchObject({ status: 503, text: expect.stringMatching(/^bus: Kafka/m) }))
    expect((await get('/livez')).status).toBe(200)
    child.signal('SIGTERM')
    expect((await child.ended).status).toBe(0)
  })
})

describe('agent', { timeout: 180_000 }, () => {
  const scrape = (job: string): string =>
    `global: {scrape_interval: 100ms}\nscrape_configs: [{job_name: ${job}, static_configs: [{targets: ['${receiver.url.slice(7)}']}]}]\n`
  const logs = (): string =>
    `positions: {filename: ${folder}/positions.yaml}\nscrape_configs: [{job_name: l, static_configs: [{labels: {__path__: ${folder}/a.log}}]}]\n`
  const storages = (): string[] => [
    `--prometheus.remote.url=${receiver.url}/api/v1/write`,
    `--loki.client.url=${receiver.url}/loki/api/v1/push`,
    `--buffer.dir=${folder}/buffer`,
    '--cluster=c',
  ]

  test('sends samples and lines, takes a new configuration, keeps the old one when the new one is wrong, and ends with 0', async () => {
    const config = join(folder, 'clymene.yml')
    writeFileSync(config, scrape('first'))
    writeFileSync(join(folder, 'logs.yml'), logs())
    writeFileSync(join(folder, 'a.log'), 'line 1\n')
    const api = `127.0.0.1:${await freePort()}`
    const words = ['agent', `--config.file=${config}`, `--promtail.config.file=${folder}/logs.yml`, `--http.port=${api}`, ...storages()]
    const { child, ready, status } = await serve(words, { STORAGE_TYPE: 'prometheus,loki' })
    const reload = async () => {
      const response = await fetch(`http://${api}/api/reload`, { method: 'POST' })
      return { status: response.status, text: await response.text() }
    }
    const seriesOf = (job: string): number => receiver.received.filter((one) => one === `one{${job}}`).length
    await ready()
    expect((await status('agent')).status).toBe(0)
    await eventually(() => expect(receiver.received).toEqual(expect.arrayContaining(['one{first}', 'up{first}', 'line 1'])))

    writeFileSync(config, 'scrape_configs: [{job_name: broken, scheme: ftp}]\n')
    expect(await reload()).toEqual({
      status: 400,
      text: `${config}:1: scrape_configs[0].scheme: found "ftp", expected one of http, https\n`,
    })
    const before = seriesOf('first')
    await eventually(() => expect(seriesOf('first')).toBeGreaterThan(before + 1))

    rmSync(config)
    expect(await reload()).toEqual({ status: 400, text: `--config.file=${JSON.stringify(config)}: no such file\n` })

    writeFileSync(config, scrape('second'))
    expect(await reload()).toEqual({ status: 200, text: 'config reload, success\n' })
    await eventually(() => expect(seriesOf('second')).toBeGreaterThan(0))
    writeFileSync(config, scrape('third'))
    child.signal('SIGHUP')
    await eventually(() => expect(seriesOf('third')).toBeGreaterThan(0))
    appendFileSync(join(folder, 'a.log'), 'line 2\n')
    await eventually(() => expect(receiver.received.filter((one) => one.startsWith('line'))).toEqual(['line 1', 'line 2']))
    child.signal('SIGTERM')
    expect((await child.ended).status).toBe(0)
    expect(readFileSync(join(folder, 'positions.yaml'), 'utf8')).toContain(`"${folder}/a.log": "14"`)
  })

  test('asked for another configuration before it collects anything, it takes that', async () => {
    const config = join(folder, 'clymene.yml')
    writeFileSync(config, scrape('first'))
    const words = ['agent', `--config.file=${config}`, `--http.port=127.0.0.1:${await freePort()}`, '--config.watch=false', ...storages()]
    const { child, get } = await serve(words, { STORAGE_TYPE: 'prometheus' })
    // The port for probes is there before anything else.
    await vi.waitFor(() => get('/readyz'), { timeout: PATIENCE_MS, interval: 5 })
    writeFileSync(config, scrape('second'))
    child.signal('SIGHUP')
    await eventually(() => expect(receiver.received).toContain('up{second}'))
    await expectCleanEnd(child)
  })

  test('on a dry run prints its targets, sends nothing, and ends by itself', async () => {
    writeFileSync(join(folder, 'clymene.yml'), scrape('j'))
    const address = receiver.url.slice(7)
    const words = ['agent', `--config.file=${folder}/clymene.yml`, '--dry-run', ...storages()]
    expect(await run(words, { env: { STORAGE_TYPE: 'prometheus' } })).toMatchObject({
      status: 0,
      stdout: `target\tj\thttp://${address}/metrics\t{instance="${address}", job="j"}\n`,
    })
    expect([receiver.received, existsSync(join(folder, 'buffer'))]).toEqual([[], false])
  })

  test('as promtail has the flags and variables of the original, and no reload API', async () => {
    writeFileSync(join(folder, 'logs.yml'), logs().replace('labels: {', 'labels: {__host__: node-1, '))
    writeFileSync(join(folder, 'a.log'), 'line 1\n')
    const api = `127.0.0.1:${await freePort()}`
    const words = [
      'promtail',
      `--config.file=${folder}/logs.yml`,
      '--clymene-promtail.tenant-id=team',
      '--clymene-promtail.Batch-wait=100ms',
    ]
    const { child, ready } = await serve([...words, ...storages()], { STORAGE_TYPE: 'loki', HTTP_PORT: api, HOSTNAME: 'node-1' })
    await ready()
    await eventually(() => expect(receiver.received).toEqual(['line 1']))
    expect([...receiver.tenants]).toEqual(['team'])
    expect(child.stderr()).toContain('HTTP_PORT has no effect')
    await expect(fetch(`http://${api}/api/reload`, { method: 'POST' })).rejects.toThrow('fetch failed')
    await expectCleanEnd(child)
  })

  test('on a dry run prints lines and sends nothing', async () => {
    writeFileSync(join(folder, 'logs.yml'), logs())
    writeFileSync(join(folder, 'a.log'), 'line 1\nline 2\n')
    const words = ['promtail', `--config.file=${folder}/logs.yml`, '--clymene-promtail.dry-run', '--clymene-promtail.Batch-wait=10ms']
    const { child } = await serve([...words, ...storages()], { STORAGE_TYPE: 'loki' })
    await eventually(() => expect(child.stdout().split('\n')).toHaveLength(3))
    await expectCleanEnd(child)
    expect(child.stdout()).toMatch(
      new RegExp(`^\\S+Z\\t\\{cluster="c", filename="${folder}/a\\.log"\\}\\tline 1\\n\\S+Z\\t\\{.*\\}\\tline 2\\n$`),
    )
    expect(receiver.received).toEqual([])
    expect([existsSync(join(folder, 'positions.yaml')), existsSync(join(folder, 'buffer'))]).toEqual([false, false])
  })

  test('on a dry run that nobody reads any more ends with status 1 and a line', async () => {
    writeFileSync(join(folder, 'logs.yml'), logs())
    writeFileSync(join(folder, 'a.log'), 'line 1\n')
    const words = ['promtail', `--config.file=${folder}/logs.yml`, '--clymene-promtail.dry-run', '--clymene-promtail.batch-wait=10ms']
    const { child } = await serve([...words, ...storages()], { STORAGE_TYPE: 'loki' })
    await eventually(() => expect(child.stdout()).toContain('line 1'))
    child.closeStdout()
    appendFileSync(join(folder, 'a.log'), 'line 2\n')
    const { status, stderr } = await child.ended
    expect(status).toBe(1)
    expect(stderr).toMatch(/^stdout: write EPIPE$/m)
    expect(stderr).not.toContain('    at ')
  })

  test('cannot open its buffer: the flag is named, exit status 2', async () => {
    writeFileSync(join(folder, 'clymene.yml'), scrape('s'))
    writeFileSync(join(folder, 'buffer'), 'a file, not a folder')
    const { child } = await serve(['agent', `--config.file=${folder}/clymene.yml`, ...storages()], { STORAGE_TYPE: 'prometheus' })
    const { status, stderr } = await child.ended
    expect(status).toBe(2)
    expect(stderr).toContain(`--buffer.dir="${folder}/buffer"`)
  })
})
