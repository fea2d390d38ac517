import type { RequestListener } from 'node:http'

import { afterEach, describe, expect, test } from 'vitest'

import { connectionReason } from '../connection-reason.ts'
import { parseHttpAccess } from './access-config.ts'
import { openConnections } from './connections.ts'
import { createHttpAccess } from './http-access.ts'
import { authority, closeAll, closeLater, startHttp2, startPlain, startProxy, startSilent, startTls } from './servers.test-kit.ts'

afterEach(closeAll)

/** Asks over the connections of this configuration. */
function asking(fields: object, env: NodeJS.ProcessEnv = {}, connectTimeoutMs = 5000) {
  const all = new Map<string, unknown>([...Object.entries({ tls_config: { ca: authority.cert } }), ...Object.entries(fields)])
  const access = createHttpAccess(parseHttpAccess(all, 'job', { directory: '.', env }))
  const dispatcher = closeLater(openConnections(access, { connectTimeoutMs }))
  return async (origin: string, headers: Readonly<Record<string, string>> = {}): Promise<string> => {
    const answered = dispatcher.request({ origin, path: '/a?b=c', method: 'GET', headers }).catch((error: unknown) => {
      throw new Error(connectionReason(error).text)
    })
    const { statusCode, body } = await answered
    const text = await body.text()
    // A connection is free for the next request a turn after its answer.
    await new Promise((resolve) => setImmediate(resolve))
    return `${statusCode} ${text}`
  }
}

const echo: RequestListener = ({ url, headers }, response) => response.end(`${url} ${headers.host} ${String(headers['x-a'])}`)
const plain = () => startPlain(echo)
const secure = () => startTls(echo)
const hostOf = (url: string): string => new URL(url).host
const BASIC = `Basic ${Buffer.from('jürgen:ge:heim').toString('base64')}`

describe.each([{ tls: false }, { tls: true }])('a proxy, itself with TLS: $tls', (options) => {
  test('is asked for the whole URL of a plain target', async () => {
    const [target, proxy] = [await plain(), await startProxy(options)]
    const ask = asking({ proxy_url: proxy.url.replace('//', '//j%C3%BCrgen:ge%3Aheim@'), proxy_connect_header: { 'x-more': ['m'] } })
    expect(await ask(target, { 'x-a': '1' })).toBe(`200 /a?b=c ${hostOf(target)} 1`)
    expect(await ask(target, { 'x-a': '2' })).toBe(`200 /a?b=c ${hostOf(target)} 2`)
    const line = `GET ${target}/a?b=c ${hostOf(target)} ${BASIC}`
    expect(proxy.asked).toEqual([line, line])
  })

  test('opens a tunnel to a target with TLS, once', async () => {
    const [target, proxy] = [await secure(), await startProxy(options)]
    const ask = asking({ proxy_url: proxy.url.replace('//', '//j%C3%BCrgen:ge%3Aheim@'), proxy_connect_header: { 'X-More': ['m', 'n'] } })
    expect(await ask(target, { 'x-a': '1' })).toBe(`200 /a?b=c ${hostOf(target)} 1`)
    expect(await ask(target, { 'x-a': '2' })).toBe(`200 /a?b=c ${hostOf(target)} 2`)
    expect(proxy.asked).toEqual([`CONNECT ${hostOf(target)} ${hostOf(target)} ${BASIC} m, n`])
  })
})

test('targets that need no proxy are asked straight', async () => {
  const [one, other, proxy] = [await plain(), await secure(), await startProxy()]
  const ask = asking({ proxy_url: proxy.url, no_proxy: '192.0.2.1' })
  expect(await ask(one)).toMatch('200')
  expect(await ask(other)).toMatch('200')
  expect(proxy.asked).toEqual([])
})

test('the environment chooses by the scheme of the target', async () => {
  const [target, proxy] = [await plain(), await startProxy()]
  const ask = asking({ proxy_from_environment: true }, { HTTP_PROXY: proxy.host })
  // What is not this host leads to a proxy; it gets the name and says that it leads nowhere.
  const failing = await startProxy({ refuse: 502 })
  expect(await ask(target)).toMatch('200')
  expect(proxy.asked).toEqual([])
  expect(await asking({ proxy_from_environment: true }, { http_proxy: failing.url })('http://a.invalid')).toBe('502 ')
  await expect(asking({ proxy_from_environment: true }, { https_proxy: failing.url })('https://a.invalid')).rejects.toThrow('502')
  expect(failing.asked).toEqual(['GET http://a.invalid/a?b=c a.invalid', 'CONNECT a.invalid:443 a.invalid:443'])
})

describe('what goes wrong says that it is the proxy, and never its password', () => {
  const through = (url: string, target: string): Promise<string> => asking({ proxy_url: url.replace('//', '//joe:hidden@') })(target)

  test('credentials are not taken', async () => {
    const { url } = await startProxy({ refuse: 407 })
    await expect(through(url, 'https://a.invalid')).rejects.toThrow(
      new Error(`the proxy ${url} answered CONNECT with 407 Proxy Authentication Required`),
    )
    expect(await through(url, 'http://a.invalid')).toBe('407 ')
  })

  test.each(['http://a.invalid', 'https://a.invalid'])('nobody listens, %s', async (target) => {
    await expect(through('http://127.0.0.1:1', target)).rejects.toThrow(
      new Error('the proxy http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1'),
    )
  })

  test.each(['http://a.invalid', 'https://a.invalid'])('TLS of nobody that is trusted, %s', async (target) => {
    const { url } = await startProxy({ tls: true })
    await expect(asking({ proxy_url: url, tls_config: {} })(target)).rejects.toThrow(
      new RegExp(`^the proxy ${url}: .*authority that is not trusted here`),
    )
  })

  test('it hangs up', async () => {
    const { url } = await startProxy()
    await expect(through(url, 'https://127.0.0.1:1')).rejects.toThrow(`the proxy ${url}: other side closed`)
  })

  test('it does not answer in time', async () => {
    const url = await startSilent()
    await expect(asking({ proxy_url: url }, {}, 200)('https://a.invalid')).rejects.toThrow(`the proxy ${url}: `)
  })
})

describe('HTTP/2', () => {
  test('is spoken to a server that speaks nothing else', async () => {
    const target = await startHttp2()
    const ask = asking({})
    expect([await ask(target), await ask(target)]).toEqual(['200 HTTP/2.0', '200 HTTP/2.0'])
  })

  test('is not, when it is off', async () => {
    await expect(asking({ enable_http2: false })(await startHttp2())).rejects.toThrow(/no application protocol/i)
  })

  test('is not what a server gets that speaks both', async () => {
    const target = await startTls(({ httpVersion }, response) => response.end(httpVersion))
    expect(await asking({})(target)).toBe('200 1.1')
  })
})
