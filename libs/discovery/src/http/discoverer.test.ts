import { ConfigError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { describeDiscovererContract, firstGroups, runDiscoverer } from '../contract.ts'
import { eventually } from '../testing/eventually.ts'
import { lookupContext } from '../testing/lookup-context.ts'
import { startScriptedServer, type Scripted } from '../testing/scripted-server.ts'
import { parseHttpConfig } from './config.ts'
import { createHttpDiscoverer } from './discoverer.ts'

const SECRETS = ['s3cret-password', 's3cret-token']

describeDiscovererContract('http', async () => {
  const base = [{ targets: ['a:1'] }, { targets: ['b:2'], labels: { env: 'x' } }]
  let groups: readonly object[] = base
  let answer: () => Scripted = () => ({ body: groups })
  const server = await startScriptedServer(({ headers }) => {
    const scripted = answer()
    // A server that quotes what it was sent.
    return scripted === 'hang' || scripted === 'cut' || scripted.status === undefined
      ? scripted
      : { ...scripted, body: JSON.stringify(headers) }
  })
  const context = lookupContext()
  const config = parseHttpConfig(
    {
      url: `${server.url.replace('//', '//joe:s3cret-password@')}/t?token=s3cret-token`,
      refresh_interval: '20ms',
    },
    'h',
  )
  return {
    create: () => createHttpDiscoverer({ ...config, timeoutMs: 60_000 }, context),
    stop: server.close,
    world: {
      add: () => {
        groups = [...base, { targets: ['c:3'] }]
        return 'c:3'
      },
      remove: () => {
        groups = base
      },
      fail: () => {
        answer = () => ({ status: 503 })
      },
      hang: () => {
        answer = () => 'hang'
      },
      hanging: server.hanging,
      recover: () => {
        answer = () => ({ body: groups })
        server.cutHanging()
      },
      failures: context.failures,
      secrets: [...SECRETS, Buffer.from('joe:s3cret-password').toString('base64')],
      logged: context.logged,
    },
  }
})

/** What is known after the first answer, and what the server was asked. */
async function look(scripted: Scripted, more: object = {}, path = '/targets') {
  const server = await startScriptedServer(() => scripted)
  try {
    const config = parseHttpConfig({ url: server.url + path, ...more }, 'h')
    const groups = await firstGroups(createHttpDiscoverer(config, lookupContext()))
    return { groups, asked: server.asked[0], url: server.url }
  } finally {
    await server.close()
  }
}

/** The log after the first failure. */
async function failure(scripted: Scripted, limits: Parameters<typeof lookupContext>[0] = {}, more: object = {}): Promise<string> {
  const server = await startScriptedServer(() => scripted)
  const context = lookupContext(limits)
  const config = parseHttpConfig({ url: server.url, ...more }, 'h')
  const running = runDiscoverer(createHttpDiscoverer(config, context))
  try {
    await eventually(() => expect(context.lines.length).toBeGreaterThan(0))
    expect(running.updates()).toBe(0)
    return context.lines[0]?.replaceAll(server.url, 'URL') ?? ''
  } finally {
    await running.end()
    await server.close()
  }
}

describe('createHttpDiscoverer', () => {
  test('asks as Prometheus does, and names groups by address and index', async () => {
    const body = [{ targets: ['a:1', 'b:2'], labels: { env: 'x', __proto__x: 'y' } }, { targets: [] }]
    const { groups, asked, url } = await look({ body }, { refresh_interval: '1m30s', basic_auth: { username: 'joe', password: 'abcd' } })
    expect(asked?.headers).toMatchObject({
      accept: 'application/json',
      'x-prometheus-refresh-interval-seconds': '90',
      authorization: `Basic ${Buffer.from('joe:abcd').toString('base64')}`,
    })
    expect(groups).toEqual([
      {
        source: `${url}/targets:0`,
        targets: [new Map([['__address__', 'a:1']]), new Map([['__address__', 'b:2']])],
        labels: new Map([
          ['env', 'x'],
          ['__proto__x', 'y'],
          ['__meta_url', `${url}/targets`],
        ]),
      },
      { source: `${url}/targets:1`, targets: [], labels: new Map([['__meta_url', `${url}/targets`]]) },
    ])
  })

  test.each(['application/json', 'Application/JSON; charset=utf-8', 'application/json;charset="UTF-8"', ' application/json '])(
    'the content type %j is taken',
    async (type) => {
      const { groups } = await look({ headers: { 'content-type': type }, body: [] })
      expect(groups).toEqual([])
    },
  )

  test('null is no groups', async () => expect((await look({ body: 'null' })).groups).toEqual([]))

  test.each<[what: string, answer: Scripted, limits: Parameters<typeof lookupContext>[0], expected: string]>([
    [
      'a status',
      { status: 500, body: 'broken\nmore' },
      {},
      'warn cannot look up targets of URL, those that are known stay: answered 500, expected 200: broken',
    ],
    ['no content', { status: 204 }, {}, 'answered 204, expected 200'],
    [
      'what an operator has to mend',
      { status: 403 },
      {},
      'error cannot look up targets of URL, those that are known stay: answered 403, expected 200',
    ],
    ['a page', { status: 502, body: '<html>' }, {}, 'answered 502, expected 200 {'],
    [
      'another content type',
      { headers: { 'content-type': 'text/plain' } },
      {},
      'expected the content type application/json, found "text/plain"',
    ],
    [
      'another charset',
      { headers: { 'content-type': 'application/json; charset=latin1' } },
      {},
      'found "application/json; charset=latin1"',
    ],
    ['no JSON', { body: '[{"targets":["s3cret' }, {}, 'the answer is not JSON {'],
    ['other JSON', { body: { targets: [] } }, {}, 'answer: expected a list of groups with targets and labels, found {"targets":[]}'],
    ['a group that is null', { body: [null] }, {}, 'answer[0]: expected a mapping, found null'],
    ['another key', { body: [{ target: [] }] }, {}, 'answer[0].target: unknown key (known: targets, labels)'],
    ['a number as an address', { body: [{ targets: [1] }] }, {}, 'answer[0].targets[0]: expected an address such as host:9100, found 1'],
    ['a number as a label', { body: [{ targets: [], labels: { a: 1 } }] }, {}, 'answer[0].labels.a: expected text, found 1'],
    [
      'a long answer',
      { body: 'x'.repeat(2000) },
      { bytes: 1024 },
      'error cannot look up targets of URL, those that are known stay: the answer has more than the 1024 bytes of --discovery.max-answer-bytes',
    ],
    ['many targets', { body: [{ targets: ['a', 'b', 'c'] }] }, { targets: 2 }, '3 targets, more than the 2 of --discovery.max-targets'],
    [
      'a way to nowhere',
      { status: 302, headers: { location: 'ftp://x/?token=s3cret' } },
      {},
      'answered 302 with a location that is no URL of http or https {',
    ],
    ['a cut connection', 'cut', {}, 'warn cannot look up targets of URL, those that are known stay: other side closed'],
  ])('%s is told', async (_what, answer, limits, expected) => {
    expect(await failure(answer, limits)).toContain(expected)
  })

  test('an answer that does not come is told', async () => {
    expect(await failure('hang', {}, { refresh_interval: '50ms' })).toContain('no complete answer within 0.05 s')
  })

  test('redirects are followed without credentials to others, unless they are not to be', async () => {
    const other = await startScriptedServer(() => ({ body: [{ targets: ['a:1'] }] }))
    const location = `${other.url}/there`
    const more = { authorization: { credentials: 'abcd' } }
    const { groups, asked } = await look({ status: 307, headers: { location } }, more)
    expect(groups).toHaveLength(1)
    expect(asked?.headers.authorization).toBe('Bearer abcd')
    expect(other.asked[0]?.headers.authorization).toBeUndefined()
    expect(await failure({ status: 307, headers: { location } }, {}, { follow_redirects: false })).toContain('answered 307, expected 200')
    await other.close()
  })

  test('a redirect to itself ends', async () => {
    expect(await failure({ status: 302, headers: { location: '/' } })).toContain('more than 10 redirects')
  })

  test('asks for no more than the server wants: Retry-After', async () => {
    const server = await startScriptedServer(() => ({ status: 429, headers: { 'retry-after': '60' } }))
    const context = lookupContext()
    const running = runDiscoverer(createHttpDiscoverer(parseHttpConfig({ url: server.url }, 'h'), context))
    await eventually(async () => expect(await context.failures()).toBe(1))
    await running.end()
    expect(server.asked).toHaveLength(1)
    await server.close()
  })

  test('a token of OAuth 2 is fetched and shown', async () => {
    const tokens = await startScriptedServer(() => ({ body: { access_token: 's3cret-access', token_type: 'Bearer', expires_in: 60 } }))
    const oauth2 = { client_id: 'me', client_secret: 'abcd', token_url: `${tokens.url}/token` }
    const { asked } = await look({ body: [] }, { oauth2 })
    expect(asked?.headers.authorization).toBe('Bearer s3cret-access')
    await tokens.close()
  })
})

describe('parseHttpConfig', () => {
  test('defaults', () => {
    expect(parseHttpConfig({ url: 'https://host/targets' }, 'h')).toMatchObject({ url: 'https://host/targets', refreshMs: 60_000 })
  })

  const url = 'h.url: expected a URL such as https://host/targets'
  test.each<[value: unknown, mistakes: readonly string[]]>([
    [null, ['h: expected a mapping, found null']],
    [{}, [url]],
    [{ url: 'host/targets' }, [url]],
    [{ url: 'ftp://joe:s3cret@host' }, [url]],
    [{ url: 'http://' }, [url]],
    [{ url: 'http://h', refresh_interval: '1m 30s' }, ['h.refresh_interval: expected a duration such as 30s or 1m30s, found "1m 30s"']],
    [{ url: 'http://h', refresh_interval: '0s' }, ['h.refresh_interval: expected more than 0, found "0s"']],
    [
      { url: 'http://h', basic_auth: { username: 'a' }, bearer_token: 'x' },
      [expect.stringMatching(/^h\.bearer_token: excludes basic_auth/)],
    ],
    [{ url: 'http://h', targets: [] }, [expect.stringMatching(/^h\.targets: unknown key \(known: url, refresh_interval, basic_auth/)]],
  ])('%j is refused', (value, mistakes) => {
    let found: readonly string[] = []
    try {
      parseHttpConfig(value, 'h')
    } catch (error) {
      found = error instanceof ConfigError ? error.mistakes : []
    }
    expect(found).toEqual(mistakes)
  })
})
