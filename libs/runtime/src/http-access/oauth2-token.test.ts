import { generateKeyPairSync, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { mappingOf } from '@clymene/model'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { authorizedRequest } from './authorized-request.ts'
import { parsedMap } from './config-map.test-kit.ts'
import { openConnections } from './connections.ts'
import { createHttpAccess, NO_ACCESS } from './http-access.ts'
import { parseOAuth2 } from './oauth2-config.ts'
import { createTokenSource, type OAuth2Options } from './oauth2-token.ts'
import { authority, closeAll, closeLater, startPlain, startProxy, startTls } from './servers.test-kit.ts'

const SECRET = 'hunter2 &+ö'
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const never = new AbortController().signal

let ahead = 0
let asked: Asked[] = []
beforeEach(() => {
  // Files are looked at, and tokens go by, a clock that the tests move.
  const real = performance.now.bind(performance)
  ahead = 0
  asked = []
  vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await closeAll()
})

type Asked = { readonly line: string; readonly authorization: string | undefined; readonly form: Readonly<Record<string, string>> }
type Reply = (response: ServerResponse, asked: Asked) => unknown

/** Grants `token-1`, `token-2`…; every request is noted. */
async function tokenServer(reply: Reply = grant(), start = startPlain): Promise<string> {
  const origin = await start((request, response) => {
    void (async () => {
      const { method, url, headers } = request
      const form = Object.fromEntries(new URLSearchParams(await text(request)))
      const one = { line: `${method} ${url} ${headers['content-type']}`, authorization: headers.authorization, form }
      asked.push(one)
      reply(response, one)
    })()
  })
  return `${origin}/token?tenant=t`
}

const grant =
  (more: object = {}): Reply =>
  (response) =>
    response.end(JSON.stringify({ access_token: `token-${asked.length}`, token_type: 'bearer', ...more }))
const answer =
  (status: number, body: unknown): Reply =>
  (response) =>
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))

function optionsOf(fields: object): OAuth2Options {
  const { value, mistakes } = parsedMap({ client_id: 'the client', ...fields }, (map) => parseOAuth2(map, '.', {}))
  if (value === undefined || mistakes.length > 0) throw new Error(mistakes.join('\n'))
  return value
}
const sourceOf = (fields: object) => createTokenSource(optionsOf(fields))

describe('asking for a token', () => {
  test('shows name and secret as Basic credentials, escaped, and every parameter', async () => {
    const token_url = await tokenServer()
    const source = sourceOf({ token_url, client_secret: SECRET, scopes: ['a', 'b c'], endpoint_params: { x: 'ü' } })
    expect(await source.authorization(never)).toBe('Bearer token-1')
    const pair = `the+client:hunter2+%26%2B%C3%B6`
    expect(asked).toEqual([
      {
        line: 'POST /token?tenant=t application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
        form: { grant_type: 'client_credentials', scope: 'a b c', x: 'ü' },
      },
    ])
  })

  test.each([400, 401])('shows them as parameters to who answers %d', async (status) => {
    const token_url = await tokenServer((response, one) =>
      (one.authorization === undefined ? grant() : answer(status, { error: 'invalid_client' }))(response, one),
    )
    expect(await sourceOf({ token_url, client_secret: SECRET }).authorization(never)).toBe('Bearer token-2')
    expect(asked[1]?.form).toEqual({ grant_type: 'client_credentials', client_id: 'the client', client_secret: SECRET })
  })

  test.each(['RS256', 'RS384', 'RS512'])('shows an assertion that is signed by the key, %s', async (signature_algorithm) => {
    const token_url = await tokenServer()
    const fields = { token_url, signature_algorithm, scopes: ['s'], claims: { more: true, iss: 'mine' }, client_certificate_key_id: '7' }
    const key = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' })
    const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
    expect(await sourceOf({ ...fields, grant_type, client_certificate_key: key }).authorization(never)).toBe('Bearer token-1')
    const { assertion = '', ...form } = asked[0]?.form ?? {}
    expect({ form, authorization: asked[0]?.authorization }).toEqual({ form: { grant_type, scope: 's' }, authorization: undefined })
    const [header = '', claims = '', signature = ''] = assertion.split('.')
    const content = (part: string): ReadonlyMap<string, unknown> | undefined =>
      mappingOf(JSON.parse(Buffer.from(part, 'base64url').toString()))
    expect(Object.fromEntries(content(header) ?? [])).toEqual({ alg: signature_algorithm, typ: 'JWT', kid: '7' })
    const { iat, exp, ...others } = Object.fromEntries(content(claims) ?? [])
    expect(others).toEqual({ iss: 'mine', sub: 'the client', aud: token_url, scope: 's', more: true, jti: expect.any(String) })
    expect(Number(exp) - Number(iat)).toBe(600)
    expect(Math.abs(Number(iat) - Date.now() / 1000)).toBeLessThan(60)
    const digest = `sha${signature_algorithm.slice(2)}`
    expect(verify(digest, Buffer.from(`${header}.${claims}`), rsa.publicKey, Buffer.from(signature, 'base64url'))).toBe(true)
  })

  test('goes by TLS and through a proxy of its own', async () => {
    const [token_url, proxy] = [await tokenServer(grant(), startTls), await startProxy()]
    const source = sourceOf({ token_url, proxy_url: proxy.url, tls_config: { ca: authority.cert } })
    expect(await source.authorization(never)).toBe('Bearer token-1')
    expect(proxy.asked).toHaveLength(1)
  })

  test.each([
    ['MAC', 'MAC token-1'],
    ['', 'Bearer token-1'],
    ['BEARER', 'Bearer token-1'],
    ['a\nb', 'Bearer token-1'],
    [1, 'Bearer token-1'],
  ])('a token of type %j', async (token_type, shown) => {
    expect(await sourceOf({ token_url: await tokenServer(grant({ token_type })) }).authorization(never)).toBe(shown)
  })
})

