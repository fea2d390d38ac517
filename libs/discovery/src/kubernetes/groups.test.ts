import type { TargetGroup } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { ATTACH_NOTHING, type Attach } from './attach.ts'
import { endpointSliceGroup } from './endpoint-slice-group.ts'
import { readEndpointSlice } from './endpoint-slice.ts'
import { endpointsGroup } from './endpoints-group.ts'
import { readEndpoints } from './endpoints.ts'
import { fixture, lookupIn, plain } from './fixtures.test-kit.ts'
import { jsonAt, type Json } from './json.ts'
import { nodeGroup } from './node-group.ts'
import { readNode } from './node.ts'
import { podGroup } from './pod-group.ts'
import { readPod } from './pod.ts'
import { sourceOf } from './roles.ts'
import { serviceGroup } from './service-group.ts'
import { readService } from './service.ts'

const none = lookupIn()
const NODE: Attach = { ...ATTACH_NOTHING, node: true }
const shown = ({ source, labels, targets }: TargetGroup) => ({ source, labels: plain(labels), targets: targets.map(plain) })

/** The checkout pod as other groups show it. */
const POD = {
  pod_name: 'checkout-9ff9794b5-f6fxt',
  pod_ip: '10.244.1.17',
  pod_ready: 'true',
  pod_phase: 'Running',
  pod_node_name: 'worker-1',
  pod_host_ip: '192.168.1.11',
  pod_uid: '3ac6c0a3-06b5-4869-bd48-7d44222ff1fb',
  pod_controller_kind: 'ReplicaSet',
  pod_controller_name: 'checkout-9ff9794b5',
  pod_label_app: 'checkout',
  pod_labelpresent_app: 'true',
  pod_label_app_kubernetes_io_component: 'api',
  pod_labelpresent_app_kubernetes_io_component: 'true',
  pod_label_app_kubernetes_io_name: 'checkout',
  pod_labelpresent_app_kubernetes_io_name: 'true',
  pod_label_pod_template_hash: '9ff9794b5',
  pod_labelpresent_pod_template_hash: 'true',
  pod_label_topology_kubernetes_io_zone: 'eu-1a',
  pod_labelpresent_topology_kubernetes_io_zone: 'true',
  pod_annotation_prometheus_io_path: '/internal/metrics',
  pod_annotationpresent_prometheus_io_path: 'true',
  pod_annotation_prometheus_io_port: '9102',
  pod_annotationpresent_prometheus_io_port: 'true',
  pod_annotation_prometheus_io_scrape: 'true',
  pod_annotationpresent_prometheus_io_scrape: 'true',
}
const MAIN = { pod_container_name: 'main', pod_container_image: 'shop/checkout:3', pod_container_init: 'false' }
const MESH = { pod_container_name: 'mesh', pod_container_image: 'mesh/proxy:1', pod_container_init: 'true' }
const port = (name: string, number: number) => ({
  pod_container_port_name: name,
  pod_container_port_number: String(number),
  pod_container_port_protocol: 'TCP',
})

/** The checkout service as its endpoints show it. */
const SERVICE = {
  namespace: 'shop',
  service_name: 'checkout',
  service_label_team: 'payments',
  service_labelpresent_team: 'true',
  service_annotation_prometheus_io_port: '9102',
  service_annotationpresent_prometheus_io_port: 'true',
  service_annotation_prometheus_io_scheme: 'https',
  service_annotationpresent_prometheus_io_scheme: 'true',
  service_annotation_prometheus_io_scrape: 'true',
  service_annotationpresent_prometheus_io_scrape: 'true',
}

