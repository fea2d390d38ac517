import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { LedgerReport, PartitionAccount, SenderAccount } from '@clymene/ledger'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { ledgerTool } from './tool.ts'

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

const reporting = (
  report: Partial<LedgerReport>,
  onRequest: (authorization: string | undefined) => void = () => undefined,
): Promise<string> =>
  serve(({ url, headers }, response) => {
    onRequest(headers.authorization)
    if (url === '/api/ledger')
      response.end(JSON.stringify({ service: 's', instance: 'i', time: 1, senders: [], books: [], replays: [], ...report }))
    else response.writeHead(404).end()
  })

async function ledger(...argv: readonly string[]) {
  let stdout = ''
  let stderr = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((stdout += String(text))))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((stderr += String(text))))
  const status = await ledgerTool.run(argv, {})
  vi.restoreAllMocks()
  return { status, stdout, stderr }
}

const NONE = { messages: 0, records: 0 }
const SENDER: SenderAccount = {
  kind: 'metrics',
  cluster: 'shop',
  agent: 'node-1',
  to: 'gateway',
  epoch: 1,
  sent: 12,
  acknowledged: 10,
  buffered: 2,
  dropped: 0,
  unanswered: 0,
}
const book = (stored: number, more: Partial<PartitionAccount> = {}): PartitionAccount => ({
  kind: 'metrics',
  storage: 'prometheus',
  group: 'clymene-prometheus-clymene',
  topic: 'clymene',
  partition: 0,
  from: '0',
  upTo: String(stored),
  end: String(stored),
  agents: [
    {
      cluster: 'shop',
      agent: 'node-1',
      stored: { messages: stored, records: stored * 100 },
      repeatedInBus: NONE,
      repeatedInStorage: NONE,
      deadLetters: NONE,
      epochs: [{ epoch: 1, distinct: stored, missing: 0, jumped: 0 }],
    },
  ],
  expired: 0,
  unattributed: 0,
  savedAt: 1,
  ...more,
})

test('a table of senders and storages, and status 0 when all is there', async () => {
  const [agent, ingester] = [await reporting({ senders: [SENDER] }), await reporting({ books: [book(10)] })]
  expect(await ledger(`--url=${agent},http://${ingester}`)).toEqual({
    status: 0,
    stderr: '',
    stdout: `Senders:
  KIND     CLUSTER  AGENT   TO       SENT  IN BUS  BUFFERED  DROPPED  ON THE WAY
  metrics  shop     node-1  gateway    12      10         2        0           0

Storages:
  KIND     STORAGE     IN BUS  STORED  TWICE IN BUS  TWICE WRITTEN  DEAD LETTERS  LAG  EXPIRED  UNKNOWN  RECORDS
  metrics  prometheus      10      10             0              0             0    0        0        0     1000

nothing is missing, and the books balance
`,
  })
})

test('what is missing is named, with status 1', async () => {
  const [agent, ingester] = [await reporting({ senders: [SENDER] }), await reporting({ books: [book(7)] })]
  const { status, stdout, stderr } = await ledger('--url', agent, '--url', ingester)
  expect(status).toBe(1)
  expect(stdout).toMatch(/\n\nloss: 3 numbers of agent node-1 \(cluster shop, metrics\) never came to the bus, as prometheus reads it\n$/)
  expect(stderr).toBe('losses: 1\n')
})

test('as JSON for programs', async () => {
  const url = await reporting({ senders: [SENDER], books: [book(10)] })
  const { status, stdout } = await ledger(`--url=${url}`, '--output=json')
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    senders: [{ agent: 'node-1', inBus: 10 }],
    storages: [{ inBus: 10 }],
    findings: [],
    unreached: [],
  })
})

test.each([
  ['--kind=logs', { senders: [], storages: [] }],
  ['--storage=loki', { senders: [{ agent: 'node-1' }], storages: [] }],
  ['--cluster=other', { senders: [], storages: [{ inBus: 0 }] }],
])('%s', async (filter, expected) => {
  const url = await reporting({ senders: [SENDER], books: [book(10)] })
  expect(JSON.parse((await ledger(`--url=${url}`, '--output=json', filter)).stdout)).toMatchObject(expected)
})

