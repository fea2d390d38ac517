import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { CHECKS, jobsOf, quantity } from './checks.ts'
import {
  BESIDE,
  EXAMPLES,
  MAIN_ORDER,
  manifestFiles,
  parseFiles,
  readFiles,
  root,
  TARGET_BESIDE,
  TARGET_ORDER,
  type Files,
  type Manifest,
} from './manifest-files.ts'

const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : ''

const main = readFiles(MAIN_ORDER)
const target = readFiles(TARGET_ORDER)

function mistakesOf(check: string, files: Files): readonly string[] {
  return CHECKS[check]?.(parseFiles(files), new Map([...files, ['package.json', version]])) ?? [`no check ${check}`]
}

test('every file of k8s/ is created in one of the clusters, or is an example', () => {
  expect([...MAIN_ORDER, ...TARGET_ORDER, ...BESIDE, ...TARGET_BESIDE, ...EXAMPLES].toSorted()).toEqual(manifestFiles())
})

describe.each([
  ['main', main],
  ['main, with what may stand beside,', readFiles([...MAIN_ORDER, ...BESIDE])],
  ['target', target],
  ['target, with what may stand beside,', readFiles([...TARGET_ORDER, ...TARGET_BESIDE])],
])('in the %s cluster', (_name, files) => {
  test.each(Object.keys(CHECKS))('%s', (check) => {
    expect(mistakesOf(check, files)).toEqual([])
  })
})

describe.each(EXAMPLES)('%s', (file) => {
  const files = readFiles([file])
  // Whether the application is ready is not for its logs to say.
  const checks = Object.keys(CHECKS).filter((check) => !check.startsWith('every container is probed'))
  test.each(checks)('%s', (check) => expect(mistakesOf(check, files)).toEqual([]))

  test('a container beside the application starts before it, ends after it, and does not make it unready', () => {
    const beside = parseFiles(files).flatMap(({ object: { spec } }) => spec?.template?.spec.initContainers ?? [])
    expect(beside.map(({ restartPolicy, readinessProbe }) => [restartPolicy, readinessProbe])).toEqual(
      beside.map(() => ['Always', undefined]),
    )
    expect(beside.length).toBeGreaterThan(0)
  })
})

const servicesOf = (files: Files) =>
  parseFiles(files).flatMap(({ object: { kind, metadata, spec } }) =>
    kind === 'Service'
      ? [
          `${metadata.namespace}/${metadata.name} ${(spec?.ports ?? []).map(({ name, port, nodePort }) => [name, port, nodePort ?? ''].join(':')).join(' ')}`,
        ]
      : [],
  )

test('Services, ports and node ports of the main cluster', () => {
  expect(servicesOf(main)).toEqual([
    'prometheus/prometheus-server-http http:9090:30211',
    'clymene/node-exporter metrics:9100:',
    'kube-system/kube-state-metrics http-metrics:8080: telemetry:8081:',
    'kube-system/metrics-server https:443:',
    'clymene/clymene-gateway grpc:15610:30610 http:15611:30612',
    'clymene/clymene-gateway-admin admin:15690:',
    'clymene/clymene-agent metric:15691: admin:15692:',
    'loki/loki http:3100:',
    'clymene/promtail-gateway grpc:15610:30611 http:15611:30613',
    'clymene/promtail-gateway-admin admin:15690:',
  ])
})

test('Services of a target cluster: nothing is open on its nodes', () => {
  expect(servicesOf(target)).toEqual([
    'target/node-exporter metrics:9100:',
    'kube-system/kube-state-metrics http-metrics:8080: telemetry:8081:',
    'target/clymene-agent metric:15691: admin:15692:',
  ])
})

const argumentsOf = (files: Files) =>
  new Map(
    parseFiles(files).flatMap(({ object: { metadata, spec } }) =>
      (spec?.template?.spec.containers ?? [])
        .filter(({ image }) => image.startsWith('bourbonkk/'))
        .map(({ command = [], args = [], env = [] }) => [
          metadata.name,
          [`STORAGE_TYPE=${env.find(({ name }) => name === 'STORAGE_TYPE')?.value}`, ...command, ...args].join(' '),
        ]),
    ),
  )

