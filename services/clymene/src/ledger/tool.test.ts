import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { LedgerReport, PartitionAccount, SenderAccount } from '@clymene/ledger'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { askLedgers, type Unreached } from './ask.ts'
import { LOCAL_PORTS } from './flags.ts'
import { ledgerTool } from './tool.ts'

vi.mock('./ask.ts', { spy: true })

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
  KIND     CLUSTER  AGENT   TO       SENT  BOOKED  BUFFERED  DROPPED  ON THE WAY  UNANSWERED
  metrics  shop     node-1  gateway    12      10         2        0           0           0

Storages:
  KIND     STORAGE     IN BUS  STORED  TWICE IN BUS  TWICE WRITTEN  DEAD LETTERS  LAG  EXPIRED  UNKNOWN  RECORDS STORED  RECORDS REFUSED
  metrics  prometheus      10      10             0              0             0    0        0        0            1000                0

nothing is missing, and the books balance; not stored yet: BUFFERED 2
`,
  })
})

test.each([
  ['none', 0, '10', 'nothing is missing, and the books balance\n'],
  ['before a storage', 0, '53', 'nothing is missing, and the books balance; not stored yet: LAG 43\n'],
  ['in both', 2, '53', 'nothing is missing, and the books balance; not stored yet: BUFFERED 2, LAG 43\n'],
])('what waits is told beside the verdict: %s', async (_, buffered, end, verdict) => {
  const sender = { ...SENDER, sent: 10 + buffered, buffered }
  const url = await reporting({ senders: [sender], books: [book(10, { end })] })
  const { status, stdout } = await ledger(`--url=${url}`)
  expect({ status, last: stdout.split('\n\n').at(-1) }).toEqual({ status: 0, last: verdict })
})

test('what is missing is named, with status 1', async () => {
  const [agent, ingester] = [await reporting({ senders: [SENDER] }), await reporting({ books: [book(7)] })]
  const { status, stdout, stderr } = await ledger('--url', agent, '--url', ingester)
  expect(status).toBe(1)
  expect(stdout).toMatch(/\n\nloss: 3 numbers of agent node-1 \(cluster shop, metrics\) never came to the bus, as prometheus reads it\n$/)
  expect(stderr).toBe('losses: 1\n')
})

test('refused records of messages that are stored otherwise are shown and noted', async () => {
  const [account] = book(10).agents
  const url = await reporting({ books: [book(10, { agents: [{ ...account!, deadLetters: { messages: 0, records: 3 } }] })] })
  const { status, stdout } = await ledger(`--url=${url}`)
  expect(status).toBe(0)
  expect(stdout).toMatch(/ RECORDS REFUSED\n.* 1000 +3\n/)
  expect(stdout).toContain('note: prometheus refused 3 records of messages of metrics that it has otherwise: they are dead letters')
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
    unknown: [],
  })
})

test.each([
  ['--kind=logs', { senders: [], storages: [] }],
  ['--storage=loki', { senders: [{ agent: 'node-1' }], storages: [] }],
  ['--cluster=other', { senders: [], storages: [{ inBus: 0 }] }],
  ['--kind=all', { senders: [{ agent: 'node-1' }], storages: [{ inBus: 10 }] }],
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

describe('that all is well is said only of books that were looked at', () => {
  const ends = (text: string) => expect.stringMatching(new RegExp(`(^|\\n\\n)not known: ${text}\\n$`))
  test.each<[what: string, report: Partial<LedgerReport>, argv: readonly string[], doubt: string]>([
    ['only a sender', { senders: [SENDER] }, [], 'senders were asked, no ingester was: nothing can be said of the storages'],
    [
      'an ingester without books',
      { senders: [SENDER], service: 'ingester' },
      [],
      'no ingester that was asked has a book: nothing can be said of the storages',
    ],
    [
      'a storage that is none',
      { senders: [SENDER], books: [book(10), book(10, { storage: 'loki', kind: 'logs' })] },
      ['--storage=nobody'],
      'there is no book of --storage=nobody: there are those of loki (logs), prometheus (metrics)',
    ],
    [
      'a storage of the other kind',
      { senders: [SENDER], books: [book(10)] },
      ['--storage=prometheus', '--kind=logs'],
      'there is no book of --kind=logs --storage=prometheus: there are those of prometheus (metrics)',
    ],
    [
      'a cluster that is none',
      { senders: [SENDER], books: [book(10)] },
      ['--cluster=nobody'],
      'nothing comes from --cluster=nobody: the clusters are shop',
    ],
  ])('%s', async (_, report, argv, doubt) => {
    const url = await reporting(report)
    expect(await ledger(`--url=${url}`, ...argv)).toEqual({ status: 1, stderr: `${doubt}\n`, stdout: ends(doubt.replaceAll(/[()]/g, '.')) })
    expect(JSON.parse((await ledger(`--url=${url}`, '--output=json', ...argv)).stdout)).toMatchObject({ findings: [], unknown: [doubt] })
  })

  test('not when one of those that were named was not reached', async () => {
    const { status, stdout } = await ledger(`--url=${await reporting({ senders: [SENDER], books: [book(10)] })},127.0.0.1:1`)
    expect(status).toBe(1)
    expect(stdout).not.toContain('nothing is missing')
  })
})

describe('without --url', () => {
  const [agent, gateway, ingester, promtail] = LOCAL_PORTS.split(',').map((address) => `http://${address}`)
  const refused = { reason: 'connect ECONNREFUSED', isAbsent: true }
  const answering = (reports: readonly Partial<LedgerReport>[], unreached: readonly Unreached[]) =>
    vi.mocked(askLedgers).mockResolvedValueOnce({
      reports: reports.map((report) => ({ service: 's', instance: 'i', time: 1, senders: [], books: [], replays: [], ...report })),
      unreached,
    })

  test('ports that nobody listens on are not missed', async () => {
    answering(
      [{ senders: [SENDER] }, { books: [book(10)] }],
      [gateway, promtail].map((url = '') => ({ url, ...refused })),
    )
    expect(await ledger()).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('nothing is missing') })
  })

  test('a service that answers something else is', async () => {
    answering(
      [{ senders: [SENDER] }],
      [
        { url: ingester ?? '', reason: 'answered 503: the brokers are away', isAbsent: false },
        { url: agent ?? '', ...refused },
      ],
    )
    const { status, stdout, stderr } = await ledger()
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^services that did not answer: 1; senders were asked/) })
    expect(stdout).toContain('not reached: http://127.0.0.1:15694: answered 503: the brokers are away\n')
    expect(stdout).not.toContain('15691')
  })
})

