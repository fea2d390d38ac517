import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { describeDiscovererContract, firstGroups, runDiscoverer } from '../contract.ts'
import { eventually } from '../testing/eventually.ts'
import { lookupContext } from '../testing/lookup-context.ts'
import { startScriptedServer, type Scripted, type ServerAsked } from '../testing/scripted-server.ts'
import { parseDockerConfig } from './config.ts'
import { createDockerDiscoverer } from './discoverer.ts'

const containerOf = (name: string, ip: string): object => ({
  Id: name,
  Names: [`/${name}`],
  HostConfig: { NetworkMode: 'bridge' },
  NetworkSettings: { Networks: { bridge: { NetworkID: 'n', IPAddress: ip } } },
})

/** A daemon with these containers. */
const daemon =
  (containers: () => unknown, version = '1.43') =>
  ({ path }: Pick<ServerAsked, 'path'>): Scripted => {
    if (path.endsWith('/_ping')) return { headers: version === '' ? {} : { 'api-version': version }, body: 'OK' }
    if (path.endsWith('/networks')) return { body: [{ Id: 'n', Name: 'bridge' }] }
    return path.endsWith('/containers/json') ? { body: containers() } : { status: 404, body: { message: 'page not found' } }
  }

describeDiscovererContract('docker, over a unix socket', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'clymene-docker-sd-'))
  const base = [containerOf('a', '10.0.0.1')]
  let containers = base
  let broken: Scripted | undefined
  const server = await startScriptedServer((asked) => broken ?? daemon(() => containers)(asked), join(folder, 'docker.sock'))
  const context = lookupContext()
  const config = parseDockerConfig({ host: `unix://${folder}/docker.sock`, refresh_interval: '20ms' }, 'd')
  return {
    create: () => createDockerDiscoverer({ ...config, timeoutMs: 60_000 }, context),
    stop: async () => {
      await server.close()
      await rm(folder, { recursive: true })
    },
    world: {
      add: () => {
        containers = [...base, containerOf('b', '10.0.0.2')]
        return '10.0.0.2:80'
      },
      remove: () => {
        containers = base
      },
      fail: () => {
        broken = 'cut'
      },
      hang: () => {
        broken = 'hang'
      },
      hanging: server.hanging,
      recover: () => {
        broken = undefined
        server.cutHanging()
      },
      failures: context.failures,
    },
  }
})

describe('createDockerDiscoverer', () => {
  test.each<[version: string, paths: readonly string[]]>([
    ['1.41', ['/_ping', '/v1.41/containers/json', '/v1.41/networks']],
    ['1.99', ['/_ping', '/v1.51/containers/json', '/v1.51/networks']],
    ['2.0', ['/_ping', '/v1.51/containers/json', '/v1.51/networks']],
    ['', ['/_ping', '/containers/json', '/networks']],
    ['x/../..', ['/_ping', '/containers/json', '/networks']],
  ])('a daemon of version %j', async (version, paths) => {
    const server = await startScriptedServer(daemon(() => [containerOf('a', '10.0.0.1')], version))
    const config = parseDockerConfig({ host: server.url.replace('http:', 'tcp:') }, 'd')
    expect(await firstGroups(createDockerDiscoverer(config, lookupContext()))).toHaveLength(1)
    expect(server.asked.map(({ path }) => path)).toEqual(paths)
    await server.close()
  })

  test('filters, a path and credentials', async () => {
    const server = await startScriptedServer(daemon(() => null))
    const filters = [
      { name: 'label', values: ['a=b', 'c'] },
      { name: 'status', values: ['running'] },
      { name: 'label', values: ['d'] },
    ]
    const config = parseDockerConfig({ host: `${server.url}/docker/`, filters, bearer_token: 'abcd' }, 'd')
    expect(await firstGroups(createDockerDiscoverer(config, lookupContext()))).toEqual([
      { source: 'Docker', targets: [], labels: new Map() },
    ])
    const [ping, containers, networks] = server.asked
    expect([ping?.path, containers?.path, networks?.path]).toEqual([
      '/docker/_ping',
      '/docker/v1.43/containers/json',
      '/docker/v1.43/networks',
    ])
    expect(JSON.parse(containers?.query.get('filters') ?? '')).toEqual({ label: ['a=b', 'c', 'd'], status: ['running'] })
    expect(networks?.query.size).toBe(0)
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer abcd', 'Bearer abcd', 'Bearer abcd'])
    await server.close()
  })

  test.each<[what: string, containers: unknown, expected: string]>([
    ['other JSON', { a: 1 }, 'expected a list of containers, found other JSON'],
    ['a list of others', ['a'], 'expected a list of containers, found other JSON'],
    ['no JSON', '[{', 'expected containers in JSON'],
  ])('%s is told', async (_what, containers, expected) => {
    const server = await startScriptedServer(daemon(() => containers))
    const context = lookupContext()
    const running = runDiscoverer(createDockerDiscoverer(parseDockerConfig({ host: server.url }, 'd'), context))
    await eventually(() => expect(context.logged()).toContain(expected))
    expect(running.updates()).toBe(0)
    await running.end()
    await server.close()
  })

  test('a socket that is not there is told with its path', async () => {
    const context = lookupContext()
    const config = parseDockerConfig({ host: 'unix:///none/docker.sock' }, 'd')
    const running = runDiscoverer(createDockerDiscoverer(config, context))
    await eventually(() => expect(context.logged()).toContain('targets of unix:///none/docker.sock'))
    expect(context.logged()).toContain('ENOENT')
    await running.end()
  })
})