test("arguments are the guide's, and the images' ENTRYPOINT is the service", () => {
  expect([...argumentsOf(main)]).toEqual([
    ['clymene-gateway', 'STORAGE_TYPE=kafka --kafka.producer.brokers=kafka.kafka:9092 --log-level=info'],
    [
      'clymene-ingester',
      'STORAGE_TYPE=prometheus --kafka.consumer.brokers=kafka.kafka:9092 --prometheus.remote.url=http://prometheus-server-http.prometheus:9090/api/v1/write --log-level=info',
    ],
    [
      'clymene-agent',
      'STORAGE_TYPE=gateway --config.file=/etc/clymene/clymene.yml --gateway.grpc-client.host-port=clymene-gateway:15610 --log-level=info',
    ],
    ['promtail-gateway', 'STORAGE_TYPE=kafka promtail-gateway --kafka.producer.brokers=kafka.kafka:9092 --log-level=info'],
    [
      'promtail-ingester',
      'STORAGE_TYPE=loki promtail-ingester --kafka.consumer.brokers=kafka.kafka:9092 --loki.client.url=http://loki.loki:3100/loki/api/v1/push --log-level=info',
    ],
    [
      'clymene-promtail',
      'STORAGE_TYPE=gateway promtail --config.file=/etc/promtail/promtail.yaml --gateway.grpc-client.host-port=promtail-gateway:15610 --log-level=info',
    ],
  ])
})

const configMap = (files: Files, name: string): Manifest => {
  const found = parseFiles(files).find(({ object }) => object.kind === 'ConfigMap' && object.metadata.name === name)
  if (found === undefined) throw new Error(`no ConfigMap ${name}`)
  return found
}

test.each([
  [
    'clymene-agent-config',
    [
      'kubernetes-apiservers',
      'kubernetes-nodes',
      'kubernetes-pods',
      'kube-state-metrics',
      'kubernetes-cadvisor',
      'kubernetes-service-endpoints',
      'node-exporter',
    ],
  ],
  ['promtail-config', ['system', 'kubernetes-pods']],
])('%s has the whole set of jobs, in both clusters', (name, jobs) => {
  for (const files of [main, target]) expect(jobsOf(configMap(files, name)).map(({ job_name: job }) => job)).toEqual(jobs)
})