test('books are asked for once more after all senders: what was sent meanwhile is in them', async () => {
  let asked = 0
  const ingester = await serve((_, response) => {
    asked++
    response.end(
      JSON.stringify({ service: 's', instance: 'i', time: asked, senders: [], books: [book(asked === 1 ? 1 : 10)], replays: [] }),
    )
  })
  const agent = await reporting({ senders: [SENDER] })
  expect(await ledger(`--url=${ingester},${agent}`)).toMatchObject({ status: 0, stdout: expect.stringContaining('nothing is missing') })
  expect(asked).toBe(2)
})

describe('a service that does not answer is named, and the rest is shown', () => {
  test.each<[what: string, url: () => Promise<string>, reason: RegExp]>([
    ['nobody listens', async () => '127.0.0.1:1', /not reached: http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/],
    ['it has no such path', () => serve((_, response) => response.writeHead(403).end('go away')), /: answered 403: go away\n/],
    [
      'it is something else',
      () => serve((_, response) => response.end('{"status":"Server available"}')),
      /: has no ledger: its answer is something else\n/,
    ],
    ['it is no JSON', () => serve((_, response) => response.end('hello')), /: has no ledger: its answer is something else\n/],
    ['it hangs', () => serve(() => undefined), /: no answer within 300 ms\n/],
  ])('%s', async (_, url, reason) => {
    const good = await reporting({ senders: [SENDER] })
    const { status, stdout, stderr } = await ledger(`--url=${good},${await url()}`, '--timeout=300ms')
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'services that did not answer: 1\n' })
    expect(stdout).toContain('node-1')
    expect(stdout).toMatch(reason)
  })

  test('none: status 1 and nothing else', async () => {
    expect(await ledger('--url=127.0.0.1:1')).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^no service answered: http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/),
    })
  })
})

test('behind a proxy', async () => {
  const paths: (string | undefined)[] = []
  const url = await serve(({ url: path }, response) => {
    paths.push(path)
    response.writeHead(404).end()
  })
  expect((await ledger(`--url=http://${url}/services/agent:admin/proxy/`)).stderr).toContain('/services/agent:admin/proxy: answered 404')
  expect(paths).toEqual(['/services/agent:admin/proxy/api/ledger'])
})

test('names of outside do not move the cursor', async () => {
  const url = await reporting({ senders: [{ ...SENDER, agent: 'a\u001b[2Jb\nc' }] })
  expect((await ledger(`--url=${url}`)).stdout).toContain('a?[2Jb?c')
})

test('the token of --token-file is sent; a user in an address is not shown', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-ledger-'))
  closes.push(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'token'), 'secret\n')
  const seen: (string | undefined)[] = []
  const url = await reporting({}, (authorization) => seen.push(authorization))
  await ledger(`--url=${url}`, `--token-file=${join(folder, 'token')}`)
  expect(seen).toEqual(['Bearer secret'])
  const { stderr } = await ledger('--url=http://user:pass@127.0.0.1:1')
  expect(stderr).toMatch(/^no service answered: http:\/\/127\.0\.0\.1:1: /)
})

test('mistakes are told all at once, with status 2', async () => {
  const { status, stdout, stderr } = await ledger('now', '--url=http://u:p@a:1?x,b:port', '--token-file=/none')
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toBe(`now: expected a flag
--url: "http://***@a:1?x": expected host:port or http(s)://host:port, with the path of a proxy where there is one
--url: "b:port": expected host:port or http(s)://host:port, with the path of a proxy where there is one
--token-file="/none": cannot read /none: no such file
`)
  expect((await ledger('--kind=traces', '--output=xml')).stderr).toMatch(/--kind="traces": expected .*\n--output="xml": expected /)
})

test('--help', async () => {
  expect(await ledger('--help')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^clymene ledger: .*\n[\s\S]*--token-file path/),
  })
})