describe('parseDockerConfig', () => {
  test.each<[host: string, more: object, url: string, socketPath: string | undefined]>([
    ['unix:///var/run/docker.sock', {}, 'http://docker/', '/var/run/docker.sock'],
    ['tcp://host:2375', {}, 'http://host:2375/', undefined],
    ['tcp://host:2376', { tls_config: { insecure_skip_verify: true } }, 'https://host:2376/', undefined],
    ['https://host:2376', {}, 'https://host:2376/', undefined],
    ['http://host/prefix', {}, 'http://host/prefix', undefined],
  ])('%s %j', (host, more, url, socketPath) => {
    const { daemon: found } = parseDockerConfig({ host, ...more }, 'd')
    expect([found.url.href, found.socketPath]).toEqual([url, socketPath])
  })

  test('defaults', () => {
    expect(parseDockerConfig({ host: 'unix:///d' }, 'd')).toMatchObject({
      port: 80,
      hostNetworkingHost: 'localhost',
      matchFirstNetwork: true,
      filters: [],
      refreshMs: 60_000,
    })
  })

  const host =
    'd.host: expected an address such as unix:///var/run/docker.sock, tcp://host:2375 or https://host:2376, without user and query'
  test.each<[value: unknown, mistakes: readonly string[]]>([
    ['x', ['d: expected a mapping, found "x"']],
    [{}, [host]],
    [{ host: 'host:2375' }, [host]],
    [{ host: 'unix://' }, [host]],
    [{ host: 'npipe:////./pipe/docker_engine' }, [host]],
    [{ host: 'ssh://me@host' }, [host]],
    [{ host: 'tcp://me:secret@host:1' }, [host]],
    [{ host: 'unix:///d', port: -1 }, ['d.port: expected a port between 0 and 65535, found "-1"']],
    [{ host: 'unix:///d', match_first_network: 'maybe' }, ['d.match_first_network: expected true or false, found "maybe"']],
    [{ host: 'unix:///d', filters: {} }, ['d.filters: expected a list of name and values']],
    [{ host: 'unix:///d', filters: ['a'] }, ['d.filters[0]: expected a mapping of name and values']],
    [
      { host: 'unix:///d', filters: [{ value: 'a' }] },
      [
        'd.filters[0].value: unknown key (known: name, values)',
        'd.filters[0].name: expected text',
        'd.filters[0].values: expected a list of at least one text',
      ],
    ],
    [{ host: 'unix:///d', basic_auth: 1 }, ['d.basic_auth: expected a map, found a number']],
  ])('%j is refused', (value, mistakes) => {
    let found: readonly string[] = []
    try {
      parseDockerConfig(value, 'd')
    } catch (error) {
      found = error instanceof ConfigError ? error.mistakes : []
    }
    expect(found).toEqual(mistakes)
  })
})
