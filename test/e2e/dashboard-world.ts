import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { serveExporters } from '../dashboards/served-cluster.ts'
import { serveEvents } from '../dashboards/served-events.ts'
import { makeDataDirectory } from '../engines/data-directory.ts'
import { type Engine, freePort, startKafka, startLoki, startNodeExporter, startPrometheus } from '../engines/index.ts'
import {
  type LoggedService,
  logConfig,
  type ObservedCluster,
  scrapeConfig,
  type ServicePod,
  THREE_DAYS_MS,
  writeLogs,
  writeServices,
} from './dashboard-agents.ts'
import { withAdmin } from './kafka-admin.ts'
import { type Service, startService } from './service.ts'

/** What stands in the stores came the whole way: agents of each cluster, a gateway, Kafka, an ingester. */
export type DashboardWorld = {
  readonly prometheus: Engine
  readonly loki: Engine
  readonly gateway: Service
  readonly ingester: Service
  readonly stop: () => Promise<void>
}

const TOPICS = ['clymene', 'clymene-logs']

/** The first cluster is where gateway and ingester run. */
export async function startDashboardWorld(clusters: readonly ObservedCluster[]): Promise<DashboardWorld> {
  const started: { readonly stop: () => Promise<unknown> }[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(started.splice(0).map((one) => one.stop()))
  }
  const keep = async <T extends { readonly stop: () => Promise<unknown> }>(coming: Promise<T>): Promise<T> => {
    const one = await coming
    started.push(one)
    return one
  }
  try {
    const [kafka, prometheus, loki, nodeExporter, late] = await Promise.all([
      keep(startKafka({ partitions: 3 })),
      keep(startPrometheus()),
      keep(startLoki({ limits: { reject_old_samples: true, reject_old_samples_max_age: '1h' } })),
      keep(startNodeExporter()),
      keep(serveLate()),
    ])
    // An ingester waits some seconds for topics that are not there.
    await withAdmin(kafka.bootstrap, (admin) => admin.createTopics({ topics: TOPICS.map((topic) => ({ topic, numPartitions: 3 })) }))
    const http = `127.0.0.1:${await freePort()}`
    const [gateway, ingester] = await Promise.all([
      keep(startGateway(kafka.bootstrap, http)),
      keep(startIngester(kafka.bootstrap, prometheus, loki)),
    ])
    const pods = [podOf('clymene', 'clymene-gateway', gateway), podOf('clymene', 'clymene-ingester', ingester)]
    await Promise.all(
      clusters.map(async (cluster, at) => {
        const directory = makeDataDirectory('dashboards')
        started.push({ stop: async () => rmSync(directory, { recursive: true, force: true }) })
        const exporters = await keep(serveExporters(cluster))
        const addresses = { exporters: exporters.address, nodeExporter: new URL(nodeExporter.url).host, late: late.address }
        const here = at === 0 ? pods : []
        writeFileSync(join(directory, 'scrape.yml'), scrapeConfig(cluster, addresses, directory))
        writeFileSync(join(directory, 'promtail.yml'), logConfig(cluster, at === 0 ? logged(pods, ingester) : [], directory))
        writeLogs(cluster, directory)
        writeFileSync(join(directory, 'kubeconfig'), (await keep(serveEvents(cluster))).kubeconfig)
        writeServices(directory, here)
        const agent = await keep(startAgent(cluster.cluster, directory, http))
        writeServices(directory, [...here, podOf(at === 0 ? 'clymene' : 'target', 'clymene-agent', agent)])
      }),
    )
    await refusedByTheGateway(http)
    return { prometheus, loki, gateway, ingester, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const podOf = (namespace: string, app: string, { url }: Service): ServicePod => ({ namespace, app, name: `${app}-0`, url })

const logged = (pods: readonly ServicePod[], ingester: Service): readonly LoggedService[] =>
  pods.filter(({ url }) => url === ingester.url).map((pod) => ({ ...pod, log: join(ingester.directory, 'engine.log') }))

const startGateway = async (brokers: string, http: string): Promise<Service> =>
  startService('gateway', {
    environment: { STORAGE_TYPE: 'kafka' },
    flags: [
      `--kafka.producer.brokers=${brokers}`,
      `--gateway.http-server.host-port=${http}`,
      `--gateway.grpc-server.host-port=127.0.0.1:${await freePort()}`,
    ],
  })

const startIngester = (brokers: string, prometheus: Engine, loki: Engine): Promise<Service> =>
  startService('ingester', {
    environment: { STORAGE_TYPE: 'prometheus,loki' },
    flags: [
      `--kafka.consumer.brokers=${brokers}`,
      `--prometheus.remote.url=${prometheus.url}/api/v1/write`,
      `--loki.client.url=${loki.url}/loki/api/v1/push`,
    ],
  })

const startAgent = async (cluster: string, directory: string, http: string): Promise<Service> =>
  startService('agent', {
    environment: { STORAGE_TYPE: 'gateway' },
    flags: [
      `--http.port=127.0.0.1:${await freePort()}`,
      `--config.file=${join(directory, 'scrape.yml')}`,
      `--promtail.config.file=${join(directory, 'promtail.yml')}`,
      `--buffer.dir=${join(directory, 'buffer')}`,
      // Rules of jobs name the cluster of samples and lines, not that of events.
      `--clymene-promtail.external-labels=cluster=${cluster}`,
      '--events.kubernetes',
      '--events.terminations',
      `--events.kubeconfig=${join(directory, 'kubeconfig')}`,
      '--events.lease-name=',
      '--gateway.service-type=http',
      `--gateway.http-client.url=http://${http}/api/metrics`,
      `--gateway.http-client.logs.url=http://${http}/api/logs`,
    ],
  })

/** A request that a gateway answers with 400. */
async function refusedByTheGateway(http: string): Promise<void> {
  const { status } = await fetch(`http://${http}/api/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: 'no block of snappy',
  })
  if (status !== 400) throw new Error(`a body that is none was answered with ${status}`)
}

/** An exporter whose samples are three days old, and told twice. */
async function serveLate(): Promise<{ readonly address: string; readonly stop: () => Promise<void> }> {
  let looks = 0
  const server = createServer((_request, response) => {
    const time = Date.now() - THREE_DAYS_MS
    response.setHeader('content-type', 'text/plain; version=0.0.4')
    response.end(`late_total ${++looks} ${time}\nlate_total 0 ${time}\n`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an object
  const { port } = server.address() as AddressInfo
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  return { address: `127.0.0.1:${port}`, stop }
}
