import { createServer, type Server } from 'node:http'

import { agentCommand, promtailCommand } from '@clymene/agent'
import { allInOneCommand } from '@clymene/all-in-one'
import { gatewayCommand, promtailGatewayCommand } from '@clymene/gateway'
import { ingesterCommand, promtailIngesterCommand } from '@clymene/ingester'
import { afterEach, describe, expect, test } from 'vitest'

import { IMAGE_EXECUTABLES } from './image-files.ts'
import { ADMIN_PORTS, adminAddresses, unready } from './image-health.ts'

const NODE = ['/usr/local/bin/node']

describe('where health is asked', () => {
  test.each<[words: readonly string[], env: Readonly<Record<string, string>>, entrypoint: string, expected: readonly string[]]>([
    [[...NODE, '/opt/clymene/bin/clymene-agent'], {}, 'clymene-agent', ['127.0.0.1:15691']],
    [[...NODE, '/opt/clymene/bin/promtail'], {}, 'clymene-agent', ['127.0.0.1:15698']],
    [[...NODE, '/opt/clymene/bin/promtail-gateway'], {}, 'clymene-gateway', ['127.0.0.1:15690']],
    // Kubernetes runs no HEALTHCHECK, but a process namespace may be shared, and /proc may be hidden.
    [['/pause'], {}, 'clymene-ingester', ['127.0.0.1:15694']],
    [[], {}, 'clymene-gateway', ['127.0.0.1:15690']],
    // The flag, in both spellings; the last one counts.
    [[...NODE, '/opt/clymene/bin/clymene-gateway', '--admin.http.host-ports=:9000'], {}, 'clymene-gateway', ['127.0.0.1:9000']],
    [[...NODE, 'clymene-gateway', '--admin.http.host-ports', '0.0.0.0:9001'], {}, 'clymene-gateway', ['127.0.0.1:9001']],
    [
      [...NODE, 'clymene-gateway', '--admin.http.host-ports=1', '--admin.http.host-ports=[::1]:2'],
      { ADMIN_HTTP_HOST_PORTS: ':3' },
      'clymene-gateway',
      ['[::1]:2'],
    ],
    // docker run --init
    [['/sbin/docker-init', '--', 'clymene-agent', '--admin.http.host-ports=9000'], {}, 'clymene-agent', ['127.0.0.1:9000']],
    [['/sbin/docker-init', '--', 'promtail'], {}, 'clymene-agent', ['127.0.0.1:15698']],
    // The variable; empty is as if it was not there.
    [[...NODE, 'clymene-ingester'], { ADMIN_HTTP_HOST_PORTS: '[::]:9002' }, 'clymene-ingester', ['127.0.0.1:9002']],
    [[...NODE, 'clymene-ingester'], { ADMIN_HTTP_HOST_PORTS: '' }, 'clymene-ingester', ['127.0.0.1:15694']],
    [[...NODE, 'clymene-agent'], { ADMIN_HTTP_HOST_PORTS: '10.0.0.7:9' }, 'clymene-agent', ['10.0.0.7:9']],
    // What has been said by hand for the original's way wins.
    [[...NODE, 'promtail', '--admin.http.host-ports=:1'], { STATUS_HTTP_HOST_PORT: ':15698' }, 'clymene-agent', ['127.0.0.1:15698']],
    [
      [...NODE, 'clymene-all-in-one', '--gateway.admin.http.host-ports=:9'],
      { INGESTER_ADMIN_HTTP_HOST_PORTS: '127.0.0.1:8' },
      'clymene-all-in-one',
      ['127.0.0.1:15691', '127.0.0.1:9', '127.0.0.1:8'],
    ],
  ])('%j %j', (words, env, entrypoint, expected) => {
    expect(adminAddresses(words, env, entrypoint)).toEqual(expected)
  })

  const commands = {
    'clymene-agent': agentCommand,
    promtail: promtailCommand,
    'clymene-gateway': gatewayCommand,
    'promtail-gateway': promtailGatewayCommand,
    'clymene-ingester': ingesterCommand,
    'promtail-ingester': promtailIngesterCommand,
    'clymene-all-in-one': allInOneCommand,
  }

  test.each(Object.entries(commands))('the flags and ports of %s are the service’s own', (name, { groups }) => {
    const flags = new Map(groups.flatMap((group) => Object.entries(group.flags)))
    const ports = [...flags]
      .filter(([flag]) => flag.endsWith('admin.http.host-ports'))
      .map(([flag, { defaultText }]) => [flag, defaultText])
    expect(ADMIN_PORTS[name]).toEqual(ports)
  })

  test('every executable is known, but for the command line', () => {
    const names = Object.values(IMAGE_EXECUTABLES).flatMap((each): readonly string[] => each)
    expect(Object.keys(ADMIN_PORTS).toSorted()).toEqual(names.filter((name) => name !== 'clymene').toSorted())
  })
})

describe('what is asked', () => {
  const servers: Server[] = []
  afterEach(() => Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)))))

  const serving = async (status: number, body: string): Promise<string> => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/readyz' ? status : 404).end(body)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('it has no port')
    return `127.0.0.1:${address.port}`
  }

  test('ready', async () => {
    expect(await unready(await serving(200, 'ok\n'))).toBeUndefined()
  })

  test('not ready: the reasons', async () => {
    const address = await serving(503, 'kafka: no broker answers\n')
    expect(await unready(address)).toBe(`${address}: kafka: no broker answers`)
  })

  test('nobody listens', async () => {
    expect(await unready('127.0.0.1:1')).toMatch(/^127\.0\.0\.1:1: .*ECONNREFUSED/)
  })
})
