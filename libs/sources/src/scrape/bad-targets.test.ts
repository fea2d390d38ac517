import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGzip, gzipSync } from 'node:zlib'

import { NO_ACCESS } from '@clymene/runtime'
import type { Dispatcher } from 'undici'
import { afterEach, expect, test, vi } from 'vitest'

import { startExporter, textPage } from './exporter.test-kit.ts'
import { createConnections } from './job-connections.ts'
import { pageRequest } from './page-request.test-kit.ts'
import { fetchPage } from './page-request.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** The origin of a server that speaks HTTP; the sockets that it has open. */
async function http(answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const open = new Set<Socket>()
  const { address, close } = await startExporter((request, response) => {
    if (!open.has(request.socket)) request.socket.once('close', () => open.delete(request.socket))
    open.add(request.socket)
    answer(request, response)
  })
  closing.push(close)
  return { origin: `http://${address}`, open }
}

/** The same of one that speaks TCP; what `said` does with a connection. */
async function tcp(said: (socket: Socket) => unknown, scheme = 'http') {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket
      .on('error', () => undefined)
      .once('close', () => open.delete(socket))
      .resume()
    said(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    for (const socket of open) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what listening on TCP gives
  return { origin: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, open }
}

/** Writes again and again until the other side has gone. */
function endless(response: ServerResponse | Socket, piece: () => string | Buffer, everyMs = 0): void {
  const timer = setInterval(() => {
    if (response.destroyed) clearInterval(timer)
    else if (response.writableLength < 1024 * 1024) response.write(piece())
  }, everyMs)
  response.once('close', () => clearInterval(timer))
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n'
const GZIP = { 'content-encoding': 'gzip', 'content-type': 'text/plain' }
const MEGABYTE = Buffer.alloc(1024 * 1024, 'a 1\n')
/** 100 MB. */
const BOMB = gzipSync(Buffer.alloc(100 * 1024 * 1024))
const TIMEOUT_MS = 500
const LATE = /no complete answer within 0.5 s$/
const TOO_LARGE = /body_size_limit exceeded \(more than 2000000 bytes\)$/

const BAD: readonly [name: string, start: () => Promise<{ readonly origin: string; readonly open: ReadonlySet<Socket> }>, error: RegExp][] =
  [
    ['never says a word of TLS', () => tcp(() => undefined, 'https'), LATE],
    ['never says a word', () => tcp(() => undefined), LATE],
    ['stops within the headers', () => tcp((socket) => socket.write(HEAD)), LATE],
    [
      'sends headers without an end',
      () => tcp((socket) => (socket.write(HEAD), endless(socket, () => `x: ${'y'.repeat(1000)}\r\n`))),
      /Headers Overflow/,
    ],
    ['sends interim answers without an end', () => tcp((socket) => endless(socket, () => 'HTTP/1.1 102 Processing\r\n\r\n')), LATE],
    ['stops within the body', () => http((_, response) => response.write('a 1\n')), LATE],
    ['sends a byte now and then', () => http((_, response) => endless(response, () => 'a', 50)), LATE],
    ['sends much', () => http((_, response) => endless(response, () => MEGABYTE)), TOO_LARGE],
    ['claims to send much', () => tcp((socket) => socket.write(`${HEAD}content-length: 100000000000\r\n\r\na`)), LATE],
    ['sends much that is packed', () => http((_, response) => response.writeHead(200, GZIP).end(BOMB)), TOO_LARGE],
    [
      'sends gzip without an end',
      () =>
        http((_, response) => {
          const zip = createGzip({ level: 0 })
          zip.pipe(response.writeHead(200, GZIP))
          response.once('close', () => zip.destroy())
          endless(response, () => (zip.destroyed || zip.write(MEGABYTE), Buffer.alloc(0)), 5)
        }),
      TOO_LARGE,
    ],
    ['resets', () => tcp((socket) => socket.resetAndDestroy()), /ECONNRESET|other side closed/],
    [
      'resets within the body',
      () => http((_, response) => response.write('a 1\n', () => response.socket?.resetAndDestroy())),
      /ECONNRESET|other side closed|aborted/,
    ],
    ['hangs up', () => tcp((socket) => socket.end()), /other side closed$/],
    ['speaks something else', () => tcp((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')), /HTTP/],
    ['redirects to itself', () => http((_, response) => response.writeHead(302, { location: '/' }).end()), /more than 10 redirects$/],
    ['is not there', () => Promise.resolve({ origin: 'http://127.0.0.1:1', open: new Set() }), /connect ECONNREFUSED 127.0.0.1:1$/],
  ]

test('targets that misbehave fail alone, each with its reason, and leave nothing open', async () => {
  // Closes connections that it might have kept, sometimes while the next request is on its way.
  const good = await http((_, response) => {
    textPage(response, 'a 1\n')
    setTimeout(() => response.socket?.destroy(), 5)
  })
  const bad = await Promise.all(BAD.map(async ([name, start, error]) => ({ name, error, ...(await start()) })))
  const resources = countResources()
  const dispatcher = createConnections(NO_ACCESS, 2 * TIMEOUT_MS)
  let isOver = false
  const scrapes = (async () => {
    const pages: string[] = []
    while (!isOver || pages.length < 10) pages.push(await scraped(dispatcher, good.origin, 10_000))
    return pages
  })()
  const outcomes = await Promise.all(bad.map(({ origin, error }) => scraped(dispatcher, origin, error === LATE ? TIMEOUT_MS : 10_000)))
  isOver = true
  expect(outcomes.map((outcome, index) => `${bad[index]?.name}: ${outcome}`)).toEqual(
    bad.map(({ name, error }) => expect.stringMatching(new RegExp(`^${name}: .*${error.source}`))),
  )
  expect(new Set(await scrapes)).toEqual(new Set(['a 1\n']))
  // Only what was answered to the end is kept; a connection whose TLS is not agreed upon takes until its own limit.
  const kept = new Set(['never says a word of TLS', 'sends much that is packed', 'redirects to itself'])
  await vi.waitFor(() => expect(bad.filter(({ open, name }) => open.size > (kept.has(name) ? 1 : 0)).map(({ name }) => name)).toEqual([]))
  await dispatcher.destroy()
  for (const end = Date.now() + 5000; Date.now() < end && countResources() > resources;) await sleep(20)
  expect(countResources()).toBeLessThanOrEqual(resources)
})

async function scraped(dispatcher: Dispatcher, origin: string, timeoutMs: number): Promise<string> {
  const request = pageRequest({ dispatcher, url: { origin, path: '/' }, timeoutMs, maxBytes: 2_000_000 })
  const page = await fetchPage(request, new AbortController().signal).catch((error: unknown) => String(error))
  return typeof page === 'string' ? page : page.body.toString()
}

/** Sockets and timers of this process. */
const countResources = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap' || kind === 'Timeout').length
