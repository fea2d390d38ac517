import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openEmbeddedBus } from '@clymene/bus'
import { createDirectoryLedgerStore } from '@clymene/ledger'
import { ConfigError, PermanentError, type Delivery, type Kind } from '@clymene/model'
import { createMetrics, ExitError, silentLogger } from '@clymene/runtime'
import { createDeadLetters } from '@clymene/storages'
import { compress, encodePushRequest, encodeWriteRequest } from '@clymene/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { endChildren, run, start } from '../testing/child.ts'
import { startReceiver, type Receiver } from '../testing/receiver.ts'
import { configureReplay } from './configure.ts'
import { lookAtLetters } from './look.ts'
import { openLetters } from './open-letters.ts'
import { sendAll } from './send.ts'
import type { Terminal } from './terminal.ts'

const never = new AbortController().signal
let folder = ''
let receiver: Receiver
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-replay-'))
  receiver = await startReceiver()
})
afterEach(async () => {
  endChildren()
  await receiver.close()
  rmSync(folder, { recursive: true })
})

const sampleOf = (number: number): Buffer =>
  compress(
    encodeWriteRequest([
      { labels: [['__name__', `s${number}`] as const, ['job', 'j'] as const], samples: [{ timestampMs: 1000, value: 1 }] },
    ]),
  )
const lineOf = (number: number): Buffer =>
  compress(encodePushRequest([{ labels: [['app', 'a']], entries: [{ timestampNs: 1n, line: `l${number}` }] }]))

/** What an agent without a bus keeps of what its storages refused. */
async function fill(kind: Kind, storage: string, count: number): Promise<void> {
  const bus = await openEmbeddedBus({ directory: folder, housekeepingMs: 0 })
  const letters = createDeadLetters({ bus, topic: kind, storage, kind, metrics: createMetrics(), logger: silentLogger })
  for (let number = 1; number <= count; number++) {
    const value = kind === 'metrics' ? sampleOf(number) : lineOf(number)
    const headers = { agent: 'a', epoch: 1, sequence: number, records: 1, cluster: 'c', scanned: true }
    const delivery: Delivery = { kind, key: '/c/a/', value, headers, position: 0 }
    await letters.refused(delivery, new PermanentError('no', { status: 400 }), never)
  }
  await bus.close()
}

function recordingTerminal() {
  const [printed, told]: [string[], string[]] = [[], []]
  const terminal: Terminal = {
    print: (line) => Promise.resolve(void printed.push(line)),
    tell: (line) => void told.push(line),
    gone: never,
    draw: () => undefined,
    isInteractive: false,
  }
  return { printed, told, terminal }
}

const filesIn = (path: string): ReadonlySet<string> => new Set(readdirSync(path, { recursive: true, encoding: 'utf8' }))

const replay = (verb: string, ...flags: readonly string[]) => run(['replay', verb, `--buffer.dir=${folder}`, ...flags])
const send = (...flags: readonly string[]) =>
  replay('send', '--storage=prometheus', `--prometheus.remote.url=${receiver.url}/api/v1/write`, ...flags)

test("the letters of an agent's own buffer are listed and sent, each once, and nothing in it changes", async () => {
  await fill('metrics', 'prometheus', 3)
  await fill('logs', 'loki', 1)
  const before = filesIn(folder)
  const { status, stdout, stderr } = await replay('list')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '4 letters, 4 records\n' })
  const columns = stdout.split('\n').map((line) => line.split('  ').slice(1))
  expect(columns.slice(0, 2)).toEqual([
    ['prometheus', 'c', 'metrics-dead-letter/0/0', '1 record', '400', '-', 'no'],
    ['prometheus', 'c', 'metrics-dead-letter/0/1', '1 record', '400', '-', 'no'],
  ])
  expect(filesIn(folder)).toEqual(before)

  expect(await send()).toEqual({ status: 0, stdout: '', stderr: 'sent 3 letters (3 records) to prometheus\n' })
  expect(receiver.received).toEqual(['s1{j}', 's2{j}', 's3{j}'])

  const { printed, told, terminal } = recordingTerminal()
  const config = configureReplay(['send', '--storage=prometheus', `--buffer.dir=${folder}`], {})
  const opened = await openLetters(config, silentLogger)
  await sendAll(config, opened, { terminal, logger: silentLogger }, never)
  await opened.close()
  const passedOver = 'passed over 3 letters (3 records) that were sent before: --again sends them too'
  expect({ printed, told }).toEqual({ printed: [], told: [passedOver, 'sent 0 letters (0 records) to prometheus'] })
})

