import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { describeDiscovererContract, runDiscoverer } from '../contract.ts'
import { instanceAt, startConsul, type ConsulServer } from '../testing/consul-server.ts'
import { eventually } from '../testing/eventually.ts'
import { lookupContext } from '../testing/lookup-context.ts'
import { parseConsulConfig } from './config.ts'
import { createConsulDiscoverer } from './discoverer.ts'

const TOKEN = 's3cret-token'

describeDiscovererContract('consul', async () => {
  const server = await startConsul()
  server.set('web', instanceAt('10.0.1.1', 80), instanceAt('10.0.1.2', 80))
  server.set('db', instanceAt('10.0.2.1', 5432))
  const context = lookupContext()
  const config = parseConsulConfig({ server: server.url, token: TOKEN, refresh_interval: '20ms' }, 'c')
  return {
    create: () => createConsulDiscoverer(config, context),
    stop: server.close,
    world: {
      add: () => {
        server.set('more', instanceAt('10.0.3.1', 80))
        return '10.0.3.1:80'
      },
      remove: () => server.set('more'),
      fail: () => {
        server.broken = ({ headers }) => ({ status: 403, body: `the token ${String(headers['x-consul-token'])} has no rights` })
        server.cutHanging()
      },
      hang: () => {
        server.broken = () => 'hang'
      },
      hanging: server.hanging,
      recover: () => {
        server.broken = undefined
        server.cutHanging()
      },
      failures: context.failures,
      secrets: [TOKEN],
      logged: context.logged,
    },
  }
})

