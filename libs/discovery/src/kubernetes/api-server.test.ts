import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'

import { parseHttpAccess, secretText } from '@clymene/runtime'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { createApiServer, type ApiAccess } from './api-server.ts'
import { parseKubeconfig } from './kubeconfig.ts'
import { startScriptedApi, statusOf, type Asked } from './scripted-api.test-kit.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const never = new AbortController().signal
const textOf = async (body: Readable): Promise<string> => Buffer.concat(await body.toArray()).toString()

async function serving(answer: (asked: Asked, index: number) => void) {
  const server = await startScriptedApi(answer)
  closing.push(server.close)
  let access: ApiAccess = { url: server.url, http: {} }
  const api = createApiServer(() => access)
  closing.push(api.close)
  return { server, api, use: (next: Partial<ApiAccess>) => void (access = { ...access, ...next }) }
}

test.each([
  ['', '/api/v1/pods'],
  ['/', '/api/v1/pods'],
  ['/k8s/clusters/c-1', '/k8s/clusters/c-1/api/v1/pods'],
  ['/k8s/clusters/c-1/', '/k8s/clusters/c-1/api/v1/pods'],
])('an address with the path %j', async (path, expected) => {
  const { server, api, use } = await serving((asked) => asked.answer(200, '{}'))
  use({ url: `${server.url}${path}` })
  expect(await textOf(await api.get('/api/v1/pods', new URLSearchParams({ labelSelector: 'a in (b, c)' }), never))).toBe('{}')
  expect(server.asked[0]?.path).toBe(expected)
  expect(server.asked[0]?.query.get('labelSelector')).toBe('a in (b, c)')
})

test('a watch that runs goes on when the access changes; the next request has the new one', async () => {
  const { server, api, use } = await serving((asked) => asked.watch({ n: 1 }))
  use({ http: { authorization: { type: 'Bearer', credentials: secretText('old') } } })
  const first = await api.get('/a', new URLSearchParams(), never)
  use({ http: { authorization: { type: 'Bearer', credentials: secretText('new') } } })
  const second = await api.get('/b', new URLSearchParams(), never)
  expect(server.asked.map(({ authorization }) => authorization)).toEqual(['Bearer old', 'Bearer new'])
  for (const asked of server.asked) {
    asked.send({ n: 2 })
    asked.end()
  }
  expect(await textOf(first)).toBe('{"n":1}\n{"n":2}\n')
  expect(await textOf(second)).toBe('{"n":1}\n{"n":2}\n')
})

test('a refusal that quotes the token does not show it', async () => {
  const { api, use } = await serving((asked) => asked.answer(401, statusOf(401, 'Unauthorized', `who is ${asked.authorization}?`)))
  use({ http: { authorization: { type: 'Bearer', credentials: secretText('a-token-of-ours') } } })
  const refusal = api.get('/a', new URLSearchParams(), never)
  await expect(refusal).rejects.toThrow('who is Bearer ***?')
})

describe('writes', () => {
  test.each<[method: 'POST' | 'PUT', status: number]>([
    ['POST', 201],
    ['PUT', 200],
    ['PUT', 201],
  ])('a %s that is answered with %i gives the object as it is now', async (method, status) => {
    const { server, api } = await serving((asked) => asked.answer(status, { metadata: { resourceVersion: '2' } }))
    expect(await api.write(method, '/apis/x/leases/l', { spec: { a: 1 } }, never)).toEqual({ metadata: { resourceVersion: '2' } })
    expect(server.asked.map((one) => [one.method, one.path, one.contentType])).toEqual([[method, '/apis/x/leases/l', 'application/json']])
  })

  test.each<[what: string, answer: (asked: Asked) => void, expected: object]>([
    ['a conflict', (asked) => asked.answer(409, statusOf(409, 'Conflict', 'changed')), { status: 409, reason: 'Conflict' }],
    ['no object', (asked) => asked.answer(200, '[1]'), { message: 'expected an object in JSON' }],
    ['no JSON', (asked) => asked.answer(200, 'fine'), { message: 'expected an object in JSON' }],
  ])('%s is an error', async (_what, answer, expected) => {
    const { api } = await serving(answer)
    await expect(api.write('PUT', '/a', {}, never)).rejects.toMatchObject(expected)
  })
})

