import { expect, test } from 'vitest'

import { consulGroup } from './group.ts'

const OPTIONS = { service: 'web', datacenter: 'dc1', tagSeparator: ',' }

/** As `/v1/health/service/:service` has it. */
const INSTANCE = {
  Node: {
    ID: '1',
    Node: 'node-1',
    Address: '10.0.0.1',
    Datacenter: 'dc1',
    TaggedAddresses: { lan: '10.0.0.1', wan_ipv4: '198.51.100.1' },
    Meta: { 'consul-network-segment': '', rack: 'r1' },
  },
  Service: {
    ID: 'web-1',
    Service: 'web',
    Tags: ['v1', 'blue'],
    Address: '10.0.1.1',
    Meta: { 'app.version': '2' },
    Port: 8080,
    Namespace: 'default',
    Partition: 'p1',
  },
  Checks: [{ CheckID: 'serfHealth', Status: 'passing' }],
}

test('every label', () => {
  const group = consulGroup([INSTANCE], OPTIONS)
  expect(group.source).toBe('web')
  expect(Object.fromEntries(group.labels)).toEqual({ __meta_consul_service: 'web', __meta_consul_dc: 'dc1' })
  expect(group.targets.map((target) => Object.fromEntries(target))).toEqual([
    {
      __address__: '10.0.1.1:8080',
      __meta_consul_address: '10.0.0.1',
      __meta_consul_node: 'node-1',
      __meta_consul_namespace: 'default',
      __meta_consul_partition: 'p1',
      __meta_consul_tags: ',v1,blue,',
      __meta_consul_service_address: '10.0.1.1',
      __meta_consul_service_port: '8080',
      __meta_consul_service_id: 'web-1',
      __meta_consul_health: 'passing',
      __meta_consul_metadata_rack: 'r1',
      __meta_consul_service_metadata_app_version: '2',
      __meta_consul_tagged_address_lan: '10.0.0.1',
      __meta_consul_tagged_address_wan_ipv4: '198.51.100.1',
    },
  ])
})

test.each<[what: string, node: string, address: string, port: number | undefined, expected: string]>([
  ["the service's address", '10.0.0.1', '10.0.1.1', 80, '10.0.1.1:80'],
  ["the node's, where the service has none", '10.0.0.1', '', 80, '10.0.0.1:80'],
  ['IPv6', '2001:db8::1', '', 80, '[2001:db8::1]:80'],
  ['no port', '10.0.0.1', '', undefined, '10.0.0.1:0'],
])('address: %s', (_what, node, address, port, expected) => {
  const [target] = consulGroup([{ Node: { Address: node }, Service: { Address: address, Port: port } }], OPTIONS).targets
  expect(target?.get('__address__')).toBe(expected)
})

test.each<[tags: readonly string[] | null, separator: string, expected: string]>([
  [['a', 'b'], ',', ',a,b,'],
  [['a'], '|', '|a|'],
  [[], ',', ',,'],
  [null, ',', ',,'],
])('tags %j by %j', (Tags, tagSeparator, expected) => {
  const [target] = consulGroup([{ Node: {}, Service: { Tags } }], { ...OPTIONS, tagSeparator }).targets
  expect(target?.get('__meta_consul_tags')).toBe(expected)
})

test.each<[checks: readonly (readonly [id: string, status: string])[], health: string | undefined]>([
  [[], 'passing'],
  [[['a', 'passing']], 'passing'],
  [
    [
      ['a', 'passing'],
      ['b', 'warning'],
    ],
    'warning',
  ],
  [
    [
      ['a', 'critical'],
      ['b', 'warning'],
    ],
    'critical',
  ],
  [
    [
      ['_node_maintenance', 'critical'],
      ['b', 'critical'],
    ],
    'maintenance',
  ],
  [[['_service_maintenance:web', 'critical']], 'maintenance'],
  [
    [
      ['a', 'strange'],
      ['b', 'critical'],
    ],
    undefined,
  ],
])('the health of %j', (checks, health) => {
  const Checks = checks.map(([CheckID, Status]) => ({ CheckID, Status }))
  const [target] = consulGroup([{ Node: {}, Service: {}, Checks }], OPTIONS).targets
  expect(target?.get('__meta_consul_health')).toBe(health)
})
