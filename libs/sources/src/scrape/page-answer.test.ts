import type { IncomingMessage, ServerResponse } from 'node:http'

import { createHttpAccess, secretText } from '@clymene/runtime'
import { Agent } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'

import { startExporter } from './exporter.test-kit.ts'
import { pageRequest } from './page-request.test-kit.ts'
import { fetchPage } from './page-request.ts'

const TOKEN = 's3cret-token'
const access = createHttpAccess({
  authorization: { type: 'Bearer', credentials: secretText(TOKEN) },
  headers: new Map([
    ['x-api-key', secretText('s3cret-key')],
    ['accept', secretText('application/x-more')],
  ]),
})

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown

async function exporter(answer: Answer): Promise<string> {
  const { address, close } = await startExporter((request, response) => void answer(request, response))
  closing.push(close)
  return `http://${address}`
}

async function fetchFrom(origin: string, { followRedirects = true, used = access } = {}): Promise<string> {
  const dispatcher = new Agent()
  closing.push(() => dispatcher.destroy())
  const request = pageRequest({ dispatcher, url: { origin, path: '/metrics' }, http: { followRedirects, access: used } })
  const { body } = await fetchPage(request, new AbortController().signal)
  return body.toString()
}

/** What a server was shown. */
const shownBy = ({ headers }: IncomingMessage): string =>
  JSON.stringify({ authorization: headers.authorization, key: headers['x-api-key'], agent: headers['user-agent'] })
const ALL = JSON.stringify({ authorization: `Bearer ${TOKEN}`, key: 's3cret-key', agent: 'Clymene/1.2.3' })
const NONE = JSON.stringify({ agent: 'Clymene/1.2.3' })

const redirect = (response: ServerResponse, location: string, status = 302): unknown =>
  response.writeHead(status, { location }).end('see there')

test('credentials and further headers are shown to the target', async () => {
  expect(await fetchFrom(await exporter((request, response) => response.end(shownBy(request))))).toBe(ALL)
})

test('a further Accept stands behind the own one', async () => {
  const accept = await fetchFrom(await exporter((request, response) => response.end(request.headers.accept)))
  expect(accept).toMatch(/^application\/openmetrics-text;.*, application\/x-more$/)
})

describe('a redirect', () => {
  test.each([301, 302, 303, 307, 308])('%i on the same origin keeps them', async (status) => {
    const origin = await exporter((request, response) =>
      request.url === '/there?a=b' ? response.end(shownBy(request)) : redirect(response, 'there?a=b', status),
    )
    expect(await fetchFrom(origin)).toBe(ALL)
  })

  test('to another origin shows none of them', async () => {
    const other = await exporter((request, response) => response.end(shownBy(request)))
    expect(await fetchFrom(await exporter((_, response) => redirect(response, `${other}/metrics`)))).toBe(NONE)
  })

  test('to the same host under another name shows none of them', async () => {
    const origin = await exporter((request, response) =>
      request.url === '/there' ? response.end(shownBy(request)) : redirect(response, `${origin.replace('127.0.0.1', 'localhost')}/there`),
    )
    expect(await fetchFrom(origin)).toBe(NONE)
  })

  test('away and back shows none of them: the other side chose where', async () => {
    const origin: string = await exporter((request, response) =>
      request.url === '/back' ? response.end(shownBy(request)) : redirect(response, `${other}/`),
    )
    const other: string = await exporter((_, response) => redirect(response, `${origin}/back`))
    expect(await fetchFrom(origin)).toBe(NONE)
  })

  test('without a location, or one of a kind that is not followed, is an answer', async () => {
    const answers: [Answer, string][] = [
      [(_, response) => response.writeHead(302).end(), 'server answered 302 Found, expected 200'],
      [(_, response) => redirect(response, '/there', 300), 'server answered 300 Multiple Choices, expected 200'],
      [(_, response) => response.writeHead(304).end(), 'server answered 304 Not Modified, expected 200'],
    ]
    for (const [answer, message] of answers) await expect(fetchFrom(await exporter(answer))).rejects.toThrow(message)
  })

  test.each([
    ['http://[x', 'server answered 302 with a location that is no URL'],
    ['ftp://a/b', 'server answered 302 with a location of ftp:'],
    ['file:///etc/passwd', 'server answered 302 with a location of file:'],
  ])('to %s fails', async (location, message) => {
    await expect(fetchFrom(await exporter((_, response) => redirect(response, location)))).rejects.toThrow(message)
  })

  test('ten are followed, eleven are not', async () => {
    const chain = (length: number): Promise<string> =>
      exporter((request, response) => {
        const done = Number(request.url?.slice(1)) || 0
        return done === length ? response.end('a 1\n') : redirect(response, `/${done + 1}`)
      })
    expect(await fetchFrom(await chain(10))).toBe('a 1\n')
    await expect(fetchFrom(await chain(11))).rejects.toThrow('more than 10 redirects')
  })

  test('is not followed when the job says so', async () => {
    let requests = 0
    const origin = await exporter((_, response) => (requests++, redirect(response, '/there')))
    await expect(fetchFrom(origin, { followRedirects: false })).rejects.toThrow('server answered 302 Found, expected 200')
    expect(requests).toBe(1)
  })
})