describe("a target cluster's files differ from the main cluster's in what is theirs alone", () => {
  test.each([
    ['kube-state-metrics.yaml', 'clymene-metrics'],
    ['node-exporter.yaml', 'clymene-metrics'],
    ['1.clymene_rbac.yaml', 'clymene-metrics'],
    ['2.clymene_agent.yaml', 'clymene-metrics'],
    ['1.clymene-promtail_agent.yaml', 'clymene-logs'],
  ])('%s', (file, folder) => {
    const theirs = (target.get(`k8s/target-cluster/${file}`) ?? '')
      .replace('replacement: "target-cluster"', 'replacement: "clymene-cluster"')
      .replace(/^ *# Edit: .*\n/m, '')
      .replace('GATEWAY_NODE_IP:30610', 'clymene-gateway:15610')
      .replace('GATEWAY_NODE_IP:30611', 'promtail-gateway:15610')
    const ours = main.get(`k8s/${folder}/${file}`) ?? 'no such file'
    const moved = /promtail|kube-state-metrics/.test(file)
      ? ours
      : ours.replaceAll(/namespace: clymene\b/g, 'namespace: target').replace('[clymene]', '[target]')
    expect(theirs).toBe(moved)
  })
})

test('kube-state-metrics may read what it is told to, and no secrets', () => {
  const files = parseFiles(main).filter(({ file }) => file.endsWith('kube-state-metrics.yaml'))
  const allowed = files.flatMap(({ object: { rules = [] } }) => rules.flatMap(({ resources = [] }) => resources))
  const asked = files
    .flatMap(({ object: { spec } }) => spec?.template?.spec.containers ?? [])
    .flatMap(({ args = [] }) => args)
    .find((argument) => argument.startsWith('--resources='))
  expect(asked).toBe(`--resources=${allowed.toSorted().join(',')}`)
  expect(allowed).not.toContain('secrets')
})

test('k8s/README.md names every file', () => {
  const readme = readFileSync(join(root, 'k8s/README.md'), 'utf8')
  expect(manifestFiles().filter((file) => !readme.includes(file.slice('k8s/'.length)))).toEqual([])
})

describe('what is broken is found', () => {
  test.each<[file: string, from: string | RegExp, to: string, check: string, mistake: RegExp]>([
    [
      'storage/loki/loki.yaml',
      /^/,
      'apiVersion: v1\nkind: Namespace\nmetadata: { name: loki }\n---\n',
      'no object is created twice',
      /^Namespace {2}loki/,
    ],
    [
      'storage/loki/loki.yaml',
      /^/,
      'apiVersion: v1\nkind: Namespace\nmetadata: { name: other }\n---\n',
      'namespaces are made by',
      /loki\.yaml: Namespace/,
    ],
    ['0.namespaces.yaml', 'name: loki', 'name: locki', 'namespaces are made by', /the namespace loki is not made/],
    [
      'clymene-metrics/3.clymene_gateway.yaml',
      'runAsNonRoot: true',
      'runAsNonRoot: false',
      'containers run',
      /clymene-gateway may run as root/,
    ],
    ['clymene-metrics/3.clymene_gateway.yaml', 'drop: [ALL]', 'drop: [NET_RAW]', 'containers run', /keeps capabilities/],
    ['clymene-logs/1.clymene-promtail_agent.yaml', 'runAsUser: 0', 'runAsUser: 1000', 'containers run', /cannot read logs as uid 1000/],
    [
      'clymene-logs/1.clymene-promtail_agent.yaml',
      'mountPath: /var/log, readOnly: true',
      'mountPath: /var/log',
      'containers run',
      /may write to the node's \/var\/log/,
    ],
    [
      '0.namespaces.yaml',
      'enforce: privileged',
      'enforce: baseline',
      'Pod Security',
      /clymene needs pod-security\.kubernetes\.io\/enforce: privileged/,
    ],
    ['0.namespaces.yaml', 'warn: restricted', 'warn: baseline', 'Pod Security', /clymene needs \S+\/warn: restricted/],
    ['0.namespaces.yaml', '{ pod-security.kubernetes.io/enforce: restricted }', '{}', 'Pod Security', /prometheus needs \S+: restricted/],
    [
      'clymene-metrics/3.clymene_gateway.yaml',
      'defaultMode: 288',
      'defaultMode: 0440',
      'what a Secret',
      /credentials is read by everybody/,
    ],
    ['clymene-metrics/3.clymene_gateway.yaml', 'fsGroup: 65532', '', 'what a Secret', /clymene-gateway cannot read/],
    ['clymene-metrics/3.clymene_gateway.yaml', 'os: linux', 'os: windows', 'pods run where', /clymene-gateway may come to a node without/],
    ['clymene-metrics/node-exporter.yaml', 'values: [fargate]', 'values: [ec2]', 'pods run where', /node-exporter may come to a virtual/],
    ['clymene-logs/1.clymene-promtail_agent.yaml', /updateStrategy: .*/, '', 'pods run where', /promtail is updated a node at a time/],
    [
      'clymene-metrics/3.clymene_gateway.yaml',
      'name: admin, containerPort',
      'name: other, containerPort',
      'every container is probed',
      /asks no port/,
    ],
    ['clymene-metrics/4.clymene_ingester.yaml', 'path: /readyz', 'path: /', 'every container is probed', /no probe of \/readyz/],
    [
      'clymene-metrics/4.clymene_ingester.yaml',
      'limits: {',
      'capacity: {',
      'every container has',
      /ingester: cpu of 0\.1 requested, limit NaN/,
    ],
    ['clymene-metrics/4.clymene_ingester.yaml', /image: (\S+):\S+/, 'image: $1:latest', 'images have', /expected the tag/],
    ['storage/prometheus/prometheus.yaml', /image: (\S+):\S+/, 'image: $1', 'images have', /not pinned/],
    [
      'clymene-metrics/3.clymene_gateway.yaml',
      'selector: { app: clymene-gateway }',
      'selector: { app: gateway }',
      'a Service finds',
      /selects no pod/,
    ],
    ['clymene-metrics/3.clymene_gateway.yaml', 'targetPort: http', 'targetPort: htpp', 'a Service finds', /http is no port/],
    [
      'clymene-metrics/2.clymene_agent.yaml',
      'serviceAccountName: clymene-agent',
      'serviceAccountName: agent',
      'accounts, roles',
      /no ServiceAccount clymene agent/,
    ],
    [
      'clymene-metrics/2.clymene_agent.yaml',
      'configMap: { name: clymene-agent-config }',
      'configMap: { name: config }',
      'accounts, roles',
      /no ConfigMap clymene config/,
    ],
    ['clymene-metrics/2.clymene_agent.yaml', 'sizeLimit: 1Gi', 'sizeLimit: 512Mi', 'the buffer has room', /does not fit/],
    [
      'clymene-metrics/node-exporter.yaml',
      /metadata:\n( *# .*\n) *labels:/,
      "metadata:\n      annotations: { prometheus.io/scrape: 'true' }\n$1      labels:",
      'what has a job',
      /annotated and has a job/,
    ],
    ['clymene-metrics/2.clymene_agent.yaml', /- \*cluster\n$/, '', 'one line has', /the last rule of node-exporter/],
    [
      'clymene-metrics/2.clymene_agent.yaml',
      /- \*cluster\n$/,
      '- { target_label: cluster, replacement: other }\n',
      'one line has',
      /several clusters: clymene-cluster, other/,
    ],
    [
      'clymene-metrics/2.clymene_agent.yaml',
      '    global:\n',
      '    # As "global" of Prometheus.\n    global:\n',
      'the name of the cluster alone',
      /ConfigMap clymene clymene-agent-config: in double quotes: global, clymene-cluster; the name of the cluster alone was expected/,
    ],
    [
      'clymene-logs/1.clymene-promtail_agent.yaml',
      'replacement: "clymene-cluster"',
      'replacement: clymene-cluster',
      'the name of the cluster alone',
      /promtail-config: in double quotes: nothing;/,
    ],
    [
      'clymene-logs/1.clymene-promtail_agent.yaml',
      /\n$/,
      '\n    # A half: "\n',
      'the name of the cluster alone',
      /promtail-config: 3 double quotes/,
    ],
  ])('%s: %s', (file, from, to, name, mistake) => {
    const path = `k8s/${file}`
    const text = main.get(path) ?? ''
    const broken = text.replace(from, to)
    expect(broken).not.toBe(text)
    const check = Object.keys(CHECKS).find((one) => one.startsWith(name)) ?? name
    expect(mistakesOf(check, new Map([...main, [path, broken]])).join('\n')).toMatch(mistake)
  })

  test('a file that is no YAML', () => {
    expect(() => parseFiles(new Map([['k8s/a.yaml', 'a: {\n']]))).toThrow(/^k8s\/a\.yaml: /)
  })
})

test.each([
  ['100m', 0.1],
  ['2', 2],
  ['1Gi', 1_073_741_824],
  ['512MiB', 536_870_912],
  ['1x', Number.NaN],
  [undefined, Number.NaN],
])('quantity %s is %d', (text, expected) => {
  expect(quantity(text)).toBe(expected)
})
