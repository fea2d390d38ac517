import { describe, expect, test } from 'vitest'

import type { Json } from '../json.ts'
import { dockerGroup } from './group.ts'

const RULES = { port: 80, hostNetworkingHost: 'localhost', matchFirstNetwork: true }

/** As `/containers/json` of the Docker Engine API has them. */
const containerOf = (more: Json = {}): Json => ({
  Id: 'c1',
  Names: ['/web'],
  Image: 'nginx:1.27',
  ImageID: 'sha256:1',
  Command: 'nginx',
  Ports: [],
  Labels: {},
  State: 'running',
  HostConfig: { NetworkMode: 'bridge' },
  NetworkSettings: { Networks: { bridge: { NetworkID: 'n1', IPAddress: '172.17.0.2', GlobalIPv6Address: '' } } },
  ...more,
})
const networkOf = (more: Json = {}): Json => ({
  Id: 'n1',
  Name: 'bridge',
  Scope: 'local',
  Driver: 'bridge',
  Internal: false,
  Ingress: false,
  Labels: {},
  ...more,
})
const withNetworks = (Networks: Json): Json => ({ NetworkSettings: { Networks } })

const addresses = (containers: readonly Json[], rules: Partial<typeof RULES> = {}): readonly string[] =>
  dockerGroup(containers, [networkOf()], { ...RULES, ...rules }).targets.map((target) => target.get('__address__') ?? '')

test('every label', () => {
  const container = containerOf({
    Ports: [{ IP: '0.0.0.0', PrivatePort: 9100, PublicPort: 19_100, Type: 'tcp' }],
    Labels: { 'com.example/tier': 'front', empty: '' },
  })
  const group = dockerGroup([container], [networkOf({ Internal: true, Ingress: true, Labels: { 'my.label': 'x' } })], RULES)
  expect(group.source).toBe('Docker')
  expect(group.labels.size).toBe(0)
  expect(group.targets.map((target) => Object.fromEntries(target))).toEqual([
    {
      __address__: '172.17.0.2:9100',
      __meta_docker_container_id: 'c1',
      __meta_docker_container_name: '/web',
      __meta_docker_container_network_mode: 'bridge',
      __meta_docker_container_image: 'nginx:1.27',
      __meta_docker_container_image_id: 'sha256:1',
      __meta_docker_container_label_com_example_tier: 'front',
      __meta_docker_network_id: 'n1',
      __meta_docker_network_name: 'bridge',
      __meta_docker_network_scope: 'local',
      __meta_docker_network_internal: 'true',
      __meta_docker_network_ingress: 'true',
      __meta_docker_network_label_my_label: 'x',
      __meta_docker_network_ip: '172.17.0.2',
      __meta_docker_port_private: '9100',
      __meta_docker_port_public: '19100',
      __meta_docker_port_public_ip: '0.0.0.0',
    },
  ])
})

describe('addresses', () => {
  const two = withNetworks({ b: { NetworkID: 'n2', IPAddress: '10.0.2.1' }, a: { NetworkID: 'n1', IPAddress: '10.0.1.1' } })
  const ports = {
    Ports: [
      { PrivatePort: 1, Type: 'tcp' },
      { PrivatePort: 2, Type: 'udp' },
      { PrivatePort: 3, Type: 'tcp' },
    ],
  }
  test.each<[what: string, containers: readonly Json[], rules: Partial<typeof RULES>, expected: readonly string[]]>([
    ['no port: the one of the configuration', [containerOf()], { port: 8080 }, ['172.17.0.2:8080']],
    ['each TCP port', [containerOf(ports)], {}, ['172.17.0.2:1', '172.17.0.2:3']],
    ['only UDP ports are none', [containerOf({ Ports: [{ PrivatePort: 53, Type: 'udp' }] })], {}, ['172.17.0.2:80']],
    ['the first network by name', [containerOf(two)], {}, ['10.0.1.1:80']],
    ['every network', [containerOf(two)], { matchFirstNetwork: false }, ['10.0.1.1:80', '10.0.2.1:80']],
    ['a network that is null', [containerOf(withNetworks({ a: null, b: { IPAddress: '10.0.2.1' } }))], {}, ['10.0.2.1:80']],
    ['IPv6 where there is no other', [containerOf(withNetworks({ a: { GlobalIPv6Address: '2001:db8::1' } }))], {}, ['[2001:db8::1]:80']],
    ['no address yet', [containerOf(withNetworks({ a: {} }))], {}, [':80']],
    [
      "the host's network",
      [containerOf({ HostConfig: { NetworkMode: 'host' }, ...withNetworks({ host: {} }) })],
      { hostNetworkingHost: 'node-1' },
      ['node-1'],
    ],
    [
      "another container's network, over two of them",
      [
        containerOf({ Id: 'c3', HostConfig: { NetworkMode: 'container:c2' }, NetworkSettings: { Networks: {} } }),
        containerOf({ Id: 'c2', Names: [], HostConfig: { NetworkMode: 'container:c1' }, NetworkSettings: {} }),
        containerOf({ Names: [] }),
      ],
      {},
      ['172.17.0.2:80'],
    ],
    ['a container that is gone', [containerOf({ HostConfig: { NetworkMode: 'container:gone' }, NetworkSettings: {} })], {}, []],
    [
      'containers that name each other',
      [
        containerOf({ Id: 'a', HostConfig: { NetworkMode: 'container:b' }, NetworkSettings: {} }),
        containerOf({ Id: 'b', HostConfig: { NetworkMode: 'container:a' }, NetworkSettings: {} }),
      ],
      {},
      [],
    ],
    ['a container without a name', [containerOf({ Names: [] })], {}, []],
    ['no network', [containerOf({ HostConfig: { NetworkMode: 'none' }, NetworkSettings: { Networks: {} } })], {}, []],
    ['no containers', [], {}, []],
  ])('%s', (_what, containers, rules, expected) => expect(addresses(containers, rules)).toEqual(expected))
})
