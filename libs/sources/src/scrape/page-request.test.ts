import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

import { NO_ACCESS } from '@clymene/runtime'
import { acceptHeader } from '@clymene/wire'
import { Agent } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'

import { startExporter } from './exporter.test-kit.ts'
import { pageRequest } from './page-request.test-kit.ts'
import { fetchPage, type PageRequest } from './page-request.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

async function fetchFrom(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  options: Partial<PageRequest> = {},
  signal = new AbortController().signal,
): Promise<string> {
  const exporter = await startExporter(answer)
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
  closing.push(
    () => agent.destroy(),
    () => exporter.close(),
  )
  const url = { origin: `http://${exporter.address}`, path: '/metrics?a=b' }
  const request = pageRequest({ dispatcher: agent, url, maxBytes: 1000, ...options })
  const { body, contentType } = await fetchPage(request, signal)
  return `${contentType}: ${body.toString()}`
}

const zipped = (response: ServerResponse, text: string | Buffer): unknown =>
  response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'x/y' }).end(typeof text === 'string' ? gzipSync(text) : text)

describe('fetchPage', () => {
  test('asks as Prometheus does', async () => {
    let seen: unknown
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      const { accept, 'accept-encoding': encoding, 'user-agent': agent, authorization } = request.headers
      const timeout = request.headers['x-prometheus-scrape-timeout-seconds']
      seen = { method: request.method, url: request.url, accept, encoding, agent, timeout, authorization }
      response.writeHead(200, { 'content-type': 'text/plain' }).end('a 1\n')
    }
    const access = { ...NO_ACCESS, headers: () => ({ authorization: 'Bearer x' }) }
    expect(await fetchFrom(answer, { http: { followRedirects: true, access }, timeoutMs: 1500 })).toBe('text/plain: a 1\n')
    expect(seen).toEqual({
      method: 'GET',
      url: '/metrics?a=b',
      accept: expect.stringMatching(/^application\/openmetrics-text;version=1\.0\.0;.*text\/plain;version=0\.0\.4;q=0\.3,\*\/\*;q=0\.2$/),
      encoding: 'gzip',
      agent: 'Clymene/1.2.3',
      timeout: '1.5',
      authorization: 'Bearer x',
    })
  })

  test('asks for what the job wants', async () => {
    const answer = ({ headers }: IncomingMessage, response: ServerResponse): unknown =>
      response.end(`${headers.accept} ${String(headers['accept-encoding'])}`)
    expect(await fetchFrom(answer, { accept: acceptHeader(['PrometheusText0.0.4']), enableCompression: false })).toBe(
      'undefined: text/plain;version=0.0.4;q=0.6,*/*;q=0.5 identity',
    )
  })

  test.each([
    [10_000, '10'],
    [15_500, '15.5'],
  ])('says that it has %d ms', async (timeoutMs, said) => {
    let seen: unknown
    const answer = ({ headers }: IncomingMessage, response: ServerResponse): unknown => {
      seen = headers['x-prometheus-scrape-timeout-seconds']
      return response.end()
    }
    await fetchFrom(answer, { timeoutMs })
    expect(seen).toBe(said)
  })

  test('unpacks gzip', async () => {
    expect(await fetchFrom((_, response) => zipped(response, 'a 1\n'))).toBe('x/y: a 1\n')
  })

  test('follows a redirect', async () => {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      if (request.url === '/there') response.end('a 1\n')
      else response.writeHead(302, { location: '/there' }).end()
    }
    expect(await fetchFrom(answer)).toBe('undefined: a 1\n')
  })

  test('asks once more when the kept connection was closed', async () => {
    const used = new WeakSet<object>()
    const exporter = await startExporter((request, response) => {
      if (used.has(request.socket)) request.socket.destroy()
      else response.end('a 1\n')
      used.add(request.socket)
    })
    const agent = new Agent({ keepAliveTimeout: 60_000 })
    closing.push(
      () => agent.destroy(),
      () => exporter.close(),
    )
    const url = { origin: `http://${exporter.address}`, path: '/' }
    const request = pageRequest({ dispatcher: agent, url })
    for (let scrape = 0; scrape < 3; scrape++) {
      expect((await fetchPage(request, new AbortController().signal)).body.toString()).toBe('a 1\n')
    }
  })

  const failures: [string, (response: ServerResponse) => unknown, string][] = [
    ['a status that is not 200', (response) => response.writeHead(503).end('no'), 'server answered 503 Service Unavailable, expected 200'],
    ['no content', (response) => response.writeHead(204).end(), 'server answered 204 No Content, expected 200'],
    ['1001 bytes of 1000', (response) => response.end('x'.repeat(1001)), 'body_size_limit exceeded (more than 1000 bytes)'],
    [
      '1001 bytes of 1000 once unpacked',
      (response) => zipped(response, 'x'.repeat(1001)),
      'body_size_limit exceeded (more than 1000 bytes)',
    ],
    ['a body that does not end', (response) => response.write('x'.repeat(2000)), 'body_size_limit exceeded (more than 1000 bytes)'],
    ['damaged gzip', (response) => zipped(response, Buffer.from('a 1\n')), 'the gzip body is damaged: incorrect header check'],
    [
      'gzip that is cut',
      (response) => zipped(response, gzipSync('a 1\n').subarray(0, -9)),
      'the gzip body is damaged: unexpected end of file',
    ],
    [
      'a connection that is cut',
      (response) => response.writeHead(200, { 'content-length': 9 }).write('a', () => response.destroy()),
      'other side closed',
    ],
  ]
  test.each(failures)('fails: %s', async (_, answer, message) => {
    await expect(fetchFrom((_request, response) => void answer(response))).rejects.toThrow(message)
  })

  test('1000 bytes of 1000 are taken', async () => {
    expect(await fetchFrom((_, response) => response.end('x'.repeat(1000)))).toHaveLength(1000 + 'undefined: '.length)
    expect(await fetchFrom((_, response) => zipped(response, 'x'.repeat(1000)))).toHaveLength(1000 + 'x/y: '.length)
  })

  test.each([
    ['before the headers', (): void => undefined],
    ['in the middle of the body', (response: ServerResponse): unknown => response.write('a 1\n')],
  ])('fails when the time is over %s', async (_, answer) => {
    await expect(fetchFrom((_request, response) => void answer(response), { timeoutMs: 50 })).rejects.toThrow(
      'no complete answer within 0.05 s',
    )
  })

  test('fails when the time is over before there is a connection', async () => {
    const open = new Set<Socket>()
    const silent = createServer((socket) => void open.add(socket.on('error', () => undefined)))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    closing.push(() => {
      for (const socket of open) socket.destroy()
      return new Promise((resolve) => silent.close(() => resolve()))
    })
    const address = silent.address()
    const url = { origin: `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, path: '/' }
    // A connection itself may take 10 s, and fails with another message.
    await expect(fetchFrom(() => undefined, { url, timeoutMs: 50 })).rejects.toThrow('no complete answer within 0.05 s')
  })

  test('an abort ends it with the reason', async () => {
    const stop = new AbortController()
    await expect(fetchFrom(() => stop.abort(new Error('stopped')), {}, stop.signal)).rejects.toThrow('stopped')
    await expect(fetchFrom(() => undefined, {}, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
  })

  test('nobody listens, or the address is none', async () => {
    await expect(fetchFrom(() => undefined, { url: { origin: 'http://127.0.0.1:1', path: '/' } })).rejects.toThrow('ECONNREFUSED')
    await expect(fetchFrom(() => undefined, { url: { origin: 'http://a b', path: '/' } })).rejects.toThrow(/Invalid URL/i)
  })
})