describe('a service that does not answer is named, and the rest is shown', () => {
  test.each<[what: string, url: () => Promise<string>, reason: RegExp]>([
    ['nobody listens', async () => '127.0.0.1:1', /not reached: http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/],
    ['it has no such path', () => serve((_, response) => response.writeHead(403).end('go away')), /: answered 403: go away\n/],
    [
      'it cannot say',
      () => serve((_, response) => response.writeHead(503).end('{"error":"the brokers are away"}')),
      /: answered 503: the brokers are away\n/,
    ],
    [
      'it is something else',
      () => serve((_, response) => response.end('{"status":"Server available"}')),
      /: has no ledger: its answer is something else\n/,
    ],
    ['it is no JSON', () => serve((_, response) => response.end('hello')), /: has no ledger: its answer is something else\n/],
    ['it hangs', () => serve(() => undefined), /: no answer within 300 ms\n/],
  ])('%s', async (_, url, reason) => {
    const good = await reporting({ senders: [SENDER], books: [book(10)] })
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

test('behind a proxy, and by the path of the answer', async () => {
  const paths: (string | undefined)[] = []
  const url = await serve(({ url: path }, response) => {
    paths.push(path)
    response.writeHead(404).end()
  })
  expect((await ledger(`--url=http://${url}/services/agent:admin/proxy/`)).stderr).toContain('/services/agent:admin/proxy: answered 404')
  await ledger(`--url=${url}/api/ledger,http://${url}/proxy/api/ledger/`)
  expect(paths).toEqual(['/services/agent:admin/proxy/api/ledger', '/api/ledger', '/proxy/api/ledger'])
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
  expect((await ledger('--kind=traces', '--output=xml', '--url=http://,ftp://x', 'now')).stderr)
    .toBe(`--kind="traces": expected one of all, metrics, logs
--output="xml": expected one of table, json
now: expected a flag
--url: "http://": expected host:port or http(s)://host:port, with the path of a proxy where there is one
--url: "ftp://x": expected host:port or http(s)://host:port, with the path of a proxy where there is one
`)
})

test('--help', async () => {
  expect(await ledger('--help')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^clymene ledger: .*\n[\s\S]*--token-file path/),
  })
})
