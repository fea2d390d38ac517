import { describe, expect, test } from 'vitest'

import { environmentProxy, fixedProxy, proxyUrl, straightTargets } from './proxy-route.ts'

describe('targets that need no proxy', () => {
  test.each([
    ['*', 'http://any.example'],
    ['a.example', 'http://a.example:9100'],
    ['A.Example', 'http://a.example'],
    [' b.example , a.example ', 'https://a.example'],
    ['a.example', 'http://x.a.example'],
    ['.a.example', 'http://x.a.example'],
    ['*.a.example', 'http://x.y.a.example'],
    ['a.example:9100', 'http://a.example:9100'],
    ['a.example:80', 'http://a.example'],
    ['a.example:443', 'https://a.example'],
    ['192.0.2.1', 'http://192.0.2.1:1'],
    ['192.0.2.1:9100', 'http://192.0.2.1:9100'],
    ['192.0.2.0/24', 'http://192.0.2.200'],
    ['2001:db8::1', 'http://[2001:db8::1]:1'],
    ['[2001:db8::1]:9100', 'http://[2001:db8::1]:9100'],
    ['2001:db8::/32', 'http://[2001:db8:1::1]'],
    ['', 'http://localhost:9100'],
    ['', 'http://127.0.0.5'],
    ['', 'http://[::1]'],
  ])('%j names %s', (list, target) => expect(straightTargets(list)(new URL(target))).toBe(true))

  test.each([
    ['', 'http://a.example'],
    ['a.example', 'http://ba.example'],
    ['.a.example', 'http://a.example'],
    ['*.a.example', 'http://a.example'],
    ['a.example:9100', 'http://a.example'],
    ['a.example:443', 'http://a.example'],
    ['192.0.2.1', 'http://192.0.2.10'],
    ['192.0.2.1:9100', 'http://192.0.2.1:9101'],
    ['192.0.2.0/24', 'http://192.0.3.1'],
    ['192.0.2.0/33', 'http://192.0.2.1'],
    ['0.2.1', 'http://192.0.2.1'],
    ['2001:db8::/32', 'http://[2001:db9::1]'],
    [':9100,/8,[]', 'http://a.example:9100'],
    ['a*', 'http://a.example'],
  ])('%j does not name %s', (list, target) => expect(straightTargets(list)(new URL(target))).toBe(false))
})

describe('one proxy', () => {
  const proxy = new URL('http://proxy:3128')
  test('takes all requests, those to this host too', () => {
    expect(fixedProxy(proxy, '')(new URL('http://localhost'))).toBe(proxy)
  })
  test('but for those that are named', () => {
    const route = fixedProxy(proxy, 'a.example')
    expect(route(new URL('http://a.example'))).toBeUndefined()
    expect(route(new URL('http://localhost'))).toBeUndefined()
    expect(route(new URL('http://b.example'))).toBe(proxy)
  })
})

describe('the proxy of the environment', () => {
  const [plain, secure] = [new URL('http://a.example'), new URL('https://a.example')]
  test.each<[env: NodeJS.ProcessEnv, plain: string | undefined, secure: string | undefined]>([
    [{}, undefined, undefined],
    [{ HTTP_PROXY: 'http://p:1' }, 'http://p:1/', undefined],
    [{ https_proxy: 'p:2' }, undefined, 'http://p:2/'],
    [{ HTTP_PROXY: 'http://p:1', http_proxy: 'http://p:9', HTTPS_PROXY: 'https://p:2' }, 'http://p:1/', 'https://p:2/'],
    [{ HTTP_PROXY: '', http_proxy: 'http://p:9' }, 'http://p:9/', undefined],
    [{ HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://p:1', no_proxy: 'example' }, undefined, undefined],
  ])('%j', (env, ofPlain, ofSecure) => {
    const route = environmentProxy(env)
    expect([route(plain)?.href, route(secure)?.href]).toEqual([ofPlain, ofSecure])
  })

  test.each(['socks5://joe:hidden@p:1', 'http://joe:hidden@:1'])('%s: names the variable, not what it holds', (value) => {
    expect(() => environmentProxy({ http_proxy: value })(plain)).toThrow(
      new Error("the environment's http_proxy is no address of a proxy, expected http://host:port or https://host:port"),
    )
  })
})

test.each(['socks5://p:1', 'http://', 'ftp://p', 'http://p:x', ''])('%j is no proxy', (text) => expect(proxyUrl(text)).toBeUndefined())