describe('a refusal', () => {
  const refusing = (status: number, text: string): Promise<string> => exporter((_, response) => response.writeHead(status).end(text))

  test.each<[status: number, text: string, message: string]>([
    [401, 'Unauthorized\n', 'server answered 401 Unauthorized, expected 200: Unauthorized'],
    [401, '', 'server answered 401 Unauthorized, expected 200'],
    [
      403,
      'Forbidden (user=system:anonymous, verb=get)',
      'server answered 403 Forbidden, expected 200: Forbidden (user=system:anonymous, verb=get)',
    ],
    [403, '\n\n  first line\nsecond', 'server answered 403 Forbidden, expected 200: first line'],
    [403, '<html><body>no</body>', 'server answered 403 Forbidden, expected 200'],
    [403, 'x'.repeat(20_000), `server answered 403 Forbidden, expected 200: ${'x'.repeat(200)}`],
    [500, 'a stack', 'server answered 500 Internal Server Error, expected 200'],
  ])('%i %.20j', async (status, text, message) => {
    await expect(fetchFrom(await refusing(status, text))).rejects.toThrow(new Error(message))
  })

  test('says when nothing was shown', async () => {
    const none = createHttpAccess({})
    await expect(fetchFrom(await refusing(401, ''), { used: none })).rejects.toThrow(
      '401 Unauthorized, expected 200; no credentials were sent',
    )
  })

  test('does not tell what the server quotes of them', async () => {
    const quoting: Answer = ({ headers }, response) =>
      response.writeHead(401).end(`${headers.authorization} or ${TOKEN} with ${String(headers['x-api-key'])} is wrong`)
    const failure: unknown = await fetchFrom(await exporter(quoting)).catch((error: unknown) => error)
    expect(String(failure)).toContain('is wrong')
    expect(String(failure)).not.toMatch(/s3cret/)
  })

  test('nor of a password', async () => {
    const used = createHttpAccess({ basic: { username: secretText('user'), password: secretText('gehéim-wörd') } })
    const quoting: Answer = (_, response) => response.writeHead(403).end('the password gehéim-wörd of user:gehéim-wörd is wrong')
    const failure: unknown = await fetchFrom(await exporter(quoting), { used }).catch((error: unknown) => error)
    expect(String(failure)).toContain('is wrong')
    expect(String(failure)).not.toContain('gehéim-wörd')
  })

  test('nor of a token in UTF-8', async () => {
    const used = createHttpAccess({ authorization: { type: 'Bearer', credentials: secretText('gehéim-wörd') } })
    const quoting: Answer = (_, response) => response.writeHead(403).end('the token gehéim-wörd is wrong')
    const failure: unknown = await fetchFrom(await exporter(quoting), { used }).catch((error: unknown) => error)
    expect(String(failure)).toContain('is wrong')
    expect(String(failure)).not.toContain('gehéim-wörd')
  })
})
