import type { Values } from './variants.ts'

/** Values that are right, by a name for the test. */
export const ACCEPTED: Readonly<Record<string, Values>> = {
  'a-target-of-several-hosts': {
    role: 'target',
    cluster: 'eu.1',
    target: { gatewayHosts: ['192.0.2.10', 'gateway.example', '[2001:db8::1]'] },
  },
  'a-target-by-load-balancers': {
    role: 'target',
    cluster: 'b',
    target: { gatewayHosts: ['metrics.example'], logGatewayHosts: ['logs.example'], metricsPort: 443, logsPort: 443 },
    credentials: { enabled: true, serverName: '' },
  },
  'a-target-that-writes-itself': {
    role: 'target',
    cluster: 'b',
    route: 'direct',
    storages: { metrics: ['cortex'], logs: ['loki', 'elasticsearch'] },
  },
  'namespaces-of-its-own': {
    namespaces: { metrics: 'observability', logs: 'observability', create: false },
    networkPolicies: { enabled: true },
  },
  'an-image-elsewhere': { image: { registry: 'registry.example:5000/team', tag: 'v1.2.3_x', pullPolicy: 'Always', pullSecrets: ['mine'] } },
  'a-cluster-that-looks-like-a-number': { cluster: '123' },
  'several-storages': {
    storages: { metrics: ['prometheus', 'elasticsearch'], elasticsearch: { urls: ['https://es-0:9200', 'https://es-1:9200'] } },
  },
  'several-brokers': { kafka: { brokers: ['kafka-0.kafka:9092', 'kafka-1.kafka:9092'] } },
  'whole-cpus-as-numbers': { agent: { resources: { requests: { cpu: 1, memory: '1Gi' }, limits: { cpu: 1.5, memory: '1Gi' } } } },
  'jobs-of-its-own': {
    agent: { extraScrapeConfigs: [{ job_name: 'shop', static_configs: [{ targets: ['shop:80'] }] }] },
    logAgent: { configuration: 'scrape_configs: []\n', excludeNamespaces: ['kube-system'] },
  },
  'the-journal-and-jobs-of-its-own': {
    logAgent: { journal: true, extraScrapeConfigs: [{ job_name: 'a', static_configs: [{ labels: { __path__: '/var/log/a.txt' } }] }] },
  },
  'places-of-its-own': {
    pods: {
      priorityClassName: 'high',
      nodeSelector: { pool: 'a' },
      tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }],
      podAnnotations: { a: 'b' },
    },
    gateway: { affinity: { podAntiAffinity: {} }, extraArgs: ['--gateway.max-body-bytes=4MiB'], extraEnv: [{ name: 'TZ', value: 'UTC' }] },
    labels: { team: 'a' },
  },
  'exporters-of-somebody-else': {
    nodeExporter: { enabled: false, external: { namespace: 'monitoring', label: 'app.kubernetes.io/name=prometheus-node-exporter,a=b' } },
    kubeStateMetrics: { enabled: false, external: { address: 'kube-state-metrics.monitoring.svc:8080' } },
    agent: { extraScrapeConfigs: [{ job_name: 'kubernetes', static_configs: [] }] },
  },
  'no-exporters-but-a-job-of-that-name': {
    nodeExporter: { enabled: false },
    kubeStateMetrics: { enabled: false },
    agent: { extraScrapeConfigs: [{ job_name: 'node-exporter', static_configs: [{ targets: ['10.0.0.1:9100'] }] }] },
  },
  'a-kafka-whose-authority-everybody-knows': { kafka: { credentials: { enabled: true, mechanism: 'PLAIN', ca: false } } },
  'files-of-its-own': {
    logGateway: {
      extraVolumes: [{ name: 'own', configMap: { name: 'own' } }],
      extraVolumeMounts: [{ name: 'own', mountPath: '/etc/own', readOnly: true }],
    },
  },
  'numbers-of-nodes': { logAgent: { maxUnavailable: 2 }, nodeExporter: { maxUnavailable: '100%' } },
  'a-balancer-with-an-annotation': {
    gateway: { service: { type: 'LoadBalancer', sourceRanges: ['10.0.0.0/8'], allocateNodePorts: true, annotations: { a: 'b' } } },
  },
}