describe('a pod', () => {
  const pod = readPod(fixture('pod'))

  test('has a target a port of each container, and one without a port where there is none; init containers too', () => {
    expect(shown(podGroup(pod, ATTACH_NOTHING, none).group)).toEqual({
      source: 'pod/shop/checkout-9ff9794b5-f6fxt',
      labels: { namespace: 'shop', ...POD },
      targets: [
        { __address__: '10.244.1.17:8080', ...MAIN, pod_container_id: 'containerd://3f', ...port('http', 8080) },
        { __address__: '10.244.1.17:9102', ...MAIN, pod_container_id: 'containerd://3f', ...port('metrics', 9102) },
        {
          __address__: '10.244.1.17',
          pod_container_name: 'log-shipper',
          pod_container_image: 'shop/shipper:1',
          pod_container_id: 'containerd://4f',
          pod_container_init: 'false',
        },
        {
          __address__: '10.244.1.17',
          pod_container_name: 'migrate',
          pod_container_image: 'shop/migrate:3',
          pod_container_id: 'containerd://1f',
          pod_container_init: 'true',
        },
        { __address__: '10.244.1.17:15020', ...MESH, pod_container_id: 'containerd://2f', ...port('mesh', 15020) },
      ],
    })
  })

  test('gets name, labels and annotations of its node when that is asked for, and is made anew with it', () => {
    const { group, uses } = podGroup(pod, NODE, lookupIn(readNode(fixture('node'))))
    expect(plain(group.labels)).toMatchObject({ ...POD, node_name: 'worker-1', node_label_topology_kubernetes_io_zone: 'eu-1a' })
    expect(plain(group.labels)).toMatchObject({
      node_labelpresent_node_role_kubernetes_io_worker: 'true',
      node_annotation_node_alpha_kubernetes_io_ttl: '0',
    })
    expect(group.targets).toHaveLength(5)
    expect(uses).toEqual(['nodes worker-1'])
  })

  test.each<[what: string, nodeName: string, uses: readonly string[]]>([
    ['on a node that is not selected', 'other', ['nodes other']],
    ['on no node yet', '', []],
  ])('%s is not there when nodes are attached', (_what, nodeName, expected) => {
    const elsewhere = readPod({
      metadata: { name: 'p', namespace: 'n' },
      spec: { nodeName, containers: [{}] },
      status: { podIP: '1.1.1.1' },
    })
    const { group, uses } = podGroup(elsewhere, NODE, lookupIn(readNode(fixture('node'))))
    expect(shown(group)).toEqual({ source: 'pod/n/p', labels: {}, targets: [] })
    expect(uses).toEqual(expected)
    expect(podGroup(elsewhere, ATTACH_NOTHING, none).group.targets).toHaveLength(1)
  })

  const podWith = (status: Json, spec: Json = {}) =>
    shown(
      podGroup(
        readPod({ metadata: { name: 'p', namespace: 'n', uid: 'u' }, spec: { containers: [{ name: 'c' }], ...spec }, status }),
        ATTACH_NOTHING,
        none,
      ).group,
    )

  test.each<[what: string, status: Json, labels: object]>([
    ['that is pending with an address', { podIP: '1.1.1.1', phase: 'Pending' }, { pod_phase: 'Pending', pod_ready: 'unknown' }],
    [
      'that is not ready',
      { podIP: '1.1.1.1', phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
      { pod_phase: 'Running', pod_ready: 'false' },
    ],
    [
      'that has ended',
      { podIP: '1.1.1.1', phase: 'Succeeded', conditions: [{ type: 'Ready', status: 'Unknown' }] },
      { pod_phase: 'Succeeded', pod_ready: 'unknown' },
    ],
  ])('%s is there, and says so', (_what, status, labels) => {
    expect(podWith(status).labels).toEqual({ namespace: 'n', pod_name: 'p', pod_uid: 'u', pod_ip: '1.1.1.1', ...labels })
  })

  test('without an address has no target', () => {
    expect(podWith({ phase: 'Pending' })).toEqual({ source: 'pod/n/p', labels: {}, targets: [] })
    expect(podWith({}, { containers: 'wrong' }).targets).toEqual([])
  })

  test.each([
    [[], '[fd00::1]'],
    [[{ containerPort: 80 }], '[fd00::1]:80'],
  ])('with an IPv6 address has it in brackets', (ports, address) => {
    expect(podWith({ podIP: 'fd00::1' }, { containers: [{ name: 'c', ports }] }).targets).toMatchObject([{ __address__: address }])
  })

  test('that nothing controls, or whose owner is no controller, has no controller labels', () => {
    const owned = readPod({ metadata: { name: 'p', ownerReferences: [{ kind: 'X', name: 'x' }] }, status: { podIP: '1.1.1.1' } })
    expect(plain(podGroup(owned, ATTACH_NOTHING, none).group.labels)).not.toHaveProperty('pod_controller_kind')
  })

  test('label names that are no label names get underscores; an empty value is present all the same', () => {
    const labels = JSON.parse('{"a.b/c-d":"1","__proto__":"2","empty":"","é":"3"}') as unknown
    const { group } = podGroup(readPod({ metadata: { name: 'p', labels }, status: { podIP: '1.1.1.1' } }), ATTACH_NOTHING, none)
    expect(plain(group.labels)).toMatchObject({
      pod_label_a_b_c_d: '1',
      pod_labelpresent_a_b_c_d: 'true',
      pod_label___proto__: '2',
      pod_labelpresent_empty: 'true',
      pod_label__: '3',
    })
    expect(group.labels.has('__meta_kubernetes_pod_label_empty')).toBe(false)
  })
})

describe('a node', () => {
  test('is its kubelet, by the internal address; every first address of a type is a label', () => {
    expect(shown(nodeGroup(readNode(fixture('node'))))).toEqual({
      source: 'node/worker-1',
      labels: {
        node_name: 'worker-1',
        node_provider_id: 'aws:///eu-1a/i-0abc',
        node_label_kubernetes_io_hostname: 'worker-1',
        node_labelpresent_kubernetes_io_hostname: 'true',
        node_label_topology_kubernetes_io_zone: 'eu-1a',
        node_labelpresent_topology_kubernetes_io_zone: 'true',
        node_labelpresent_node_role_kubernetes_io_worker: 'true',
        node_annotation_volumes_kubernetes_io_controller_managed_attach_detach: 'true',
        node_annotationpresent_volumes_kubernetes_io_controller_managed_attach_detach: 'true',
        node_annotation_node_alpha_kubernetes_io_ttl: '0',
        node_annotationpresent_node_alpha_kubernetes_io_ttl: 'true',
      },
      targets: [
        {
          __address__: '192.168.1.11:10250',
          instance: 'worker-1',
          node_address_Hostname: 'worker-1',
          node_address_InternalIP: '192.168.1.11',
          node_address_ExternalIP: '203.0.113.7',
        },
      ],
    })
  })

  test('has a label for each condition', () => {
    const conditions = [{ type: 'Ready', status: 'True' }, { type: 'Disk-Pressure', status: 'Unknown' }, { type: 'Odd' }]
    const { labels } = nodeGroup(
      readNode({ metadata: { name: 'n' }, status: { addresses: [{ type: 'Hostname', address: 'n' }], conditions } }),
    )
    expect(plain(labels)).toEqual({ node_name: 'n', node_condition_ready: 'true', node_condition_disk_pressure: 'unknown' })
  })

  test.each([
    [['Hostname', 'LegacyHostIP', 'ExternalDNS', 'ExternalIP', 'InternalDNS', 'InternalIP'], 'InternalIP'],
    [['Hostname', 'LegacyHostIP', 'ExternalDNS', 'ExternalIP', 'InternalDNS'], 'InternalDNS'],
    [['Hostname', 'LegacyHostIP', 'ExternalDNS', 'ExternalIP'], 'ExternalIP'],
    [['Hostname', 'LegacyHostIP', 'ExternalDNS'], 'ExternalDNS'],
    [['Hostname', 'LegacyHostIP'], 'LegacyHostIP'],
    [['Hostname'], 'Hostname'],
  ])('of the addresses %j it is scraped at %s', (types, expected) => {
    const addresses = types.map((type) => ({ type, address: type.toLowerCase() }))
    const node = readNode({ metadata: { name: 'n' }, status: { addresses, daemonEndpoints: { kubeletEndpoint: { Port: 1 } } } })
    expect(nodeGroup(node).targets[0]?.get('__address__')).toBe(`${expected.toLowerCase()}:1`)
  })

  test('without an address has no target', () => {
    expect(nodeGroup(readNode({ metadata: { name: 'n' }, status: { addresses: [{ type: 'Other', address: 'x' }] } })).targets).toEqual([])
  })
})

describe('a service', () => {
  test('has a target a port, by its name in the cluster', () => {
    const group = shown(serviceGroup(readService(fixture('service')), ATTACH_NOTHING, none).group)
    expect(group.source).toBe('svc/shop/checkout')
    expect(group.labels).toEqual(SERVICE)
    expect(group.targets).toEqual([
      {
        __address__: 'checkout.shop.svc:80',
        service_port_name: 'http',
        service_port_number: '80',
        service_port_protocol: 'TCP',
        service_type: 'ClusterIP',
        service_cluster_ip: expect.stringMatching(/^10\.96\./),
      },
    ])
  })

  test('of a name elsewhere has that name, and no address in the cluster', () => {
    expect(shown(serviceGroup(readService(fixture('external-service')), ATTACH_NOTHING, none).group).targets).toEqual([
      {
        __address__: 'legacy.shop.svc:443',
        service_port_number: '443',
        service_port_protocol: 'TCP',
        service_type: 'ExternalName',
        service_external_name: 'legacy.example.com',
      },
    ])
  })

  test.each<[what: string, status: Json, expected: string]>([
    [
      'that got addresses',
      { loadBalancer: { ingress: [{ ip: '203.0.113.1' }, { hostname: 'h' }, { ip: 'fd00::1' }] } },
      '203.0.113.1,fd00::1',
    ],
    ['that got a name', { loadBalancer: { ingress: [{ hostname: 'h' }] } }, '203.0.113.9'],
    ['that got none yet', {}, '203.0.113.9'],
  ])('of a load balancer %s', (_what, status, expected) => {
    const spec = { type: 'LoadBalancer', loadBalancerIP: '203.0.113.9', ports: [{ port: 1 }] }
    const { group } = serviceGroup(readService({ metadata: { name: 's', namespace: 'n' }, spec, status }), ATTACH_NOTHING, none)
    expect(plain(group.targets[0] ?? new Map())).toHaveProperty('service_loadbalancer_ip', expected)
  })

  test('of a load balancer has the address that was asked for', () => {
    const spec = { type: 'LoadBalancer', clusterIP: '10.0.0.1', loadBalancerIP: '203.0.113.9', ports: [{ port: 1 }] }
    const [target] = serviceGroup(readService({ metadata: { name: 's', namespace: 'n' }, spec }), ATTACH_NOTHING, none).group.targets
    expect(plain(target ?? new Map())).toMatchObject({ service_loadbalancer_ip: '203.0.113.9', service_cluster_ip: '10.0.0.1' })
  })
})

describe('endpoints', () => {
  const endpoints = readEndpoints(fixture('endpoints'))
  const whole = lookupIn(readPod(fixture('pod')), readService(fixture('service')), readNode(fixture('node')))

  test('have a target an address and port with the labels of service and pod, then the other ports of the pod', () => {
    const { group, uses } = endpointsGroup(endpoints, ATTACH_NOTHING, whole)
    expect(uses).toEqual(['services shop/checkout', 'pods shop/checkout-9ff9794b5-f6fxt'])
    expect(shown(group)).toEqual({
      source: 'endpoints/shop/checkout',
      labels: {
        ...SERVICE,
        endpoints_name: 'checkout',
        endpoints_label_endpoints_kubernetes_io_managed_by: 'endpoint-controller',
        endpoints_labelpresent_endpoints_kubernetes_io_managed_by: 'true',
        endpoints_label_team: 'payments',
        endpoints_labelpresent_team: 'true',
      },
      targets: [
        {
          __address__: '10.244.1.17:8080',
          endpoint_port_name: 'http',
          endpoint_port_protocol: 'TCP',
          endpoint_ready: 'true',
          endpoint_node_name: 'worker-1',
          endpoint_address_target_kind: 'Pod',
          endpoint_address_target_name: 'checkout-9ff9794b5-f6fxt',
          ...POD,
          ...MAIN,
          ...port('http', 8080),
        },
        { __address__: '10.244.1.17:9102', ...POD, ...MAIN, ...port('metrics', 9102) },
        { __address__: '10.244.1.17:15020', ...POD, ...MESH, ...port('mesh', 15020) },
      ],
    })
  })

  test('whose pod and service are not known yet are there without their labels, and are made anew when they come', () => {
    const { group, uses } = endpointsGroup(endpoints, ATTACH_NOTHING, none)
    expect(shown(group).targets).toEqual([
      {
        __address__: '10.244.1.17:8080',
        endpoint_port_name: 'http',
        endpoint_port_protocol: 'TCP',
        endpoint_ready: 'true',
        endpoint_node_name: 'worker-1',
        endpoint_address_target_kind: 'Pod',
        endpoint_address_target_name: 'checkout-9ff9794b5-f6fxt',
      },
    ])
    expect(plain(group.labels)).toMatchObject({ namespace: 'shop', endpoints_name: 'checkout' })
    expect(uses).toContain('pods shop/checkout-9ff9794b5-f6fxt')
    expect(uses).toContain('services shop/checkout')
  })

  test('get the labels of the node when that is asked for', () => {
    const { group, uses } = endpointsGroup(endpoints, NODE, whole)
    expect(plain(group.targets[0] ?? new Map())).toMatchObject({ node_name: 'worker-1', node_label_kubernetes_io_hostname: 'worker-1' })
    expect(uses).toContain('nodes worker-1')
  })

  test('that are not ready, are named, or lead to no pod', () => {
    const group = endpointsGroup(
      readEndpoints({
        metadata: { name: 'e', namespace: 'n' },
        subsets: [
          {
            ports: [{ port: 1, protocol: 'UDP' }],
            addresses: [{ ip: 'fd00::2', hostname: 'db-0', targetRef: { kind: 'Node', name: 'worker-1' } }],
            notReadyAddresses: [{ ip: '1.1.1.2' }],
          },
        ],
      }),
      ATTACH_NOTHING,
      whole,
    ).group
    expect(shown(group)).toEqual({
      source: 'endpoints/n/e',
      labels: { namespace: 'n', endpoints_name: 'e' },
      targets: [
        {
          __address__: '[fd00::2]:1',
          endpoint_port_protocol: 'UDP',
          endpoint_ready: 'true',
          endpoint_hostname: 'db-0',
          endpoint_address_target_kind: 'Node',
          endpoint_address_target_name: 'worker-1',
        },
        { __address__: '1.1.1.2:1', endpoint_port_protocol: 'UDP', endpoint_ready: 'false' },
      ],
    })
  })

  test('of a node itself get the labels of that node when that is asked for', () => {
    const addresses = [{ ip: '192.168.1.11', targetRef: { kind: 'Node', name: 'worker-1' } }]
    const kubelet = readEndpoints({ metadata: { name: 'kubelet', namespace: 'n' }, subsets: [{ ports: [{ port: 10250 }], addresses }] })
    const { group, uses } = endpointsGroup(kubelet, NODE, whole)
    expect(plain(group.targets[0] ?? new Map())).toMatchObject({ node_name: 'worker-1' })
    expect(uses).toContain('nodes worker-1')
  })

  test('that lead to a port by another protocol than the container names: the label says what is reached', () => {
    const pod = { metadata: { name: 'p', namespace: 'n' }, status: { podIP: '1.1.1.1' } }
    const spec = { containers: [{ name: 'dns', ports: [{ containerPort: 53, protocol: 'TCP' }] }] }
    const addresses = [{ ip: '1.1.1.1', targetRef: { kind: 'Pod', name: 'p', namespace: 'n' } }]
    const { group } = endpointsGroup(
      readEndpoints({ metadata: { name: 'dns', namespace: 'n' }, subsets: [{ ports: [{ port: 53, protocol: 'UDP' }], addresses }] }),
      ATTACH_NOTHING,
      lookupIn(readPod({ ...pod, spec })),
    )
    expect(plain(group.targets[0] ?? new Map())).toHaveProperty('pod_container_port_protocol', 'UDP')
    expect(group.targets).toHaveLength(1)
  })

  test('without subsets have no target', () => {
    expect(endpointsGroup(readEndpoints({ metadata: { name: 'e', namespace: 'n' } }), ATTACH_NOTHING, none).group.targets).toEqual([])
  })
})

describe('an endpoint slice', () => {
  const whole = lookupIn(readPod(fixture('pod')), readService(fixture('service')), readNode(fixture('node')))

  test('has a target an address and port with the labels of service and pod, then the other ports of the pod', () => {
    const { group, uses } = endpointSliceGroup(readEndpointSlice(fixture('endpoint-slice')), ATTACH_NOTHING, whole)
    expect(uses).toEqual(['services shop/checkout', 'pods shop/checkout-9ff9794b5-f6fxt'])
    expect(shown(group)).toEqual({
      source: 'endpointslice/shop/checkout-h4k4p',
      labels: {
        ...SERVICE,
        endpointslice_name: 'checkout-h4k4p',
        endpointslice_address_type: 'IPv4',
        endpointslice_label_endpointslice_kubernetes_io_managed_by: 'endpointslice-controller.k8s.io',
        endpointslice_labelpresent_endpointslice_kubernetes_io_managed_by: 'true',
        endpointslice_label_kubernetes_io_service_name: 'checkout',
        endpointslice_labelpresent_kubernetes_io_service_name: 'true',
        endpointslice_label_team: 'payments',
        endpointslice_labelpresent_team: 'true',
      },
      targets: [
        {
          __address__: '10.244.1.17:8080',
          endpointslice_port: '8080',
          endpointslice_port_name: 'http',
          endpointslice_port_protocol: 'TCP',
          endpointslice_endpoint_conditions_ready: 'true',
          endpointslice_endpoint_conditions_serving: 'true',
          endpointslice_endpoint_conditions_terminating: 'false',
          endpointslice_endpoint_node_name: 'worker-1',
          endpointslice_endpoint_zone: 'eu-1a',
          endpointslice_address_target_kind: 'Pod',
          endpointslice_address_target_name: 'checkout-9ff9794b5-f6fxt',
          ...POD,
          ...MAIN,
          ...port('http', 8080),
        },
        { __address__: '10.244.1.17:9102', ...POD, ...MAIN, ...port('metrics', 9102) },
        { __address__: '10.244.1.17:15020', ...POD, ...MESH, ...port('mesh', 15020) },
      ],
    })
  })

  test.each<[policy: string | undefined, families: readonly string[], addressType: string, targets: number]>([
    ['PreferDualStack', ['IPv4', 'IPv6'], 'IPv4', 3],
    ['PreferDualStack', ['IPv4', 'IPv6'], 'IPv6', 0],
    ['RequireDualStack', ['IPv6', 'IPv4'], 'IPv4', 0],
    ['SingleStack', ['IPv4'], 'IPv6', 3],
    ['PreferDualStack', [], 'IPv6', 3],
    [undefined, ['IPv4'], 'IPv6', 3],
  ])('of a service with the policy %s and the families %j, of type %s: %i targets', (ipFamilyPolicy, ipFamilies, addressType, targets) => {
    const service = fixture('service')
    const spec = { ...jsonAt(service, 'spec'), ipFamilies, ipFamilyPolicy }
    const lookup = lookupIn(readPod(fixture('pod')), readService({ ...service, spec }))
    const slice = readEndpointSlice({ ...fixture('endpoint-slice'), addressType })
    const { group, uses } = endpointSliceGroup(slice, ATTACH_NOTHING, lookup)
    expect(group.targets).toHaveLength(targets)
    expect(uses).toContain('services shop/checkout')
  })

  test('of every port, of a node, with what an old server says of its place', () => {
    const { group, uses } = endpointSliceGroup(
      readEndpointSlice({
        metadata: { name: 's', namespace: 'n' },
        addressType: 'FQDN',
        endpoints: [
          {
            addresses: ['a.example', 'b.example'],
            hostname: 'h',
            deprecatedTopology: { 'kubernetes.io/hostname': 'worker-1' },
            targetRef: { kind: 'Node', name: 'worker-1' },
          },
        ],
        ports: [{ appProtocol: 'http' }],
      }),
      NODE,
      whole,
    )
    const rest = {
      endpointslice_port_app_protocol: 'http',
      endpointslice_endpoint_hostname: 'h',
      endpointslice_endpoint_topology_kubernetes_io_hostname: 'worker-1',
      endpointslice_endpoint_topology_present_kubernetes_io_hostname: 'true',
      endpointslice_address_target_kind: 'Node',
      endpointslice_address_target_name: 'worker-1',
      node_name: 'worker-1',
    }
    expect(shown(group).labels).toEqual({ namespace: 'n', endpointslice_name: 's', endpointslice_address_type: 'FQDN' })
    expect(shown(group).targets).toMatchObject([
      { __address__: 'a.example', ...rest },
      { __address__: 'b.example', ...rest },
    ])
    expect(uses).toEqual(['nodes worker-1'])
  })
})

test.each([
  ['node', 'worker-1', () => nodeGroup(readNode(fixture('node')))],
  ['pod', 'shop/checkout-9ff9794b5-f6fxt', () => podGroup(readPod(fixture('pod')), ATTACH_NOTHING, none).group],
  ['service', 'shop/checkout', () => serviceGroup(readService(fixture('service')), ATTACH_NOTHING, none).group],
  ['endpoints', 'shop/checkout', () => endpointsGroup(readEndpoints(fixture('endpoints')), ATTACH_NOTHING, none).group],
  [
    'endpointslice',
    'shop/checkout-h4k4p',
    () => endpointSliceGroup(readEndpointSlice(fixture('endpoint-slice')), ATTACH_NOTHING, none).group,
  ],
] as const)('a group of the role %s is found again by the key of its object', (role, key, make) => {
  expect(make().source).toBe(sourceOf(role, key))
})