test('what was sent before and cannot be read is said once, and in the status', async () => {
  await fill('metrics', 'prometheus', 2)
  await fill('logs', 'loki', 1)
  const config = configureReplay(['list', `--buffer.dir=${folder}`], {})
  const opened = await openLetters(config, silentLogger)
  const store = { ...(opened.store ?? createDirectoryLedgerStore(folder)), load: () => Promise.reject(new Error('no such topic')) }
  const { printed, told, terminal } = recordingTerminal()
  const end = lookAtLetters(config, { ...opened, store }, terminal, never)
  await expect(end).rejects.toEqual(new ExitError('which of them were sent before is not known: - says nothing'))
  await opened.close()
  expect(printed).toHaveLength(3)
  expect(told).toEqual(['what was sent before cannot be told: no such topic', '3 letters, 3 records'])
})

test('a buffer that is in use, or none at all, is named', async () => {
  const open = () => openLetters(configureReplay(['list', `--buffer.dir=${folder}`], {}), silentLogger)
  const flag = `--buffer.dir=${JSON.stringify(folder)}`
  await expect(open()).rejects.toEqual(new ConfigError(`${flag}: expected the folder of a log, with topics in it`))
  const bus = await openEmbeddedBus({ directory: folder, housekeepingMs: 0 })
  try {
    await expect(open()).rejects.toThrow(`${flag}: ${folder} is used by this process already`)
  } finally {
    await bus.close()
  }
})

test('a storage that stays away: status 1, what was sent, and why it was given up', async () => {
  await fill('metrics', 'prometheus', 1)
  await receiver.close()
  const { status, stderr } = await send('--patience=10ms')
  expect(status).toBe(1)
  expect(stderr).toMatch(/waiting: .*ECONNREFUSED/)
  expect(stderr).toMatch(/^sent 0 letters \(0 records\) to prometheus; given up: .*ECONNREFUSED/m)
  receiver = await startReceiver()
})

describe('whoever stops it', () => {
  test('has seen enough: a reader of the list that goes away', async () => {
    await fill('metrics', 'prometheus', 3)
    const child = start(['replay', 'show', `--buffer.dir=${folder}`])
    child.closeStdout()
    expect(await child.ended).toMatchObject({ status: 0, stderr: '' })
  })

  test('by Ctrl-C: the body on its way is finished and noted, so that all go once', async () => {
    await fill('metrics', 'prometheus', 20)
    let requests = 0
    const answers: (() => void)[] = []
    const slow = createServer((request, response) => {
      requests++
      request.resume().on('end', () => answers.push(() => response.writeHead(204).end()))
    })
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
    const { port } = slow.address() as AddressInfo
    const words = ['replay', 'send', '--storage=prometheus', `--prometheus.remote.url=http://127.0.0.1:${port}/`, `--buffer.dir=${folder}`]
    const child = start(words)
    await vi.waitFor(() => expect(answers).toHaveLength(1), { timeout: 20_000, interval: 20 })
    child.signal('SIGINT')
    // Which of the two it hears first is open: it may ask once more.
    const answering = setInterval(() => answers.splice(0).forEach((answer) => answer()), 20)
    const { status, stderr } = await child.ended
    clearInterval(answering)
    slow.close()
    const text = `sent ${requests} ${requests === 1 ? 'letter' : 'letters'} (${requests} ${requests === 1 ? 'record' : 'records'}) to prometheus\n`
    expect({ status, stderr }).toEqual({ status: 0, stderr: `stopped: what was not sent stays\n${text}` })
    await send()
    expect(receiver.received).toEqual(Array.from({ length: 20 - requests }, (_, index) => `s${requests + index + 1}{j}`))
  })
})
