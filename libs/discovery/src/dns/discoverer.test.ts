import { ConfigError } from '@clymene/model'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { describeDiscovererContract, firstGroups, runDiscoverer } from '../contract.ts'
import { eventually } from '../testing/eventually.ts'
import { lookupContext } from '../testing/lookup-context.ts'
import { startNameServer, type NameServer, type Zone } from '../testing/name-server.ts'
import { parseDnsConfig } from './config.ts'
import { createDnsDiscoverer } from './discoverer.ts'
import type { ResolverConfig } from './resolver-config.ts'

const resolving =
  ({ address }: Pick<NameServer, 'address'>, more: Partial<ResolverConfig> = {}) =>
  (): Promise<ResolverConfig> =>
    Promise.resolve({ servers: [address], search: [], ndots: 1, timeoutMs: 60_000, attempts: 1, ...more })

describeDiscovererContract('dns', async () => {
  const base: Zone = { records: { 'a.example A': ['10.0.0.2', '10.0.0.1'] } }
  const server = await startNameServer(base)
  const context = lookupContext()
  const config = parseDnsConfig({ names: ['a.example', 'b.example'], type: 'A', port: 80, refresh_interval: '20ms' }, 'd')
  return {
    create: () => createDnsDiscoverer(config, { ...context, resolverConfig: resolving(server) }),
    stop: server.close,
    world: {
      add: () => {
        server.zone = { records: { ...base.records, 'b.example A': ['10.0.0.9'] } }
        return '10.0.0.9:80'
      },
      remove: () => {
        server.zone = base
      },
      fail: () => {
        server.zone = { ...base, servfail: ['a.example', 'b.example'] }
      },
      hang: () => {
        server.forget()
        server.silent = true
      },
      hanging: () => server.asked.length,
      recover: () => {
        server.silent = false
        server.zone = base
      },
      failures: context.failures,
    },
  }
})

describe('createDnsDiscoverer', () => {
  let server: NameServer
  beforeEach(async () => {
    server = await startNameServer({ records: {} })
  })
  afterEach(() => server.close())

  const look = (config: object, zone: Zone, more: Partial<ResolverConfig> = {}) => {
    server.zone = zone
    return firstGroups(createDnsDiscoverer(parseDnsConfig(config, 'd'), { ...lookupContext(), resolverConfig: resolving(server, more) }))
  }
  const labels = (pairs: Readonly<Record<string, string>>) => new Map(Object.entries(pairs))

  test.each<[type: string, record: readonly string[], targets: readonly Readonly<Record<string, string>>[]]>([
    ['A', ['10.0.0.2', '10.0.0.1'], [{ __address__: '10.0.0.1:80' }, { __address__: '10.0.0.2:80' }]],
    ['AAAA', ['2001:0db8:0000:0000:0000:0000:0000:0001'], [{ __address__: '[2001:db8::1]:80' }]],
    [
      'SRV',
      ['10 5 9100 h1.example', '10 5 9101 h2.example'],
      [
        { __address__: 'h1.example:9100', __meta_dns_srv_record_target: 'h1.example.', __meta_dns_srv_record_port: '9100' },
        { __address__: 'h2.example:9101', __meta_dns_srv_record_target: 'h2.example.', __meta_dns_srv_record_port: '9101' },
      ],
    ],
    ['MX', ['10 mail.example'], [{ __address__: 'mail.example:80', __meta_dns_mx_record_target: 'mail.example.' }]],
    ['NS', ['ns.example'], [{ __address__: 'ns.example:80', __meta_dns_ns_record_target: 'ns.example.' }]],
  ])('%s', async (type, records, targets) => {
    const groups = await look({ names: ['x.example'], type, port: 80 }, { records: { [`x.example ${type}`]: records } })
    const all = targets.map((target) => labels({ ...target, __meta_dns_name: 'x.example' }))
    expect(groups).toEqual([{ source: 'x.example', labels: new Map(), targets: all }])
  })

  test('an alias stands for the addresses of another name', async () => {
    const zone = { records: { 'x.example A': ['10.0.0.1'] }, alias: { 'x.example': 'y.example' } }
    const [group] = await look({ names: ['x.example'], type: 'a', port: 80 }, zone)
    expect(group?.targets).toEqual([labels({ __address__: '10.0.0.1:80', __meta_dns_name: 'x.example' })])
  })

  test('an answer that is too long for a datagram comes by TCP', async () => {
    const addresses = Array.from({ length: 200 }, (_, index) => `10.0.1.${index}`)
    const [group] = await look({ names: ['x.example'], type: 'A', port: 80 }, { records: { 'x.example A': addresses } })
    expect(group?.targets).toHaveLength(200)
    expect(server.asked).toContain('x.example A tcp')
  })

  test('SRV is the default', async () => {
    const [group] = await look({ names: ['x.example'] }, { records: { 'x.example SRV': ['1 1 1 h'] } })
    expect(group?.targets[0]?.get('__address__')).toBe('h:1')
  })

  test.each<[what: string, zone: Zone, asked: readonly string[], targets: number | 'failure']>([
    ['the first search domain that has the name', { records: { 'web.b A': ['1.1.1.1'] } }, ['web.a A', 'web.b A'], 1],
    ['the name itself comes last', { records: { 'web A': ['1.1.1.1'] } }, ['web.a A', 'web.b A', 'web A'], 1],
    ['a name without such records counts', { records: { 'web A': ['1.1.1.1'] }, names: ['web.a'] }, ['web.a A'], 0],
    ['a domain that fails is passed over', { records: { 'web.b A': ['1.1.1.1'] }, servfail: ['web.a'] }, ['web.a A', 'web.b A'], 1],
    ['nowhere: there are none', { records: {} }, ['web.a A', 'web.b A', 'web A'], 0],
    ['nowhere, and one fails', { records: {}, servfail: ['web.b'] }, ['web.a A', 'web.b A', 'web A'], 'failure'],
  ])('search: %s', async (_what, zone, asked, targets) => {
    server.zone = zone
    const context = lookupContext({ backoffMs: [60_000, 60_000] })
    const config = parseDnsConfig({ names: ['web'], type: 'A', port: 80 }, 'd')
    const running = runDiscoverer(createDnsDiscoverer(config, { ...context, resolverConfig: resolving(server, { search: ['a', 'b'] }) }))
    await eventually(async () => expect(running.updates() + (await context.failures())).toBe(1))
    await running.end()
    expect([...new Set(server.asked)]).toEqual(asked)
    expect(running.updates() === 0 ? 'failure' : running.addresses().size).toBe(targets)
  })

  test('a name that fails keeps its targets while the others go on', async () => {
    server.zone = { records: { 'a A': ['1.1.1.1'], 'b A': ['2.2.2.2'] } }
    const context = lookupContext()
    const config = parseDnsConfig({ names: ['a', 'b'], type: 'A', port: 80, refresh_interval: '20ms' }, 'd')
    const running = runDiscoverer(createDnsDiscoverer(config, { ...context, resolverConfig: resolving(server) }))
    await eventually(() => expect(running.addresses()).toEqual(new Set(['1.1.1.1:80', '2.2.2.2:80'])))
    server.zone = { records: { 'b A': ['3.3.3.3'] }, servfail: ['a'] }
    await eventually(() => expect(running.addresses()).toEqual(new Set(['1.1.1.1:80', '3.3.3.3:80'])))
    await eventually(async () => expect(await context.failures()).toBeGreaterThan(0))
    expect(context.logged()).toContain('targets of a (A), those that are known stay: the name server failed (SERVFAIL)')
    await running.end()
  })

  test('the order of records says nothing', async () => {
    server.zone = { records: { 'a A': ['1.1.1.1', '2.2.2.2'] } }
    const context = lookupContext()
    const config = parseDnsConfig({ names: ['a'], type: 'A', port: 80, refresh_interval: '5ms' }, 'd')
    const running = runDiscoverer(createDnsDiscoverer(config, { ...context, resolverConfig: resolving(server) }))
    await eventually(() => expect(running.updates()).toBe(1))
    server.zone = { records: { 'a A': ['2.2.2.2', '1.1.1.1'] } }
    const before = await context.sum('lookups_total')
    await eventually(async () => expect(await context.sum('lookups_total')).toBeGreaterThan(before + 2))
    expect(running.updates()).toBe(1)
    await running.end()
  })

  test.each<[what: string, silent: boolean, resolverConfig: () => Promise<ResolverConfig>, expected: string]>([
    ['silence', true, () => resolving(server, { timeoutMs: 100 })(), 'no name server answered in time'],
    [
      'a file that cannot be read',
      false,
      () => Promise.reject(new Error('EACCES')),
      'error cannot look up targets of a (A), those that are known stay: cannot read /etc/resolv.conf: EACCES',
    ],
  ])('%s is told', async (_what, silent, resolverConfig, expected) => {
    server.silent = silent
    const context = lookupContext()
    const config = parseDnsConfig({ names: ['a'], type: 'A', port: 80 }, 'd')
    const running = runDiscoverer(createDnsDiscoverer(config, { ...context, resolverConfig }))
    await eventually(() => expect(context.logged()).toContain(expected))
    await running.end()
  })
})

