import { mutableLabels, type TargetGroup } from '@clymene/model'
import { compileRelabel, parseRelabelConfigs } from '@clymene/relabel'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { ATTACH_NOTHING } from './attach.ts'
import { fixture, lookupIn } from './fixtures.test-kit.ts'
import { isJson, type Json } from './json.ts'
import { readMeta } from './object-meta.ts'
import { RESOURCES, type Resource } from './resources.ts'
import { groupOf } from './roles.ts'

/** What an object of the cluster becomes by rules, without what is private: a map a target that is kept. */
function relabelled(rules: string, resource: Resource, object: Json, ...others: readonly (readonly [Resource, Json])[]) {
  const relabel = compileRelabel(parseRelabelConfigs(parse(rules), 'relabel_configs'))
  const { group } = groupOf(
    RESOURCES[resource].read(object),
    ATTACH_NOTHING,
    lookupIn(...others.map(([kind, other]) => RESOURCES[kind].read(other))),
  )
  return group.targets.flatMap((target) => finalLabels(group, target, relabel))
}

function finalLabels(
  group: TargetGroup,
  target: ReadonlyMap<string, string>,
  relabel: ReturnType<typeof compileRelabel>,
): readonly object[] {
  const labels = mutableLabels(group, target)
  labels.set('__scheme__', 'http').set('__metrics_path__', '/metrics')
  if (!relabel(labels)) return []
  const shown = new Set(['__address__', '__scheme__', '__metrics_path__', '__path__'])
  return [Object.fromEntries([...labels].filter(([name]) => !name.startsWith('__') || shown.has(name)))]
}

/** The same object with other metadata. */
function withMeta(object: Json, changes: Json): Json {
  const { metadata } = object
  return { ...object, metadata: { ...(isJson(metadata) ? metadata : {}), ...changes } }
}

const scrapeAt = (address: string, path = '/metrics', scheme = 'http') => ({
  __address__: address,
  __metrics_path__: path,
  __scheme__: scheme,
})

