const BROKERS = 'kafka.kafka:9092'

const common = (port: number): readonly string[] => [
  '--log-level=info',
  '--metrics-backend=prometheus',
  '--metrics-http-route=/metrics',
  `--admin.http.host-ports=:${port}`,
]

const login = (prefix: string): readonly string[] => [
  `--${prefix}.authentication=plaintext`,
  `--${prefix}.tls.enabled=true`,
  `--${prefix}.tls.skip-host-verify=false`,
  `--${prefix}.tls.server-name=kafka`,
  `--${prefix}.plaintext.username=u`,
  `--${prefix}.plaintext.password=p`,
  `--${prefix}.plaintext.mechanism=SCRAM-SHA-512`,
  `--${prefix}.kerberos.service-name=kafka`,
  `--${prefix}.kerberos.use-keytab=false`,
  `--${prefix}.kerberos.config-file=/etc/krb5.conf`,
  `--${prefix}.kerberos.keytab-file=/etc/security/kafka.keytab`,
]

const producer: readonly string[] = [
  `--kafka.producer.brokers=${BROKERS}`,
  '--kafka.producer.topic=clymene',
  '--kafka.producer.promtail.topic=clymene-logs',
  '--kafka.producer.encoding=protobuf',
  '--kafka.producer.flatten-for-druid=false',
  '--kafka.producer.required-acks=local',
  '--kafka.producer.compression=gzip',
  '--kafka.producer.compression-level=6',
  '--kafka.producer.batch-linger=0',
  '--kafka.producer.batch-size=0',
  '--kafka.producer.batch-min-messages=0',
  '--kafka.producer.batch-max-messages=0',
  '--kafka.producer.protocol-version=1.0.0',
  ...login('kafka.producer'),
]

const consumer: readonly string[] = [
  `--kafka.consumer.brokers=${BROKERS}`,
  '--kafka.consumer.group-id=clymene',
  '--kafka.consumer.client-id=clymene',
  '--kafka.consumer.protocol-version=1.0.0',
  '--kafka.consumer.encoding=protobuf',
  ...login('kafka.consumer'),
]

const servers: readonly string[] = ['grpc', 'http'].flatMap((kind) => [
  `--gateway.${kind}-server.host-port=:1561${kind === 'grpc' ? 0 : 1}`,
  `--gateway.${kind}-server.tls.enabled=false`,
])

const gateway: readonly string[] = [
  '--gateway.service-type=grpc',
  '--gateway.grpc-client.host-port=clymene-gateway:15610,other:15610',
  '--gateway.grpc-client.retry.max=3',
  '--gateway.grpc-client.discovery.min-peers=3',
  '--gateway.grpc-client.tls.enabled=true',
  '--gateway.grpc-client.tls.server-name=gateway',
  '--gateway.grpc-client.tls.skip-host-verify=false',
  '--gateway.http-client.url=http://localhost:15611/api/metrics',
  '--gateway.http-client.logs.url=http://localhost:15611/api/logs',
  '--gateway.http-client.timeout=10s',
  '--gateway.http-client.user.agent=Clymene/2',
  '--gateway.http-client.max-err-msg-len=256',
]

const remoteWrite: readonly string[] = ['prometheus.remote', 'cortex.distributor'].flatMap((prefix) => [
  `--${prefix}.url=http://store/api/v1/write`,
  `--${prefix}.timeout=10s`,
  `--${prefix}.user.agent=Clymene/2`,
  `--${prefix}.max.err.msg.len=256`,
])

const elasticsearch: readonly string[] = [
  '--es.clymene-agent.index.name=clymene-metrics',
  '--es.clymene-promtail.index.name=clymene-logs',
  '--es-archive.enabled=false',
  ...['es', 'es-archive'].flatMap((prefix) => [
    `--${prefix}.server-urls=http://elasticsearch.es:9200`,
    `--${prefix}.username=u`,
    `--${prefix}.password=p`,
    `--${prefix}.sniffer=false`,
    `--${prefix}.sniffer-tls-enabled=false`,
    `--${prefix}.timeout=0`,
    `--${prefix}.bulk.size=5000000`,
    `--${prefix}.bulk.workers=1`,
    `--${prefix}.bulk.actions=1000`,
    `--${prefix}.bulk.flush-interval=200ms`,
    `--${prefix}.version=7`,
    `--${prefix}.log-level=error`,
    `--${prefix}.max-doc-count=10000`,
    `--${prefix}.remote-read-clusters=`,
    `--${prefix}.tls.enabled=false`,
    `--${prefix}.tls.skip-host-verify=false`,
  ]),
]

const promtail: readonly string[] = [
  '--clymene-promtail.Batch-wait=1s',
  '--clymene-promtail.Batch-size-bytes=1048576',
  '--clymene-promtail.max-retries=10',
  '--clymene-promtail.min-backoff=500ms',
  '--clymene-promtail.max-backoff=5m',
  '--clymene-promtail.external-labels=k=v,k2=v2',
  '--clymene-promtail.tenant-id=t',
  '--clymene-promtail.stream-lag-labels=filename',
  '--clymene-promtail.dry-run=false',
  '--clymene-promtail.inspect=false',
  '--clymene-promtail.print-config-stderr=false',
]

const loki: readonly string[] = ['--loki.client.url=http://loki.loki:3100/loki/api/v1/push', '--loki.client.timeout=10s']

/** Every flag of Clymene in Go 2.2.5, by its programs and the storages whose flags they then have; files of certificates are left out. */
export const GO_FLAGS: readonly {
  readonly command: string
  readonly storage: string
  readonly file?: string
  readonly flags: readonly string[]
}[] = [
  {
    command: 'agent',
    storage: 'gateway',
    file: 'clymene.yml',
    flags: [
      ...common(15_691),
      '--http.port=15692',
      '--enable.new-service-discovery-manager=true',
      '--metric.split.length=1024',
      ...gateway,
    ],
  },
  { command: 'gateway', storage: 'kafka', flags: [...common(15_690), ...servers, ...producer] },
  { command: 'promtail-gateway', storage: 'kafka', flags: [...common(15_690), ...servers, ...producer] },
  {
    command: 'ingester',
    storage: 'prometheus,cortex,elasticsearch',
    flags: [
      ...common(15_694),
      ...consumer,
      '--kafka.consumer.topic=clymene',
      '--clymene-ingester.parallelism=1000',
      '--clymene-ingester.deadlockInterval=0s',
      '--cortex.distributor.kafka.encoding=protobuf',
      ...remoteWrite,
      ...elasticsearch,
    ],
  },
  {
    command: 'promtail-ingester',
    storage: 'loki,elasticsearch',
    flags: [
      ...common(15_694),
      ...consumer,
      '--kafka.consumer.promtail.topic=clymene-logs',
      '--promtail-ingester.parallelism=1000',
      '--promtail-ingester.deadlockInterval=0s',
      ...loki,
      ...elasticsearch,
    ],
  },
  { command: 'promtail', storage: 'gateway', file: 'promtail.yml', flags: [...common(15_698), ...promtail, ...gateway] },
]