describe('refusals', () => {
  test.each<[what: string, answer: (asked: Asked) => void, expected: object]>([
    [
      'a status',
      (asked) => asked.answer(409, statusOf(409, 'Conflict', 'no', { retryAfterSeconds: 3 })),
      { status: 409, reason: 'Conflict', message: 'answered 409: no', retryAfterMs: 3000 },
    ],
    [
      'a page',
      (asked) => asked.answer(503, '<p>away</p>\n<p>more</p>', { 'retry-after': '2' }),
      { status: 503, reason: '', message: 'answered 503: <p>away</p>', retryAfterMs: 2000 },
    ],
    ['nothing', (asked) => asked.answer(500, ''), { status: 500, message: 'answered 500' }],
    ['other JSON', (asked) => asked.answer(500, '[1]'), { status: 500, message: 'answered 500: [1]' }],
  ])('%s', async (_what, answer, expected) => {
    const { api } = await serving(answer)
    await expect(api.get('/a', new URLSearchParams(), never)).rejects.toMatchObject({ name: 'ApiError', ...expected })
  })

  test('a large body is read to a bound', async () => {
    const { api } = await serving((asked) => asked.answer(500, 'x'.repeat(10_000_000)))
    await expect(api.get('/a', new URLSearchParams(), never)).rejects.toMatchObject({
      status: 500,
      message: `answered 500: ${'x'.repeat(200)}`,
    })
  })

  test('a redirect is refused: the credentials are for this server only', async () => {
    let asked = 0
    const other = createServer((_request, response) => {
      asked++
      response.end('{}')
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    closing.push(() => new Promise((resolve) => other.close(resolve)))
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
    const { port } = other.address() as AddressInfo
    const { api } = await serving((one) => one.answer(307, '', { location: `http://127.0.0.1:${port}/` }))
    await expect(api.get('/a', new URLSearchParams(), never)).rejects.toMatchObject({ status: 307 })
    expect(asked).toBe(0)
  })
})

describe('ways there', () => {
  const listening = async (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> => {
    const server = createServer(answer)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => new Promise((resolve) => server.close(resolve)))
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const httpOf = (fields: Readonly<Record<string, unknown>>) => parseHttpAccess(new Map(Object.entries(fields)), 'k[0]', { directory: '/' })

  test.each<[what: string, httpFor: (proxy: string) => ApiAccess['http']]>([
    ['proxy_url', (proxy_url) => httpOf({ proxy_url })],
    [
      'the proxy-url of a kubeconfig',
      (proxy) =>
        parseKubeconfig(
          JSON.stringify({
            'current-context': 'c',
            contexts: [{ name: 'c', context: { cluster: 'k' } }],
            clusters: [{ name: 'k', cluster: { server: 'http://api.example', 'proxy-url': proxy } }],
          }),
          '/config',
        ).http,
    ],
  ])('through %s', async (_what, httpFor) => {
    const asked: (string | undefined)[] = []
    const proxy = await listening(({ url }, response) => {
      asked.push(url)
      response.end('{}')
    })
    const { api, use } = await serving((one) => one.answer(500, 'not asked'))
    use({ url: 'http://api.example/path', http: httpFor(proxy) })
    expect(await textOf(await api.get('/api/v1/pods', new URLSearchParams({ a: 'b' }), never))).toBe('{}')
    expect(asked).toEqual(['http://api.example/path/api/v1/pods?a=b'])
  })

  test('with a token of OAuth 2, which no refusal shows', async () => {
    const token_url = await listening((_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ access_token: 'a-token-of-theirs', token_type: 'Bearer', expires_in: 3600 }))
    })
    const { server, api, use } = await serving((one, index) => (index === 0 ? one.answer(200, '{}') : one.answer(403, one.authorization)))
    use({ http: httpOf({ oauth2: { client_id: 'c', client_secret: 's', token_url } }) })
    expect(await textOf(await api.get('/a', new URLSearchParams(), never))).toBe('{}')
    expect(server.asked[0]?.authorization).toBe('Bearer a-token-of-theirs')
    await expect(api.get('/b', new URLSearchParams(), never)).rejects.toThrow('answered 403: Bearer ***')
  })
})

test('an abort ends a request and a body', async () => {
  const { server, api } = await serving((asked, index) => {
    if (index > 0) asked.watch({ n: 1 })
  })
  const stop = new AbortController()
  const waiting = api.get('/a', new URLSearchParams(), stop.signal)
  await vi.waitFor(() => expect(server.asked).toHaveLength(1))
  const body = await api.get('/b', new URLSearchParams(), stop.signal)
  stop.abort()
  await expect(waiting).rejects.toThrow('aborted')
  await expect(textOf(body)).rejects.toThrow('aborted')
})