describe('metrics', () => {
  test('kubernetes-apiservers keeps the endpoints of the API only', () => {
    const rules = `
      - source_labels: [__meta_kubernetes_namespace, __meta_kubernetes_service_name, __meta_kubernetes_endpoint_port_name]
        action: keep
        regex: default;kubernetes;https
      - {target_label: cluster, replacement: c1}`
    const metadata = { name: 'kubernetes', namespace: 'default' }
    const endpoints = {
      metadata,
      subsets: [
        {
          addresses: [{ ip: '10.0.0.1' }],
          ports: [
            { name: 'https', port: 6443 },
            { name: 'other', port: 1 },
          ],
        },
      ],
    }
    expect(relabelled(rules, 'endpoints', endpoints, ['services', { metadata }])).toEqual([{ ...scrapeAt('10.0.0.1:6443'), cluster: 'c1' }])
    expect(relabelled(rules, 'endpoints', fixture('endpoints'), ['services', fixture('service')])).toEqual([])
  })

  test.each([
    ['kubernetes-nodes', '/api/v1/nodes/${1}/proxy/metrics', '/api/v1/nodes/worker-1/proxy/metrics'],
    ['kubernetes-cadvisor', '/api/v1/nodes/${1}/proxy/metrics/cadvisor', '/api/v1/nodes/worker-1/proxy/metrics/cadvisor'],
  ])('%s goes through the API server, with the labels of the node', (_job, replacement, path) => {
    const rules = `
      - action: labelmap
        regex: __meta_kubernetes_node_label_(.+)
      - target_label: __address__
        replacement: kubernetes.default.svc:443
      - source_labels: [__meta_kubernetes_node_name]
        regex: (.+)
        target_label: __metrics_path__
        replacement: ${replacement}
      - {target_label: cluster, replacement: c1}`
    expect(relabelled(rules, 'nodes', fixture('node'))).toEqual([
      {
        ...scrapeAt('kubernetes.default.svc:443', path),
        instance: 'worker-1',
        kubernetes_io_hostname: 'worker-1',
        topology_kubernetes_io_zone: 'eu-1a',
        cluster: 'c1',
      },
    ])
  })

  const PODS = `
    - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape]
      action: keep
      regex: true
    - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_path]
      action: replace
      target_label: __metrics_path__
      regex: (.+)
    - source_labels: [__address__, __meta_kubernetes_pod_annotation_prometheus_io_port]
      action: replace
      regex: ([^:]+)(?::\\d+)?;(\\d+)
      replacement: $1:$2
      target_label: __address__
    - action: labelmap
      regex: __meta_kubernetes_pod_label_(.+)
    - {source_labels: [__meta_kubernetes_namespace], action: replace, target_label: namespace}
    - {source_labels: [__meta_kubernetes_pod_name], action: replace, target_label: kubernetes_pod_name}`

  test('kubernetes-pods takes port and path from annotations, for ports that are declared or not', () => {
    const found = relabelled(PODS, 'pods', fixture('pod'))
    // Five targets that become one: whoever scrapes takes equal ones once.
    expect(found).toHaveLength(5)
    expect(new Set(found.map((target) => JSON.stringify(Object.entries(target).toSorted((a, b) => (a[0] < b[0] ? -1 : 1))))).size).toBe(1)
    expect(found[0]).toEqual({
      ...scrapeAt('10.244.1.17:9102', '/internal/metrics'),
      app: 'checkout',
      app_kubernetes_io_component: 'api',
      app_kubernetes_io_name: 'checkout',
      pod_template_hash: '9ff9794b5',
      topology_kubernetes_io_zone: 'eu-1a',
      namespace: 'shop',
      kubernetes_pod_name: 'checkout-9ff9794b5-f6fxt',
    })
  })

  test.each([
    ['other annotations', { 'prometheus.io/scrape': 'false' }, []],
    ['no annotations', {}, []],
    [
      'no port and path',
      { 'prometheus.io/scrape': 'true' },
      ['10.244.1.17:8080', '10.244.1.17:9102', '10.244.1.17', '10.244.1.17', '10.244.1.17:15020'],
    ],
  ])('kubernetes-pods with %s', (_what, annotations, addresses) => {
    const found = relabelled(PODS, 'pods', withMeta(fixture('pod'), { annotations }))
    expect(found).toMatchObject(addresses.map((address) => scrapeAt(address)))
    expect(found).toHaveLength(addresses.length)
  })

  test('kubernetes-service-endpoints takes scheme, port and path from the annotations of the service', () => {
    const rules = `
      - {source_labels: [__meta_kubernetes_service_annotation_prometheus_io_scrape], action: keep, regex: true}
      - {source_labels: [__meta_kubernetes_service_annotation_prometheus_io_scheme], action: replace, target_label: __scheme__, regex: (https?)}
      - {source_labels: [__meta_kubernetes_service_annotation_prometheus_io_path], action: replace, target_label: __metrics_path__, regex: (.+)}
      - source_labels: [__address__, __meta_kubernetes_service_annotation_prometheus_io_port]
        action: replace
        target_label: __address__
        regex: ([^:]+)(?::\\d+)?;(\\d+)
        replacement: $1:$2
      - action: labelmap
        regex: __meta_kubernetes_service_label_(.+)
      - {source_labels: [__meta_kubernetes_namespace], action: replace, target_label: namespace}
      - {source_labels: [__meta_kubernetes_service_name], action: replace, target_label: kubernetes_name}`
    const found = relabelled(rules, 'endpoints', fixture('endpoints'), ['pods', fixture('pod')], ['services', fixture('service')])
    expect(found).toHaveLength(3)
    for (const target of found)
      expect(target).toEqual({
        ...scrapeAt('10.244.1.17:9102', '/metrics', 'https'),
        team: 'payments',
        namespace: 'shop',
        kubernetes_name: 'checkout',
      })
    const plainService = withMeta(fixture('service'), { annotations: {} })
    expect(relabelled(rules, 'endpoints', fixture('endpoints'), ['services', plainService])).toEqual([])
  })
})

