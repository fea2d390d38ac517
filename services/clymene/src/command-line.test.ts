import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

import { freePort } from '@clymene/runtime/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { cli, endChildren, run } from './testing/child.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-cli-'))
  writeFileSync(join(folder, 'good.yml'), 'scrape_configs: [{job_name: s, static_configs: [{targets: [a:1]}]}]\n')
  writeFileSync(join(folder, 'bad.yml'), 'global:\n  scrape_interval: 15\nscrape_configs:\n  - job_name: s\n    scheme: ftp\n')
  writeFileSync(join(folder, 'logs.yml'), 'scrape_configs: [{job_name: l, static_configs: [{labels: {__path__: /a, cluster: c}}]}]\n')
})
afterEach(endChildren)
afterAll(() => rmSync(folder, { recursive: true }))

const SERVICES = ['agent', 'gateway', 'ingester', 'all-in-one', 'promtail', 'promtail-gateway', 'promtail-ingester']
const TOOLS = ['explain', 'from-promtail', 'ledger', 'replay', 'test']
const LIST = [...SERVICES, ...TOOLS].join(', ')

describe('exit status 0, on stdout', () => {
  test.each<[words: readonly string[], expected: RegExp]>([
    [['version'], /^\{"version":"[^"]+","buildTime":"[^"]*"\}\n$/],
    [
      ['validate', 'agent', '--config.file=<folder>/good.yml', '--metric.split.length=5'],
      /^warning: --metric\.split\.length has no effect: .*\nwarning: job "s" has no cluster: .*\njob "s": every 60s, .*\ntarget\ts\t.*\nagent: configuration is valid\n$/,
    ],
    [['promtail', 'validate', '--config.file=<folder>/logs.yml'], /^log job .*\npromtail: configuration is valid\n$/],
    [['validate', 'gateway'], /^gateway: configuration is valid\n$/],
    [['validate', 'ingester', '--storage-type=loki'], /^ingester: configuration is valid\n$/],
    [['validate', 'all-in-one'], /^all-in-one: configuration is valid\n$/],
  ])('%j', async (words, expected) => {
    const { status, stdout, stderr } = await run(words.map((word) => word.replace('<folder>', folder)))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(expected)
  })

  test('the list names every service and tool with what it does', async () => {
    const { stdout } = await run(['--help'])
    const listed = /Services:\n([\s\S]*?)\n\n/.exec(stdout)?.[1]?.split('\n') ?? []
    expect(listed.map((line) => /^ {2}(\S+) +\S/.exec(line)?.[1])).toEqual(SERVICES)
    const tools = /Tools:\n([\s\S]*)$/.exec(stdout)?.[1]?.trimEnd().split('\n') ?? []
    expect(tools.map((line) => /^ {2}(\S+) +\S/.exec(line)?.[1])).toEqual(TOOLS)
  })

  test('the flags of a service stand in groups, those of every storage among them', async () => {
    const { stdout } = await run(['gateway', '--help'])
    const titles = [...stdout.matchAll(/^(\S.*):$/gm)].map(([, title]) => title)
    expect(titles).toEqual(
      expect.arrayContaining([
        'Storages',
        'Process',
        'Gateway servers',
        'Gateway limits',
        'Of status',
        expect.stringMatching(/^Storage kafka: /),
      ]),
    )
    expect(stdout).toMatch(/^ {2}--gateway\.http-server\.host-port address {2}\(default :15611\)\n {6}\S/m)
  })
})

describe('exit status 2, every mistake on stderr', () => {
  test.each<[words: readonly string[], stderr: string]>([
    [['gatway'], `gatway: unknown service, expected one of ${LIST}\n`],
    [['gateway', '--gateway.drain-time=1s'], '--gateway.drain-time: unknown flag, did you mean --gateway.drain-timeout?\n'],
    [['ingester'], 'STORAGE_TYPE is empty: expected one or more of prometheus, cortex, loki, elasticsearch, embedded, gateway, kafka\n'],
    [['agent', '--config.file=<folder>/none.yml'], '--config.file="<folder>/none.yml": no such file\n'],
    [
      ['validate', 'agent', '--config.file=<folder>/bad.yml'],
      '<folder>/bad.yml:2: global.scrape_interval: found "15", expected a duration such as 15s or 1h30m: whole numbers, units from large to small\n' +
        '<folder>/bad.yml:5: scrape_configs[0].scheme: found "ftp", expected one of http, https\n',
    ],
    [['status', '--agent=x:1'], '--agent: unknown flag, did you mean --status.http.host-port?\n'],
    [['ledger', '--agent=x:1'], '--agent: unknown flag, did you mean --url?\n'],
    [['status', '--status.http.host-port=nowhere'], '--status.http.host-port="nowhere": expected host:port, :port or port\n'],
  ])('%j', async (words, stderr) => {
    const ended = await run(words.map((word) => word.replace('<folder>', folder)))
    expect(ended).toEqual({ status: 2, stdout: '', stderr: stderr.replaceAll('<folder>', folder) })
  })

  test('a port in use names the flag that changes it', async () => {
    const taken = createServer()
    const port = await freePort()
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve))
    try {
      const { status, stderr } = await run(['gateway', `--admin.http.host-ports=127.0.0.1:${port}`])
      expect(status).toBe(2)
      expect(stderr).toContain(`--admin.http.host-ports=127.0.0.1:${port}: the port is in use by another process`)
    } finally {
      await new Promise((resolve) => taken.close(resolve))
    }
  })
})

test('exit status 1: `status` where nobody listens', async () => {
  const port = await freePort()
  const { status, stdout, stderr } = await run(['status', 'gateway', `--status.http.host-port=127.0.0.1:${port}`])
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/: .*ECONNREFUSED.*\n$`))
})

test('a flag may come from the environment, by its name in capitals', async () => {
  const env = { CONFIG_FILE: join(folder, 'good.yml'), CLUSTER: 'c', STORAGE_TYPE: 'prometheus' }
  expect(await run(['validate', 'agent'], { env })).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/\nagent: configuration is valid\n$/),
  })
})

test('npx finds it', async () => {
  const { status, stdout } = await run(['clymene', 'version'], { command: 'npx', args: ['--no'] })
  expect(status).toBe(0)
  expect(stdout).toMatch(/^\{"version":/)
})

/** A Node on the PATH that is too old, as many machines have it. */
const oldNode = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((place) => join(place, 'node'))
  .find((path) => existsSync(path) && isOld(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout))

function isOld(version: string): boolean {
  const [major = 0, minor = 0] = version.replace('v', '').split('.').map(Number)
  return major >= 14 && (major < 22 || (major === 22 && minor < 19))
}

test.skipIf(oldNode === undefined)('an older Node is told what is needed', async () => {
  const { status, stdout, stderr } = await run(['gateway'], { command: oldNode ?? '', args: [cli] })
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(/^clymene needs Node\.js 22\.19 or newer, found \d+\.\d+\.\d+; /)
})
