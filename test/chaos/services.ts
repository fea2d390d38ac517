import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { startService, type Service, type ServiceName } from '../e2e/service.ts'
import { createMovableClock, freePort, type MovableClock } from '../engines/index.ts'
import { startAnswerProxy, type AnswerProxy } from './answer-proxy.ts'
import type { Engines } from './engines.ts'
import { EXPORTED_PATHS } from './exporter.ts'
import { type Fault, type ServiceActor, SERVICES } from './plan.ts'
import { superviseService, type Supervised } from './supervised.ts'

export const SESSION_TIMEOUT_MS = 3000
export const SCRAPE_INTERVAL_MS = 500

export type ServicesOptions = {
  readonly engines: Engines
  /** Part of the name of everything that this seed has for itself. */
  readonly name: string
  readonly directory: string
  /** Where the agent keeps what must not be lost. */
  readonly disk: string
  readonly exporter: string
  readonly plan: readonly Fault[]
}

/** The processes of a seed, each started anew when it ends by itself, as a cluster does it. */
export type Services = {
  readonly names: { readonly metrics: string; readonly logs: string; readonly groupId: string }
  /** Before the gateway: who sends to it takes it for the gateway. */
  readonly gatewayProxy: AnswerProxy
  readonly logs: string
  readonly of: (name: ServiceActor) => Supervised
  readonly clockOf: (name: ServiceActor) => MovableClock
  readonly startIngester: () => Promise<Service>
  /** No target is scraped from now on; what was scraped is sent. */
  readonly endScrapes: () => Promise<void>
  readonly stop: () => Promise<void>
}

export async function startServices(options: ServicesOptions): Promise<Services> {
  const { engines, name, directory, disk } = options
  const names = { metrics: `${name}-metrics`, logs: `${name}-logs`, groupId: name }
  const gatewayPort = await freePort()
  const gatewayProxy = await startAnswerProxy(`http://127.0.0.1:${gatewayPort}`)
  const logs = join(directory, 'pods')
  const reloadPort = await freePort()
  const scrapes = join(directory, 'scrape.yml')
  writeFileSync(scrapes, scrapeConfig(options.exporter, name))
  writeFileSync(join(directory, 'promtail.yml'), logConfig(logs, join(disk, 'positions.yaml')))

  const ingesterFlags = [
    '--storage-type=prometheus,loki,elasticsearch',
    `--kafka.consumer.brokers=${engines.kafka.bootstrap}`,
    `--kafka.consumer.topic=${names.metrics}`,
    `--kafka.consumer.promtail.topic=${names.logs}`,
    `--kafka.consumer.group-id=${names.groupId}`,
    `--kafka.consumer.session-timeout=${SESSION_TIMEOUT_MS}ms`,
    '--kafka.consumer.rebalance-timeout=5s',
    `--kafka.ledger.topic=${name}-ledger`,
    '--ledger.save-interval=2s',
    `--prometheus.remote.url=${engines.proxies.prometheus.url}/api/v1/write`,
    '--prometheus.remote.timeout=3s',
    `--loki.client.url=${engines.proxies.loki.url}/loki/api/v1/push`,
    '--loki.client.timeout=3s',
    `--es.server-urls=${engines.proxies.elasticsearch.url}`,
    '--es.timeout=3s',
  ]
  const flags: Readonly<Record<ServiceActor, readonly string[]>> = {
    gateway: [
      '--storage-type=kafka',
      `--kafka.producer.brokers=${engines.kafka.bootstrap}`,
      `--kafka.producer.topic=${names.metrics}`,
      `--kafka.producer.promtail.topic=${names.logs}`,
      `--gateway.http-server.host-port=127.0.0.1:${gatewayPort}`,
      `--gateway.grpc-server.host-port=127.0.0.1:${await freePort()}`,
    ],
    'ingester-1': ingesterFlags,
    'ingester-2': ingesterFlags,
    agent: [
      '--storage-type=gateway',
      `--config.file=${scrapes}`,
      `--promtail.config.file=${join(directory, 'promtail.yml')}`,
      `--buffer.dir=${join(disk, 'buffer')}`,
      `--cluster=${name}`,
      '--agent.id=a1',
      '--agent.streams=2',
      '--gateway.service-type=http',
      `--gateway.http-client.url=${gatewayProxy.url}/api/metrics`,
      `--gateway.http-client.logs.url=${gatewayProxy.url}/api/logs`,
      '--clymene-promtail.max-backoff=5s',
      `--http.port=127.0.0.1:${reloadPort}`,
    ],
  }
  const clocks = new Map(SERVICES.map((service) => [service, createMovableClock(directory, service)]))
  const clockOf = (service: ServiceActor): MovableClock => clocks.get(service)!
  const seesClock = (service: ServiceActor): boolean => options.plan.some(({ kind, on }) => kind === 'clock' && on === service)
  const start = (service: ServiceActor): Promise<Service> =>
    startService(PROGRAMS[service], {
      flags: flags[service],
      until: 'alive',
      environment: seesClock(service) ? clockOf(service).environment : {},
    })
  const running = new Map(
    await Promise.all(SERVICES.map(async (service) => [service, superviseService(service, await start(service))] as const)),
  )
  const of = (service: ServiceActor): Supervised => running.get(service)!
  return {
    names,
    gatewayProxy,
    logs,
    of,
    clockOf,
    startIngester: () => startService('ingester', { flags: ingesterFlags, until: 'alive' }),
    endScrapes: async () => {
      writeFileSync(scrapes, 'scrape_configs: []\n')
      const answer = await fetch(`http://127.0.0.1:${reloadPort}/api/reload`, { method: 'POST' })
      if (!answer.ok) throw new Error(`the agent does not read its configuration anew: ${answer.status} ${await answer.text()}`)
    },
    stop: async () => {
      await Promise.all([...running.values()].map((service) => service.stop()))
      await gatewayProxy.close()
    },
  }
}

const PROGRAMS: Readonly<Record<ServiceActor, ServiceName>> = {
  agent: 'agent',
  gateway: 'gateway',
  'ingester-1': 'ingester',
  'ingester-2': 'ingester',
}

/** A job a path, so that each has an `up` of its own. */
const scrapeConfig = (address: string, cluster: string): string => `
global: {scrape_interval: ${SCRAPE_INTERVAL_MS}ms, scrape_timeout: ${SCRAPE_INTERVAL_MS}ms}
scrape_configs:
${EXPORTED_PATHS.map((path) => `  - {job_name: '${path.slice(1)}', metrics_path: '${path}', static_configs: [{targets: ['${address}'], labels: {cluster: '${cluster}'}}]}`).join('\n')}
`

const logConfig = (logs: string, positions: string): string => `
positions: {filename: ${positions}}
scrape_configs:
  - job_name: chaos
    pipeline_stages: [{cri: {}}]
    static_configs:
      - targets: [localhost]
        labels: {job: chaos, __path__: '${logs}/**/*.log'}
`
