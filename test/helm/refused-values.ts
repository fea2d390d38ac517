import type { Values } from './variants.ts'

export type Refusal = {
  readonly name: string
  readonly values: Values
  /** What Helm says, each mistake with the path of its value. */
  readonly told: readonly (string | RegExp)[]
}

/** Values that are wrong. */
export const REFUSED: readonly Refusal[] = [
  { name: 'a-key-that-is-misspelt', values: { rol: 'main' }, told: ["at '': additional properties 'rol' not allowed"] },
  { name: 'a-key-of-a-component', values: { agent: { replicas: 2 } }, told: ["at '/agent': additional properties 'replicas' not allowed"] },
  { name: 'a-role', values: { role: 'observed' }, told: ["at '/role': value must be one of 'main', 'target'"] },
  { name: 'a-route', values: { route: 'redis' }, told: ["at '/route': value must be one of 'kafka', 'gateways', 'direct'"] },
  {
    name: 'a-target-without-a-cluster',
    values: { role: 'target', target: { gatewayHosts: ['a'] } },
    told: ["at '/cluster': minLength: got 0, want 1"],
  },
  {
    name: 'a-target-without-a-gateway',
    values: { role: 'target', cluster: 'b' },
    told: ["at '/target/gatewayHosts': minItems: got 0, want 1"],
  },
  {
    name: 'a-gateway-elsewhere-in-main',
    values: { target: { gatewayHosts: ['a'] } },
    told: ["at '/target/gatewayHosts': maxItems: got 1, want 0"],
  },
  {
    name: 'a-host-with-a-port',
    values: { role: 'target', cluster: 'b', target: { gatewayHosts: ['a:30610'] } },
    told: [/^at '\/target\/gatewayHosts\/0': 'a:30610' does not match pattern/],
  },
  { name: 'a-cluster-with-a-blank', values: { cluster: 'my cluster' }, told: [/^at '\/cluster': 'my cluster' does not match pattern/] },
  {
    name: 'a-namespace',
    values: { namespaces: { logs: 'My_Logs' } },
    told: [/^at '\/namespaces\/logs': 'My_Logs' does not match pattern/],
  },
  {
    name: 'a-registry-with-a-scheme',
    values: { image: { registry: 'https://r.example' } },
    told: [/^at '\/image\/registry': 'https:\/\/r.example' does not match pattern/],
  },
  { name: 'a-tag-with-a-colon', values: { image: { tag: 'a:b' } }, told: [/^at '\/image\/tag': 'a:b' does not match pattern/] },
  {
    name: 'an-image-without-a-tag',
    values: { nodeExporter: { image: 'prom/node-exporter' } },
    told: [/^at '\/nodeExporter\/image': 'prom\/node-exporter' does not match pattern/],
  },
  {
    name: 'a-pull-policy',
    values: { image: { pullPolicy: 'always' } },
    told: ["at '/image/pullPolicy': value must be one of '', 'Always', 'IfNotPresent', 'Never'"],
  },
  {
    name: 'a-broker-without-a-port',
    values: { kafka: { brokers: ['kafka'] } },
    told: [/^at '\/kafka\/brokers\/0': 'kafka' does not match pattern/],
  },
  { name: 'no-broker', values: { kafka: { brokers: [] } }, told: ["at '/kafka/brokers': minItems: got 0, want 1"] },
  { name: 'brokers-as-text', values: { kafka: { brokers: 'kafka:9092' } }, told: ["at '/kafka/brokers': got string, want array"] },
  {
    name: 'a-storage-of-logs-for-metrics',
    values: { storages: { metrics: ['loki'] } },
    told: ["at '/storages/metrics/0': value must be one of 'prometheus', 'cortex', 'elasticsearch'"],
  },
  { name: 'a-storage-twice', values: { storages: { logs: ['loki', 'loki'] } }, told: ["at '/storages/logs': items at 0 and 1 are equal"] },
  {
    name: 'an-address-without-a-scheme',
    values: { storages: { loki: { url: 'loki:3100' } } },
    told: [/^at '\/storages\/loki\/url': 'loki:3100' does not match pattern/],
  },
  { name: 'a-number-of-pods-as-text', values: { gateway: { replicas: '3' } }, told: ["at '/gateway/replicas': got string, want integer"] },
  { name: 'less-than-no-pods', values: { ingester: { replicas: -1 } }, told: ["at '/ingester/replicas': minimum: got -1, want 0"] },
  {
    name: 'a-kind-of-service',
    values: { gateway: { service: { type: 'ExternalName' } } },
    told: ["at '/gateway/service/type': value must be one of 'NodePort', 'LoadBalancer', 'ClusterIP'"],
  },
  {
    name: 'a-port-that-is-none',
    values: { logGateway: { service: { nodePorts: { grpc: 70000 } } } },
    told: ["at '/logGateway/service/nodePorts/grpc': maximum: got 70,000, want 65,535"],
  },
  {
    name: 'a-range-without-a-mask',
    values: { gateway: { service: { sourceRanges: ['10.0.0.1'] } } },
    told: [/^at '\/gateway\/service\/sourceRanges\/0': '10.0.0.1' does not match pattern/],
  },
  {
    name: 'a-memory',
    values: { events: { resources: { limits: { memory: '1 GB' } } } },
    told: [/^at '\/events\/resources\/limits\/memory': '1 GB' does not match pattern/],
  },
  {
    name: 'a-buffer-as-kubernetes-writes-it',
    values: { agent: { buffer: { maxBytes: '512Mi' } } },
    told: [/^at '\/agent\/buffer\/maxBytes': '512Mi' does not match pattern/],
  },
  {
    name: 'an-argument-that-is-none',
    values: { agent: { extraArgs: ['log-level=debug'] } },
    told: [/^at '\/agent\/extraArgs\/0': 'log-level=debug' does not match pattern/],
  },
  {
    name: 'a-variable-without-a-name',
    values: { agent: { extraEnv: [{ value: 'a' }] } },
    told: ["at '/agent/extraEnv/0': missing property 'name'"],
  },
  {
    name: 'a-job-without-a-name',
    values: { agent: { extraScrapeConfigs: [{}] } },
    told: ["at '/agent/extraScrapeConfigs/0': missing property 'job_name'"],
  },
  {
    name: 'a-node-exporter-of-somebody-anywhere',
    values: { nodeExporter: { enabled: false, external: { label: 'app=node-exporter' } } },
    told: ["at '/nodeExporter/external/namespace': minLength: got 0, want 1"],
  },
  {
    name: 'a-namespace-without-a-label',
    values: { nodeExporter: { enabled: false, external: { namespace: 'monitoring' } } },
    told: ["at '/nodeExporter/external/label': minLength: got 0, want 1"],
  },
  {
    name: 'a-label-that-is-none',
    values: { nodeExporter: { enabled: false, external: { namespace: 'monitoring', label: 'node-exporter' } } },
    told: [/^at '\/nodeExporter\/external\/label': 'node-exporter' does not match pattern/],
  },
  {
    name: 'exporters-of-both',
    values: {
      nodeExporter: { external: { namespace: 'monitoring', label: 'a=b' } },
      kubeStateMetrics: { external: { address: 'a:8080' } },
    },
    told: [
      "at '/kubeStateMetrics/external/address': maxLength: got 6, want 0",
      "at '/nodeExporter/external/label': maxLength: got 3, want 0",
    ],
  },
  {
    name: 'a-volume-without-a-name',
    values: { agent: { extraVolumes: [{ emptyDir: {} }] } },
    told: ["at '/agent/extraVolumes/0': missing property 'name'"],
  },
  {
    name: 'a-volume-nowhere',
    values: { events: { extraVolumeMounts: [{ name: 'own' }] } },
    told: ["at '/events/extraVolumeMounts/0': missing property 'mountPath'"],
  },
  {
    name: 'a-folder-that-is-relative',
    values: { logAgent: { hostPaths: { logs: 'var/log' } } },
    told: [/^at '\/logAgent\/hostPaths\/logs': 'var\/log' does not match pattern/],
  },
  {
    name: 'a-share-of-the-nodes',
    values: { logAgent: { maxUnavailable: '0%' } },
    told: [/^at '\/logAgent\/maxUnavailable': '0%' does not match pattern/],
  },
  {
    name: 'an-annotation-that-is-no-text',
    values: { pods: { podAnnotations: { a: true } } },
    told: ["at '/pods/podAnnotations/a': got boolean, want string"],
  },
  { name: 'yes', values: { ingress: { enabled: 'yes' } }, told: ["at '/ingress/enabled': got string, want boolean"] },
  {
    name: 'a-mechanism',
    values: { kafka: { credentials: { mechanism: 'GSSAPI' } } },
    told: ["at '/kafka/credentials/mechanism': value must be one of 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'"],
  },
  {
    name: 'all-at-once',
    values: { role: 'target', logLevel: 'loud', topologySpread: { whenUnsatisfiable: 'Never' } },
    told: [
      "at '/cluster': minLength: got 0, want 1",
      "at '/logLevel': value must be one of 'debug', 'info', 'warn', 'error'",
      "at '/target/gatewayHosts': minItems: got 0, want 1",
      "at '/topologySpread/whenUnsatisfiable': value must be one of 'ScheduleAnyway', 'DoNotSchedule'",
    ],
  },
]
