import { matchesGlob } from 'node:path'

import { builtInLogs } from '@clymene/agent'
import { ConfigError } from '@clymene/model'
import { compileRelabel, parseRelabelConfigs } from '@clymene/relabel'
import { createLabelSet, createPipeline, Extracted, parseStages } from '@clymene/stages'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

import { jobsOf } from './checks.ts'
import { MAIN_ORDER, parseFiles, readFiles } from './manifest-files.ts'

const manifests = parseFiles(readFiles(MAIN_ORDER))

function jobOf(config: string, name: string) {
  const found = manifests
    .filter(({ object }) => object.kind === 'ConfigMap' && object.metadata.name === config)
    .flatMap(jobsOf)
    .find(({ job_name: job }) => job === name)
  if (found === undefined) throw new ConfigError(`no job ${name}`)
  return found
}

function relabelled(config: string, name: string, labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> | 'dropped' {
  const found = jobOf(config, name)
  const result = new Map(Object.entries(labels))
  if (!compileRelabel(parseRelabelConfigs(found.relabel_configs, name))(result)) return 'dropped'
  return Object.fromEntries([...result].filter(([label, value]) => !/^__(?:meta|tmp)_/.test(label) && value !== ''))
}

const podName = 'cart-5d9f7c6b84-x2x7k'
const pod = {
  __address__: '10.0.0.7:8080',
  __meta_kubernetes_namespace: 'shop',
  __meta_kubernetes_pod_name: podName,
  __meta_kubernetes_pod_uid: 'u1',
  __meta_kubernetes_pod_node_name: 'n1',
  __meta_kubernetes_pod_container_name: 'cart',
  __meta_kubernetes_pod_phase: 'Running',
  __meta_kubernetes_pod_controller_kind: 'ReplicaSet',
  __meta_kubernetes_pod_controller_name: 'cart-5d9f7c6b84',
}
const scraped = { __meta_kubernetes_pod_annotation_prometheus_io_scrape: 'true' }
const service = {
  __address__: '10.0.0.7:8080',
  __meta_kubernetes_namespace: 'shop',
  __meta_kubernetes_service_name: 'cart',
  __meta_kubernetes_service_label_team: 'a',
}
const cluster = 'clymene-cluster'

test.each<[job: string, labels: Readonly<Record<string, string>>, expected: Readonly<Record<string, string>> | 'dropped']>([
  [
    'kubernetes-apiservers',
    {
      __meta_kubernetes_namespace: 'default',
      __meta_kubernetes_service_name: 'kubernetes',
      __meta_kubernetes_endpoint_port_name: 'https',
      __address__: '10.0.0.1:6443',
    },
    { __address__: '10.0.0.1:6443', cluster },
  ],
  ['kubernetes-apiservers', service, 'dropped'],
  [
    'kubernetes-nodes',
    { __address__: '10.0.0.2:10250', __meta_kubernetes_node_name: 'n1', __meta_kubernetes_node_label_zone: 'z' },
    { __address__: 'kubernetes.default.svc:443', __metrics_path__: '/api/v1/nodes/n1/proxy/metrics', instance: 'n1', zone: 'z', cluster },
  ],
  [
    'kubernetes-cadvisor',
    { __address__: '10.0.0.2:10250', __meta_kubernetes_node_name: 'n1' },
    { __address__: 'kubernetes.default.svc:443', __metrics_path__: '/api/v1/nodes/n1/proxy/metrics/cadvisor', instance: 'n1', cluster },
  ],
  ['kubernetes-pods', pod, 'dropped'],
  [
    'kubernetes-pods',
    { ...pod, ...scraped, __metrics_path__: '/metrics', __meta_kubernetes_pod_label_app: 'cart' },
    {
      __address__: '10.0.0.7:8080',
      __metrics_path__: '/metrics',
      namespace: 'shop',
      kubernetes_pod_name: podName,
      app: 'cart',
      cluster,
    },
  ],
  [
    'kubernetes-pods',
    {
      ...pod,
      ...scraped,
      __meta_kubernetes_pod_annotation_prometheus_io_port: '9102',
      __meta_kubernetes_pod_annotation_prometheus_io_path: '/m',
    },
    {
      __address__: '10.0.0.7:9102',
      __metrics_path__: '/m',
      namespace: 'shop',
      kubernetes_pod_name: podName,
      cluster,
    },
  ],
  ['kubernetes-pods', { ...pod, ...scraped, __meta_kubernetes_pod_phase: 'Succeeded' }, 'dropped'],
  ['kube-state-metrics', { __address__: 'a:1' }, { __address__: 'a:1', cluster }],
  ['kubernetes-service-endpoints', service, 'dropped'],
  [
    'kubernetes-service-endpoints',
    {
      ...service,
      __scheme__: 'http',
      __meta_kubernetes_service_annotation_prometheus_io_scrape: 'true',
      __meta_kubernetes_service_annotation_prometheus_io_scheme: 'https',
      __meta_kubernetes_service_annotation_prometheus_io_path: '/m',
      __meta_kubernetes_service_annotation_prometheus_io_port: '9102',
    },
    {
      __address__: '10.0.0.7:9102',
      __scheme__: 'https',
      __metrics_path__: '/m',
      namespace: 'shop',
      kubernetes_name: 'cart',
      team: 'a',
      cluster,
    },
  ],
  [
    'node-exporter',
    { __address__: '10.0.0.2:9100', __meta_kubernetes_pod_node_name: 'n1' },
    { __address__: '10.0.0.2:9100', instance: 'n1', cluster },
  ],
])('clymene-agent-config, %s: %j', (job, labels, expected) => {
  expect(relabelled('clymene-agent-config', job, labels)).toEqual(expected)
})

const logs = { namespace: 'shop', pod: podName, container: 'cart', node_name: 'n1', cluster }

test.each<[what: string, labels: Readonly<Record<string, string>>, expected: Readonly<Record<string, string>>]>([
  ['named by its controller, without the hash', {}, { app: 'cart', job: 'shop/cart' }],
  ['named by a controller without a hash', { __meta_kubernetes_pod_controller_name: 'web-db' }, { app: 'web-db', job: 'shop/web-db' }],
  [
    'named by its label app',
    { __meta_kubernetes_pod_label_app: 'a', __meta_kubernetes_pod_label_component: 'c', __meta_kubernetes_pod_label_instance: 'i' },
    { app: 'a', job: 'shop/a', component: 'c', instance: 'i' },
  ],
  [
    'named by its recommended labels first',
    {
      __meta_kubernetes_pod_label_app: 'a',
      __meta_kubernetes_pod_label_app_kubernetes_io_name: 'n',
      __meta_kubernetes_pod_label_component: 'c',
      __meta_kubernetes_pod_label_app_kubernetes_io_component: 'o',
      __meta_kubernetes_pod_label_instance: 'i',
      __meta_kubernetes_pod_label_app_kubernetes_io_instance: 's',
    },
    { app: 'n', job: 'shop/n', component: 'o', instance: 's' },
  ],
  [
    'without a controller',
    { __meta_kubernetes_pod_controller_name: '', __meta_kubernetes_pod_name: 'alone' },
    { app: 'alone', job: 'shop/alone', pod: 'alone' },
  ],
  [
    'that the API server no longer knows',
    { __meta_kubernetes_pod_phase: '', __meta_kubernetes_pod_controller_name: '', __meta_kubernetes_pod_controller_kind: '' },
    { app: 'cart', job: 'shop/cart' },
  ],
])('promtail-config, a pod %s', (_what, labels, expected) => {
  const { __address__: _, ...found } = {
    __address__: '',
    ...labelsOf(relabelled('promtail-config', 'kubernetes-pods', { ...pod, __path__: PATH, ...labels })),
  }
  const defaults = { app: 'cart', job: 'shop/cart', __path__: PATH }
  expect(found).toEqual({ ...logs, ...defaults, ...expected })
})

test('promtail-config, pods: as the log configuration that is built in, and with the name of the cluster', () => {
  const { text } = builtInLogs({ 'buffer.dir': '/b' })
  const parsed: unknown = parse(text)
  const { relabel_configs: rules, ...job } = jobOf('promtail-config', 'kubernetes-pods')
  expect(parsed).toMatchObject({ scrape_configs: [{ ...job, relabel_configs: Array.isArray(rules) ? rules.slice(0, -1) : [] }] })
  expect(Array.isArray(rules) && rules.at(-1)).toEqual({ target_label: 'cluster', replacement: cluster })
})

const PATH = '/var/log/pods/shop_cart_u1/cart/*.log'

const labelsOf = (result: Readonly<Record<string, string>> | 'dropped'): Readonly<Record<string, string>> =>
  result === 'dropped' ? { dropped: 'yes' } : result

test.each([
  ['kubernetes-pods', 'pod', pod],
  ['kubernetes-service-endpoints', 'service', service],
])('clymene-agent-config, %s: the annotated port takes the place of another', (job, kind, labels) => {
  const annotation = `__meta_kubernetes_${kind}_annotation_prometheus_io_`
  const addressOf = (address: string, port: string) =>
    labelsOf(
      relabelled('clymene-agent-config', job, {
        ...labels,
        __address__: address,
        [`${annotation}scrape`]: 'true',
        [`${annotation}port`]: port,
      }),
    )['__address__']
  for (const [address, port, expected] of [
    ['10.0.0.7:8080', '9102', '10.0.0.7:9102'],
    ['10.0.0.7', '9102', '10.0.0.7:9102'],
    ['[fd00::7]:8080', '9102', '[fd00::7]:9102'],
    ['[fd00::7]', '9102', '[fd00::7]:9102'],
    ['[fd00::7]:8080', '', '[fd00::7]:8080'],
    ['[fd00::7]:8080', 'http', '[fd00::7]:8080'],
  ] as const)
    expect([address, port, addressOf(address, port)]).toEqual([address, port, expected])
})

test("promtail-config, the node's own files", () => {
  const [{ labels = {} } = {}] = jobOf('promtail-config', 'system').static_configs ?? []
  const { __path__: path = '', __path_exclude__: excluded = '', ...found } = labelsOf(relabelled('promtail-config', 'system', labels))
  expect(found).toEqual({ job: 'varlogs', cluster })
  const names = ['syslog', 'auth.log', 'lastlog', 'faillog', 'tallylog', 'btmp', 'wtmp', 'syslog.1', 'dpkg.log.2.gz']
  const taken = names.filter((name) => matchesGlob(`/var/log/${name}`, path) && !matchesGlob(`/var/log/${name}`, excluded))
  expect(taken).toEqual(['syslog', 'auth.log'])
})

const TIME = '2024-01-01T00:00:00.123456789Z'
const TIME_NS = 1_704_067_200_123_456_789n
const READ_NS = 5n

test.each<[what: string, written: readonly string[], expected: { line: string; stream?: string; timestampNs: bigint }]>([
  ['by containerd or CRI-O', [`${TIME} stderr F line 1`], { line: 'line 1', stream: 'stderr', timestampNs: TIME_NS }],
  ['in parts', [`${TIME} stdout P li`, `${TIME} stdout F ne 1`], { line: 'line 1', stream: 'stdout', timestampNs: TIME_NS }],
  [
    'as JSON by an application, with the names that Docker uses',
    [`${TIME} stdout F {"log":"a","stream":"b","time":"2020-01-01T00:00:00Z"}`],
    { line: '{"log":"a","stream":"b","time":"2020-01-01T00:00:00Z"}', stream: 'stdout', timestampNs: TIME_NS },
  ],
  ['by Docker', [`{"log":"line 1\\n","stream":"stderr","time":"${TIME}"}`], { line: 'line 1', stream: 'stderr', timestampNs: TIME_NS }],
  [
    'as JSON by an application under Docker',
    [`{"log":"{\\"log\\":\\"a\\"}\\n","stream":"stdout","time":"${TIME}"}`],
    { line: '{"log":"a"}', stream: 'stdout', timestampNs: TIME_NS },
  ],
  ['in neither form', ['{"level":"info"}'], { line: '{"level":"info"}', timestampNs: READ_NS }],
])('promtail-config, a line written %s', (_what, written, expected) => {
  const stages = parseStages(jobOf('promtail-config', 'kubernetes-pods').pipeline_stages, 'pipeline_stages')
  const pipeline = createPipeline(stages, { now: () => READ_NS })
  const labels = createLabelSet([['pod', podName]])
  const entries = written.flatMap((line) =>
    pipeline.push({ labels, timestampNs: READ_NS, line, extracted: new Extracted(labels), metadata: undefined }),
  )
  expect(entries.map(({ line, timestampNs, labels: found }) => ({ line, timestampNs, labels: found.labels }))).toEqual([
    {
      line: expected.line,
      timestampNs: expected.timestampNs,
      labels: [['pod', podName], ...(expected.stream === undefined ? [] : [['stream', expected.stream]])],
    },
  ])
})
