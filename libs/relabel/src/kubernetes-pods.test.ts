import { describe, expect, test } from 'vitest'

import { compileRelabel } from './compile.ts'
import { parseRelabelConfigs } from './parse.ts'

// The relabelling of pod logs that every Promtail set-up for Kubernetes carries, in the order users write it.
const RULES = [
  {
    source_labels: ['__meta_kubernetes_pod_controller_name'],
    regex: '([0-9a-z-.]+?)(-[0-9a-f]{8,10})?',
    target_label: '__tmp_controller_name',
  },
  {
    source_labels: [
      '__meta_kubernetes_pod_label_app_kubernetes_io_name',
      '__meta_kubernetes_pod_label_app',
      '__tmp_controller_name',
      '__meta_kubernetes_pod_name',
    ],
    regex: '^;*([^;]+)(;.*)?$',
    target_label: 'app',
  },
  {
    source_labels: ['__meta_kubernetes_pod_label_app_kubernetes_io_component', '__meta_kubernetes_pod_label_component'],
    regex: '^;*([^;]+)(;.*)?$',
    target_label: 'component',
  },
  { source_labels: ['__meta_kubernetes_pod_node_name'], target_label: 'node_name' },
  { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
  { source_labels: ['namespace', 'app'], separator: '/', target_label: 'job' },
  { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
  { source_labels: ['__meta_kubernetes_pod_container_name'], target_label: 'container' },
  {
    source_labels: ['__meta_kubernetes_pod_uid', '__meta_kubernetes_pod_container_name'],
    separator: '/',
    replacement: '/var/log/pods/*$1/*.log',
    target_label: '__path__',
  },
  {
    source_labels: [
      '__meta_kubernetes_pod_annotationpresent_kubernetes_io_config_hash',
      '__meta_kubernetes_pod_annotation_kubernetes_io_config_hash',
      '__meta_kubernetes_pod_container_name',
    ],
    separator: '/',
    regex: 'true/(.*)',
    replacement: '/var/log/pods/*$1/*.log',
    target_label: '__path__',
  },
  { target_label: 'cluster', replacement: 'clymene-cluster' },
]

const relabel = compileRelabel(parseRelabelConfigs(RULES, 'relabel_configs'))

const POD = {
  __meta_kubernetes_namespace: 'shop',
  __meta_kubernetes_pod_name: 'web-7f9c8d6b54-x2x4z',
  __meta_kubernetes_pod_uid: 'f3c1',
  __meta_kubernetes_pod_container_name: 'nginx',
  __meta_kubernetes_pod_node_name: 'node-1',
  __meta_kubernetes_pod_controller_name: 'web-7f9c8d6b54',
}

describe('pod logs of Kubernetes', () => {
  const cases = [
    {
      name: 'a deployment',
      labels: {},
      expected: { app: 'web', job: 'shop/web', component: undefined, __path__: '/var/log/pods/*f3c1/nginx/*.log' },
    },
    { name: 'label app', labels: { __meta_kubernetes_pod_label_app: 'frontend' }, expected: { app: 'frontend', job: 'shop/frontend' } },
    {
      name: 'the recommended label wins over app',
      labels: { __meta_kubernetes_pod_label_app: 'frontend', __meta_kubernetes_pod_label_app_kubernetes_io_name: 'store' },
      expected: { app: 'store' },
    },
    {
      name: 'a stateful set has no hash',
      labels: { __meta_kubernetes_pod_controller_name: 'kafka.main' },
      expected: { app: 'kafka.main', __tmp_controller_name: 'kafka.main' },
    },
    {
      name: 'no controller: the name of the pod',
      labels: { __meta_kubernetes_pod_controller_name: '' },
      expected: { app: 'web-7f9c8d6b54-x2x4z', __tmp_controller_name: undefined },
    },
    { name: 'component', labels: { __meta_kubernetes_pod_label_component: 'api' }, expected: { component: 'api' } },
    {
      name: 'a static pod lies under its config hash',
      labels: {
        __meta_kubernetes_pod_annotationpresent_kubernetes_io_config_hash: 'true',
        __meta_kubernetes_pod_annotation_kubernetes_io_config_hash: 'abcd',
      },
      expected: { __path__: '/var/log/pods/*abcd/nginx/*.log' },
    },
  ]
  test.each(cases)('$name', ({ labels, expected }) => {
    const map = new Map(Object.entries({ ...POD, ...labels }))
    expect(relabel(map)).toBe(true)
    expect(Object.fromEntries(map)).toMatchObject({
      ...Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined)),
      cluster: 'clymene-cluster',
      namespace: 'shop',
      pod: 'web-7f9c8d6b54-x2x4z',
      container: 'nginx',
      node_name: 'node-1',
    })
    for (const [name, value] of Object.entries(expected)) expect(map.get(name)).toBe(value)
  })
})

describe('scrape addresses of Kubernetes', () => {
  const rules = parseRelabelConfigs(
    [
      { source_labels: ['__meta_kubernetes_pod_annotation_prometheus_io_scrape'], action: 'keep', regex: true },
      { source_labels: ['__meta_kubernetes_pod_annotation_prometheus_io_path'], target_label: '__metrics_path__', regex: '(.+)' },
      {
        source_labels: ['__address__', '__meta_kubernetes_pod_annotation_prometheus_io_port'],
        regex: String.raw`([^:]+)(?::\d+)?;(\d+)`,
        replacement: '$1:$2',
        target_label: '__address__',
      },
      { action: 'labelmap', regex: '__meta_kubernetes_pod_label_(.+)' },
      {
        source_labels: ['__meta_kubernetes_node_name'],
        regex: '(.+)',
        target_label: '__proxy__',
        replacement: '/api/v1/nodes/${1}/proxy/metrics',
      },
    ],
    'relabel_configs',
  )
  const cases = [
    { name: 'annotated port', labels: { __meta_kubernetes_pod_annotation_prometheus_io_port: '9102' }, address: '10.0.0.1:9102' },
    { name: 'no annotation keeps the address', labels: {}, address: '10.0.0.1:80' },
  ]
  test.each(cases)('$name', ({ labels, address }) => {
    const map = new Map(
      Object.entries({
        __address__: '10.0.0.1:80',
        __metrics_path__: '/metrics',
        __meta_kubernetes_pod_annotation_prometheus_io_scrape: 'true',
        __meta_kubernetes_pod_label_app: 'web',
        __meta_kubernetes_node_name: 'node-1',
        ...labels,
      }),
    )
    expect(compileRelabel(rules)(map)).toBe(true)
    expect(Object.fromEntries(map)).toMatchObject({
      __address__: address,
      __metrics_path__: '/metrics',
      app: 'web',
      __proxy__: '/api/v1/nodes/node-1/proxy/metrics',
    })
  })

  test('a pod without the annotation is dropped', () => {
    expect(compileRelabel(rules)(new Map([['__address__', 'x']]))).toBe(false)
  })
})