describe('parseDnsConfig', () => {
  test.each<[value: object, expected: object]>([
    [{ names: ['a'] }, { names: ['a'], type: 'SRV', port: 0, refreshMs: 30_000 }],
    [
      { names: ['a', 'b', 'a'], type: 'aaaa', port: '9100', refresh_interval: '1m30s' },
      { names: ['a', 'b'], type: 'AAAA', port: 9100, refreshMs: 90_000 },
    ],
  ])('%j', (value, expected) => expect(parseDnsConfig(value, 'd')).toEqual(expected))

  test.each<[value: unknown, mistakes: readonly string[]]>([
    [null, ['d: expected a mapping, found null']],
    [{}, ['d.names: expected a list of at least one text']],
    [{ names: [] }, ['d.names: expected a list of at least one text']],
    [{ names: 'a' }, ['d.names: expected a list of texts, found text']],
    [{ names: ['a'], type: 'TXT' }, ['d.type: expected one of SRV, A, AAAA, MX, NS, found "TXT"']],
    [{ names: ['a'], type: 'A' }, ['d.port: is needed with the type A']],
    [{ names: ['a'], type: 'MX', port: 0 }, ['d.port: is needed with the type MX']],
    [{ names: ['a'], type: 'A', port: 70_000 }, ['d.port: expected a port between 0 and 65535, found "70000"']],
    [{ names: ['a'], refresh_interval: '1.5h' }, ['d.refresh_interval: expected a duration such as 30s or 1m30s, found "1.5h"']],
    [{ names: ['a'], refresh_interval: '0' }, ['d.refresh_interval: expected more than 0, found "0"']],
    [{ names: ['a'], name: 'b' }, ['d.name: unknown key (known: names, type, port, refresh_interval)']],
  ])('%j is refused', (value, mistakes) => {
    let found: readonly string[] = []
    try {
      parseDnsConfig(value, 'd')
    } catch (error) {
      found = error instanceof ConfigError ? error.mistakes : []
    }
    expect(found).toEqual(mistakes)
  })
})
