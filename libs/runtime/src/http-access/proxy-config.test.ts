import { expect, test } from 'vitest'

import { parsedMap } from './config-map.test-kit.ts'
import { parseProxyConfig } from './proxy-config.ts'

const parse = (fields: object, env: NodeJS.ProcessEnv = {}) => parsedMap(fields, (map) => parseProxyConfig(map, env))

test.each<[fields: object, env: NodeJS.ProcessEnv, proxy: string | undefined]>([
  [{}, { HTTPS_PROXY: 'http://env:1' }, undefined],
  [{ proxy_url: 'http://p:3128' }, {}, 'http://p:3128/'],
  [{ proxy_url: 'https://joe:abcd@p' }, { HTTPS_PROXY: 'http://env:1' }, 'https://joe:abcd@p/'],
  [{ proxy_url: 'http://p', no_proxy: 'b.example' }, {}, 'http://p/'],
  [{ proxy_url: 'http://p', no_proxy: 'a.example' }, {}, undefined],
  [{ proxy_from_environment: true }, { HTTPS_PROXY: 'http://env:1' }, 'http://env:1/'],
  [{ proxy_from_environment: true }, {}, undefined],
  [{ proxy_from_environment: false, proxy_url: 'http://p' }, {}, 'http://p/'],
])('%j in %j leads through %s', (fields, env, proxy) => {
  const { value, mistakes } = parse(fields, env)
  expect(mistakes).toEqual([])
  expect(value?.proxyOf(new URL('https://a.example'))?.href).toBe(proxy)
})

test('headers of CONNECT', () => {
  const { value, mistakes } = parse({ proxy_url: 'http://p', proxy_connect_header: { 'X-A': ['1', '2'], 'x-b': ['é'] } })
  expect(mistakes).toEqual([])
  expect([...(value?.connectHeaders ?? [])].map(([name, secret]) => [name, secret()])).toEqual([
    ['x-a', '1, 2'],
    ['x-b', 'é'],
  ])
})

const EXPECTED = 'expected http://host:port or https://host:port'

test.each<[fields: object, mistakes: readonly string[]]>([
  [{ proxy_url: 'socks5://p:1' }, [`job.proxy_url: socks5 is not supported, ${EXPECTED}`]],
  [{ proxy_url: 'socks5h://joe:hidden@p:1' }, [`job.proxy_url: socks5h is not supported, ${EXPECTED}`]],
  [{ proxy_url: 'p:3128' }, [`job.proxy_url: ${EXPECTED}`]],
  [{ proxy_url: 'http://' }, [`job.proxy_url: ${EXPECTED}`]],
  [{ proxy_url: ['http://p'] }, ['job.proxy_url: expected text, found a list']],
  [{ no_proxy: 'a' }, ['job.no_proxy: needs proxy_url beside it']],
  [{ proxy_connect_header: { a: ['1'] } }, ['job.proxy_connect_header: needs proxy_url or proxy_from_environment beside it']],
  [
    { proxy_from_environment: true, proxy_url: 'http://p', no_proxy: 'a' },
    ['job.proxy_url: excludes proxy_from_environment', 'job.no_proxy: excludes proxy_from_environment'],
  ],
  [{ proxy_from_environment: 'hunter2' }, ['job.proxy_from_environment: expected true or false, found text']],
  [{ proxy_from_environment: 'maybe' }, ['job.proxy_from_environment: expected true or false, found "maybe"']],
  [{ proxy_url: 'http://p', proxy_connect_header: { 'a b': ['1'] } }, ['job.proxy_connect_header.a b: is no name of a header']],
  [
    { proxy_url: 'http://p', proxy_connect_header: { a: ['1\r\nb: 2'] } },
    ['job.proxy_connect_header.a: holds a line end or another character that a header cannot carry'],
  ],
  [{ proxy_url: 'http://p', proxy_connect_header: { a: 'x' } }, ['job.proxy_connect_header.a: expected a list of texts, found text']],
  [{ proxy_url: 'http://p', proxy_connect_header: 'x' }, ['job.proxy_connect_header: expected a map, found text']],
])('%j: refused', (fields, mistakes) => expect(parse(fields).mistakes).toEqual(mistakes))