describe('logs', () => {
  const RULES = `
    - source_labels: [__meta_kubernetes_pod_controller_name]
      regex: ([0-9a-z-.]+?)(-[0-9a-f]{8,10})?
      action: replace
      target_label: __tmp_controller_name
    - source_labels:
        - __meta_kubernetes_pod_label_app_kubernetes_io_name
        - __meta_kubernetes_pod_label_app
        - __tmp_controller_name
        - __meta_kubernetes_pod_name
      regex: ^;*([^;]+)(;.*)?$
      action: replace
      target_label: app
    - source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_component, __meta_kubernetes_pod_label_component]
      regex: ^;*([^;]+)(;.*)?$
      action: replace
      target_label: component
    - {action: replace, source_labels: [__meta_kubernetes_pod_node_name], target_label: node_name}
    - {action: replace, source_labels: [__meta_kubernetes_namespace], target_label: namespace}
    - {action: replace, replacement: $1, separator: /, source_labels: [namespace, app], target_label: job}
    - {action: replace, source_labels: [__meta_kubernetes_pod_name], target_label: pod}
    - {action: replace, source_labels: [__meta_kubernetes_pod_container_name], target_label: container}
    - action: replace
      replacement: /var/log/pods/*$1/*.log
      separator: /
      source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name]
      target_label: __path__
    - action: replace
      regex: true/(.*)
      replacement: /var/log/pods/*$1/*.log
      separator: /
      source_labels:
        - __meta_kubernetes_pod_annotationpresent_kubernetes_io_config_hash
        - __meta_kubernetes_pod_annotation_kubernetes_io_config_hash
        - __meta_kubernetes_pod_container_name
      target_label: __path__
    - {target_label: cluster, replacement: c1}`
  const pod = fixture('pod')
  const uid = readMeta(pod).uid
  const owner = (name: string) => ({ ownerReferences: [{ kind: 'X', name, controller: true }] })

  test('a pod of a Deployment: a target a container, its files by the uid', () => {
    const found = relabelled(RULES, 'pods', pod)
    expect(found[0]).toEqual({
      ...scrapeAt('10.244.1.17:8080'),
      __path__: `/var/log/pods/*${uid}/main/*.log`,
      app: 'checkout',
      component: 'api',
      node_name: 'worker-1',
      namespace: 'shop',
      job: 'shop/checkout',
      pod: 'checkout-9ff9794b5-f6fxt',
      container: 'main',
      cluster: 'c1',
    })
    expect(found).toMatchObject(
      ['main', 'main', 'log-shipper', 'migrate', 'mesh'].map((name) => ({ __path__: `/var/log/pods/*${uid}/${name}/*.log` })),
    )
  })

  test('a static pod: its files by the hash of its configuration', () => {
    expect(relabelled(RULES, 'pods', fixture('static-pod'))).toEqual([
      {
        ...scrapeAt('192.168.1.11'),
        __path__: '/var/log/pods/*0a1b2c3d4e5f60718293a4b5c6d7e8f9/kube-proxy/*.log',
        app: 'kube-proxy-worker-1',
        component: 'kube-proxy',
        node_name: 'worker-1',
        namespace: 'kube-system',
        job: 'kube-system/kube-proxy-worker-1',
        pod: 'kube-proxy-worker-1',
        container: 'kube-proxy',
        cluster: 'c1',
      },
    ])
  })

  test.each([
    [
      'name and app',
      { labels: { 'app.kubernetes.io/name': 'shop-front', app: 'front' }, ...owner('rs-5d8f9c6b7d') },
      { app: 'shop-front' },
    ],
    ['app', { labels: { app: 'front', component: 'ui' }, ...owner('rs-5d8f9c6b7d') }, { app: 'front', component: 'ui' }],
    ['no labels, of a ReplicaSet', { labels: {}, ...owner('my-web-5d8f9c6b7d') }, { app: 'my-web', job: 'shop/my-web' }],
    ['no labels, of a Job of a CronJob', { labels: {}, ...owner('backup-29384756') }, { app: 'backup' }],
    ['no labels, of a DaemonSet', { labels: {}, ...owner('node-exporter') }, { app: 'node-exporter' }],
    ['no labels, of a StatefulSet with a dotted name', { labels: {}, ...owner('db.main-2') }, { app: 'db.main-2' }],
    ['no labels and nothing that controls it', { labels: {}, ownerReferences: [] }, { app: 'checkout-9ff9794b5-f6fxt' }],
    ['an empty app label', { labels: { app: '' }, ...owner('web-5d8f9c6b7d') }, { app: 'web' }],
  ])('app of a pod with %s', (_what, changes, expected) => {
    expect(relabelled(RULES, 'pods', withMeta(pod, changes))[0]).toMatchObject(expected)
  })
})