describe('no token', () => {
  test.each<[reply: Reply, message: string]>([
    [answer(401, { error: 'invalid_client', error_description: `who is\n${SECRET}` }), 'it answered 401: invalid_client, who is ***'],
    [answer(400, { error: 'invalid_scope' }), 'it answered 400: invalid_scope'],
    [answer(503, '<html>no</html>'), 'it answered 503'],
    [answer(302, ''), 'it answered 302'],
    [answer(200, { error: 'odd' }), 'its answer has no access_token: odd'],
    [answer(200, 'access_token=a'), 'its answer has no access_token'],
    [answer(200, { access_token: '' }), 'its answer has no access_token'],
    [answer(200, { access_token: ['a'] }), 'its answer has no access_token'],
    [answer(200, { access_token: 'a\nb' }), 'its access_token holds what a header cannot carry'],
    [answer(200, 'x'.repeat(1024 * 1024 + 1)), 'it answered more than 1048576 bytes'],
    [(response) => response.destroy(), 'other side closed'],
  ])('%#: %s', async (reply, message) => {
    const token_url = await tokenServer(reply)
    const { origin } = new URL(token_url)
    const failing = sourceOf({ token_url, client_secret: SECRET }).authorization(never)
    await expect(failing).rejects.toThrow(new Error(`the token endpoint ${origin}/token: ${message}`))
  })

  test('the key is none, and is not told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'clymene-oauth2-'))
    try {
      const file = join(folder, 'key')
      writeFileSync(file, 'hidden')
      const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
      const failing = sourceOf({ token_url: 'http://127.0.0.1:1', grant_type, client_certificate_key_file: file }).authorization(never)
      await expect(failing).rejects.toThrow(
        new Error('the token endpoint http://127.0.0.1:1/: expected a private key as PEM, without a passphrase'),
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('nobody listens, and a thousand who ask are one request a second', async () => {
    const token_url = await tokenServer(answer(500, ''))
    const source = sourceOf({ token_url })
    const askThousand = () => Promise.allSettled(Array.from({ length: 1000 }, () => source.authorization(never)))
    await askThousand()
    await askThousand()
    expect(asked).toHaveLength(1)
    ahead += 1000
    await askThousand()
    expect(asked).toHaveLength(2)
    await expect(sourceOf({ token_url: 'http://127.0.0.1:1/t' }).authorization(never)).rejects.toThrow(
      'the token endpoint http://127.0.0.1:1/t: connect ECONNREFUSED 127.0.0.1:1',
    )
  })

  test('who does not want to wait any more ends alone', async () => {
    const waiting = Promise.withResolvers<ServerResponse>()
    const source = sourceOf({ token_url: await tokenServer((response) => waiting.resolve(response)) })
    const [stop, patient] = [new AbortController(), source.authorization(never)]
    const impatient = source.authorization(stop.signal)
    const response = await waiting.promise
    stop.abort(new Error('enough'))
    await expect(impatient).rejects.toThrow('enough')
    await expect(source.authorization(stop.signal)).rejects.toThrow('enough')
    response.end('{"access_token":"late"}')
    expect(await patient).toBe('Bearer late')
  })
})

describe('a token is kept', () => {
  test.each<[expires_in: unknown, keptMs: number]>([
    [3600, 3_590_000],
    ['3600', 3_590_000],
    [10, 5000],
  ])('%j seconds long, less what a request takes', async (expires_in, keptMs) => {
    const source = sourceOf({ token_url: await tokenServer(grant({ expires_in })) })
    await source.authorization(never)
    ahead += keptMs - 2000
    expect(await source.authorization(never)).toBe('Bearer token-1')
    ahead += 2000
    expect(await source.authorization(never)).toBe('Bearer token-2')
  })

  test.each([undefined, 0, -1, 'soon'])('for ever when its end is %j', async (expires_in) => {
    const source = sourceOf({ token_url: await tokenServer(grant({ expires_in })) })
    await source.authorization(never)
    ahead += 86_400_000_000
    expect(await source.authorization(never)).toBe('Bearer token-1')
  })

  test('until the file of the secret changes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'clymene-oauth2-'))
    try {
      const client_secret_file = join(folder, 's')
      writeFileSync(client_secret_file, 'one\n')
      const source = sourceOf({ token_url: await tokenServer(), client_secret_file })
      await source.authorization(never)
      writeFileSync(client_secret_file, 'two\n')
      ahead += 1000
      expect(await source.authorization(never)).toBe('Bearer token-2')
      expect(asked.map(({ authorization = '' }) => Buffer.from(authorization.slice(6), 'base64').toString())).toEqual([
        'the+client:one',
        'the+client:two',
      ])
      rmSync(client_secret_file)
      ahead += 1000
      await expect(source.authorization(never)).rejects.toThrow(`cannot read ${client_secret_file}: no such file`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('a request', () => {
  const tokens = new Set<string>()
  beforeEach(() => tokens.clear())
  async function asking(tokenUrl: string) {
    const target = await startPlain(({ headers }, response) => {
      const shown = headers.authorization ?? ''
      response.writeHead(tokens.has(shown) ? 200 : 401).end(`${shown} ${String(headers['x-a'])}`)
    })
    const access = createHttpAccess({ oauth2: optionsOf({ token_url: tokenUrl }), headers: new Map([['x-a', () => '1']]) })
    const dispatcher = closeLater(openConnections(access, { connectTimeoutMs: 5000 }))
    return async (): Promise<string> => {
      const send = (headers: Readonly<Record<string, string>>) => dispatcher.request({ origin: target, path: '/', method: 'GET', headers })
      const { response, secrets } = await authorizedRequest(access, send, never)
      return `${response.statusCode} ${await response.body.text()}, ${secrets['authorization']}`
    }
  }

  test('carries the token and the other headers', async () => {
    tokens.add('Bearer token-1')
    expect(await (await asking(await tokenServer()))()).toBe('200 Bearer token-1 1, Bearer token-1')
  })

  test('that is refused is sent once more with a new token', async () => {
    tokens.add('Bearer token-1')
    const ask = await asking(await tokenServer())
    await ask()
    tokens.clear()
    tokens.add('Bearer token-2')
    ahead += 10_000
    expect(await ask()).toBe('200 Bearer token-2 1, Bearer token-2')
    expect(await ask()).toBe('200 Bearer token-2 1, Bearer token-2')
    expect(asked).toHaveLength(2)
  })

  test('that is always refused does not ask for a token each time', async () => {
    const ask = await asking(await tokenServer())
    for (let time = 0; time < 5; time++) expect(await ask()).toMatch('401 Bearer token-1')
    ahead += 10_000
    for (let time = 0; time < 5; time++) expect(await ask()).toMatch('401 Bearer token-2')
    expect(asked).toHaveLength(2)
  })

  test('without OAuth 2 is sent once', async () => {
    let sent = 0
    const origin = await startPlain((_, response) => (sent++, response.writeHead(401).end()))
    const dispatcher = closeLater(openConnections(NO_ACCESS, { connectTimeoutMs: 5000 }))
    const send = () => dispatcher.request({ origin, path: '/', method: 'GET' })
    const { response, secrets } = await authorizedRequest(NO_ACCESS, send, never)
    expect({ status: response.statusCode, secrets, sent }).toEqual({ status: 401, secrets: {}, sent: 1 })
  })
})
