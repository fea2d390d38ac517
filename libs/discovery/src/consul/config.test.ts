import { ConfigError } from '@clymene/model'
import { expect, test } from 'vitest'

import { parseConsulConfig } from './config.ts'

test('defaults', () => {
  const { server, http, ...others } = parseConsulConfig({}, 'c')
  expect(server.url.href).toBe('http://localhost:8500/')
  expect(http).toMatchObject({ followRedirects: true })
  expect(others).toEqual({
    datacenter: '',
    namespace: '',
    partition: '',
    services: [],
    tags: [],
    nodeMeta: [],
    filter: '',
    healthFilter: '',
    tagSeparator: ',',
    allowStale: true,
    refreshMs: 30_000,
  })
})

test.each<[config: object, url: string, socketPath?: string]>([
  [{ server: 'consul:8500' }, 'http://consul:8500/'],
  [{ server: 'consul:8501', scheme: 'https', path_prefix: 'a/b' }, 'https://consul:8501/a/b/'],
  [{ server: 'https://consul:8501', scheme: 'http' }, 'https://consul:8501/'],
  [{ server: 'http://consul:8501', scheme: 'https' }, 'https://consul:8501/'],
  [{ server: 'http://consul/prefix', path_prefix: '/other' }, 'http://consul/prefix/'],
  [{ server: '[::1]:8500' }, 'http://[::1]:8500/'],
  [{ server: 'unix:///run/consul.sock' }, 'http://consul/', '/run/consul.sock'],
])('%j is %s', (config, url, socketPath) => {
  const { server } = parseConsulConfig(config, 'c')
  expect([server.url.href, server.socketPath]).toEqual([url, socketPath])
})

const server = 'c.server: expected an address such as consul:8500, https://consul:8501 or unix:///run/consul.sock, without user and query'
test.each<[value: unknown, mistakes: readonly string[]]>([
  [[], ['c: expected a mapping, found []']],
  [{ server: '' }, [server]],
  [{ server: ' ' }, [server]],
  [{ server: 'ftp://consul' }, [server]],
  [{ server: 'joe:secret@consul:8500' }, [server]],
  [{ scheme: 'tcp' }, ['c.scheme: expected http or https']],
  [{ refresh_interval: 'soon' }, ['c.refresh_interval: expected a duration such as 30s or 1m30s, found "soon"']],
  [{ services: 'a' }, ['c.services: expected a list of texts, found text']],
  [{ node_meta: ['a'] }, ['c.node_meta: expected a map, found a list']],
  [{ node_meta: { a: ['b'] } }, ['c.node_meta.a: expected text, found a list']],
  [{ allow_stale: 'never' }, ['c.allow_stale: expected true or false, found "never"']],
  [{ username: 'joe', basic_auth: { username: 'a', password: 'b' } }, ['c.username: excludes basic_auth, give one of them']],
  [{ password: 'abcd', bearer_token: 'x' }, ['c.password: excludes authorization, give one of them']],
  [{ token: 'abcd', authorization: { credentials: 'x' } }, ['c.token: excludes authorization and oauth2, give one of them']],
])('%j is refused', (value, mistakes) => {
  let found: readonly string[] = []
  try {
    parseConsulConfig(value, 'c')
  } catch (error) {
    found = error instanceof ConfigError ? error.mistakes : []
  }
  expect(found).toEqual(mistakes)
})
