import { describe, expect, test } from 'vitest'

import { nameCandidates, parseResolverConfig, readResolverConfig } from './resolver-config.ts'

describe('parseResolverConfig', () => {
  const defaults = { servers: [], search: [], ndots: 1, timeoutMs: 5000, attempts: 2 }
  test.each<[what: string, text: string, expected: object]>([
    ['nothing', '', {}],
    ['servers', 'nameserver 10.0.0.1\nnameserver ::1', { servers: ['10.0.0.1:53', '[::1]:53'] }],
    ['comments and blanks', '# x\n; y\n\tnameserver\t10.0.0.1 # z\n', { servers: ['10.0.0.1:53'] }],
    ['a server that is no address', 'nameserver dns.example\nnameserver', {}],
    ['search', 'search a.example  b.example', { search: ['a.example', 'b.example'] }],
    ['the last of search and domain', 'search a.example\ndomain b.example c.example', { search: ['b.example'] }],
    ['options', 'options ndots:5 timeout:1 attempts:3 rotate', { ndots: 5, timeoutMs: 1000, attempts: 3 }],
    ['options beyond the bounds', 'options ndots:99 timeout:99 attempts:99', { ndots: 15, timeoutMs: 30_000, attempts: 5 }],
    ['options that are 0', 'options ndots:0 timeout:0 attempts:0', { ndots: 0, timeoutMs: 1000, attempts: 1 }],
    ['options that are wrong', 'options ndots:x timeout: attempts:-1', {}],
    ['what it does not know', 'sortlist 1.2.3.4\nfamily inet4', {}],
    ['line ends of Windows', 'nameserver 10.0.0.1\r\nsearch a.example\r\n', { servers: ['10.0.0.1:53'], search: ['a.example'] }],
  ])('%s', (_what, text, expected) => expect(parseResolverConfig(text)).toEqual({ ...defaults, ...expected }))

  test('a file that is not there gives the defaults', async () => {
    expect(await readResolverConfig('/none/resolv.conf')).toEqual(defaults)
  })
  test('a file that cannot be read is an error', async () => {
    await expect(readResolverConfig('/')).rejects.toThrow('EISDIR')
  })
})

test.each<[name: string, search: readonly string[], ndots: number, expected: readonly string[]]>([
  ['web.', ['a.example'], 1, ['web.']],
  ['web', [], 1, ['web.']],
  ['web', ['a.example', 'b.example.'], 1, ['web.a.example.', 'web.b.example.', 'web.']],
  ['web.shop', ['a.example'], 1, ['web.shop.', 'web.shop.a.example.']],
  ['web.shop', ['a.example'], 2, ['web.shop.a.example.', 'web.shop.']],
  ['web.shop.svc.cluster.local', ['a'], 5, ['web.shop.svc.cluster.local.a.', 'web.shop.svc.cluster.local.']],
  ['web', ['a.example'], 0, ['web.', 'web.a.example.']],
  ['web', ['.'], 1, ['web.', 'web.']],
])('the candidates of %j in %j with ndots %d', (name, search, ndots, expected) => {
  expect(nameCandidates(name, { servers: [], search, ndots, timeoutMs: 1, attempts: 1 })).toEqual(expected)
})