describe('createConsulDiscoverer', () => {
  let server: ConsulServer
  let running: ReturnType<typeof runDiscoverer> | undefined
  beforeEach(async () => {
    server = await startConsul()
  })
  afterEach(async () => {
    await running?.end()
    await server.close()
  })

  const start = (config: object = {}, limits: Parameters<typeof lookupContext>[0] = {}) => {
    const context = lookupContext(limits)
    const parsed = parseConsulConfig({ server: server.url, refresh_interval: '5ms', ...config }, 'c')
    running = runDiscoverer(createConsulDiscoverer(parsed, context))
    return { ...running, context }
  }
  const asked = (end: string): readonly (typeof server.asked)[number][] => server.asked.filter(({ path }) => path.endsWith(end))

  test('the first update holds all services', async () => {
    for (let index = 0; index < 60; index++) server.set(`s${index}`, instanceAt(`10.0.0.${index}`, 80))
    const { updates, groups } = start()
    await eventually(() => expect(updates()).toBe(1))
    expect(groups.size).toBe(60)
    expect(groups.get('s1')?.labels.get('__meta_consul_dc')).toBe('dc-east')
  })

  test('a change of one service is told alone, and asks for no other', async () => {
    server.set('a', instanceAt('1.1.1.1', 1))
    server.set('b', instanceAt('2.2.2.2', 2))
    const { addresses, updates } = start()
    await eventually(() => expect(updates()).toBe(1))
    await eventually(() => expect(server.hanging()).toBe(3))
    const before = asked('/service/b').length
    server.set('a', instanceAt('1.1.1.1', 1), instanceAt('1.1.1.2', 1))
    await eventually(() => expect(addresses()).toEqual(new Set(['1.1.1.1:1', '1.1.1.2:1', '2.2.2.2:2'])))
    expect(updates()).toBe(2)
    expect(asked('/service/b')).toHaveLength(before)
  })

  test('questions wait for what is new', async () => {
    server.set('a', instanceAt('1.1.1.1', 1))
    const { updates } = start({ allow_stale: true })
    await eventually(() => expect(updates()).toBe(1))
    await eventually(() => expect(server.hanging()).toBe(2))
    const [first, second, ...more] = asked('/service/a').map(({ query }) => query.toString())
    expect([first, second, more]).toEqual(['stale=', 'stale=&index=11&wait=120000ms', []])
  })

  test('begins anew when the index goes back', async () => {
    server.set('a', instanceAt('1.1.1.1', 1))
    const { addresses, updates } = start()
    await eventually(() => expect(updates()).toBe(1))
    await eventually(() => expect(server.hanging()).toBe(2))
    server.restart()
    await eventually(() => expect(asked('/service/a').map(({ query }) => query.get('index'))).toEqual([null, '11', null, '1']))
    expect(updates()).toBe(1)
    server.set('a', instanceAt('1.1.1.2', 1))
    await eventually(() => expect(addresses()).toEqual(new Set(['1.1.1.2:1'])))
  })

  test('an answer without an index is asked for no faster than the refresh interval', async () => {
    server.broken = ({ path }) => (path.endsWith('/self') ? undefined : { body: path.includes('/health/') ? [] : { a: [] } })
    const { updates, context } = start({ refresh_interval: '1h' })
    await eventually(() => expect(updates()).toBe(1))
    await eventually(async () => expect(await context.sum('lookups_total')).toBe(3))
    expect(server.asked.map(({ path }) => path)).toEqual(['/v1/agent/self', '/v1/catalog/services', '/v1/health/service/a'])
  })

  test('a service that goes is forgotten and no longer watched', async () => {
    server.set('a', instanceAt('1.1.1.1', 1))
    server.set('b', instanceAt('2.2.2.2', 2))
    const { groups, said, context } = start()
    await eventually(() => expect(groups.size).toBe(2))
    expect(await context.sum('targets')).toBe(2)
    server.set('b')
    await eventually(() => expect([...groups.keys()]).toEqual(['a']))
    expect(JSON.parse(said()).at(-1)[0]).toBe('b')
    await eventually(() => expect(server.hanging()).toBe(2))
    expect(await context.sum('targets')).toBe(1)
  })

  test('nothing at all is said too', async () => {
    const { updates, groups } = start()
    await eventually(() => expect(updates()).toBe(1))
    expect(groups.size).toBe(0)
  })

  test('named services are watched without the catalog', async () => {
    server.set('a b/ü', instanceAt('1.1.1.1', 1))
    server.set('other', instanceAt('2.2.2.2', 2))
    const { addresses } = start({ services: ['a b/ü', 'later'], datacenter: 'dc-west' })
    await eventually(() => expect(addresses()).toEqual(new Set(['1.1.1.1:1'])))
    server.set('later', instanceAt('3.3.3.3', 3))
    await eventually(() => expect(addresses()).toEqual(new Set(['1.1.1.1:1', '3.3.3.3:3'])))
    expect(asked('/catalog/services')).toEqual([])
    expect(asked('/agent/self')).toEqual([])
    expect(server.asked.every(({ query }) => query.get('dc') === 'dc-west')).toBe(true)
  })

  test('tags choose services and instances', async () => {
    server.set('a', instanceAt('1.1.1.1', 1, { Tags: ['x', 'y'] }), instanceAt('1.1.1.2', 1, { Tags: ['x'] }))
    server.set('b', instanceAt('2.2.2.2', 2, { Tags: ['x'] }))
    const { addresses } = start({ services: ['a', 'b'], tags: ['x', 'y'] })
    await eventually(() => expect(addresses()).toEqual(new Set(['1.1.1.1:1'])))
    expect(asked('/service/b')).toEqual([])
    expect(asked('/service/a')[0]?.query.getAll('tag')).toEqual(['x', 'y'])
  })

  test('every option reaches Consul', async () => {
    server.set('a', instanceAt('1.1.1.1', 1))
    const { addresses } = start({
      server: server.url.slice('http://'.length),
      path_prefix: '/consul/',
      token: TOKEN,
      datacenter: 'd1',
      namespace: 'n1',
      partition: 'p1',
      filter: 'ServiceName != "x"',
      health_filter: 'Node.Meta.a == "b"',
      node_meta: { rack: 'r1', zone: 2 },
      allow_stale: false,
      username: 'joe',
      password: 'abcd',
    })
    await eventually(() => expect(addresses().size).toBe(1))
    const catalog = asked('/v1/catalog/services')[0]
    const health = asked('/v1/health/service/a')[0]
    expect([catalog?.path, health?.path]).toEqual(['/consul/v1/catalog/services', '/consul/v1/health/service/a'])
    const common = 'node-meta=rack%3Ar1&node-meta=zone%3A2'
    const place = 'dc=d1&ns=n1&partition=p1'
    expect(catalog?.query.toString()).toBe(`${common}&filter=ServiceName+%21%3D+%22x%22&${place}`)
    expect(health?.query.toString()).toBe(`${common}&filter=Node.Meta.a+%3D%3D+%22b%22&${place}`)
    expect(health?.headers).toMatchObject({
      'x-consul-token': TOKEN,
      authorization: `Basic ${Buffer.from('joe:abcd').toString('base64')}`,
    })
  })

  test('one service that fails does not hold back or hurt the others', async () => {
    server.set('a', instanceAt('1.1.1.1', 1))
    server.set('b', instanceAt('2.2.2.2', 2))
    server.broken = ({ path }) => (path.endsWith('/service/b') ? { status: 500, body: 'No cluster leader' } : undefined)
    const { addresses, context } = start()
    await eventually(() => expect(addresses()).toEqual(new Set(['1.1.1.1:1'])))
    await eventually(() => expect(context.logged()).toContain(`targets of service b of Consul at ${server.url}/`))
    expect(context.logged()).toContain('answered 500, expected 200: No cluster leader')
    server.broken = undefined
    await eventually(() => expect(addresses()).toEqual(new Set(['1.1.1.1:1', '2.2.2.2:2'])))
  })

  test('too many services are refused, and taken when they are fewer', async () => {
    server.set('a', instanceAt('1.1.1.1', 1))
    server.set('b', instanceAt('2.2.2.2', 2))
    const { addresses, context } = start({}, { services: 1 })
    await eventually(() => expect(context.logged()).toContain('2 services, more than the 1 of --discovery.max-services'))
    expect(addresses().size).toBe(0)
    server.set('b')
    await eventually(() => expect(addresses()).toEqual(new Set(['1.1.1.1:1'])))
  })

  test('too many targets are refused, and those of before stay', async () => {
    server.set('a', instanceAt('1.1.1.1', 1))
    const { addresses, context } = start({}, { targets: 1 })
    await eventually(() => expect(addresses()).toEqual(new Set(['1.1.1.1:1'])))
    server.set('a', instanceAt('1.1.1.2', 1), instanceAt('1.1.1.3', 1))
    await eventually(() => expect(context.logged()).toContain('2 targets, more than the 1 of --discovery.max-targets'))
    expect(addresses()).toEqual(new Set(['1.1.1.1:1']))
    server.set('a', instanceAt('1.1.1.2', 1))
    await eventually(() => expect(addresses()).toEqual(new Set(['1.1.1.2:1'])))
  })

  test.each<[what: string, body: unknown, expected: string]>([
    ['services that are a list', [], 'expected services and their tags, found other JSON'],
    ['no JSON', '{', 'expected services and their tags in JSON'],
  ])('%s are told', async (_what, body, expected) => {
    server.broken = ({ path }) => (path.endsWith('/services') ? { body } : undefined)
    const { context, updates } = start()
    await eventually(() => expect(context.logged()).toContain(expected))
    expect(updates()).toBe(0)
  })

  test('an agent that does not say its datacenter is told', async () => {
    server.broken = ({ path }) => (path.endsWith('/self') ? { body: {} } : undefined)
    const { context } = start()
    await eventually(() => expect(context.logged()).toContain('does not say its datacenter; give datacenter in the configuration'))
  })
})
