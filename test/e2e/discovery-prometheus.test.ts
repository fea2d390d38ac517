import { parseDiscovery, createDiscoveryContext } from '@clymene/discovery'
import { startConsul, startScriptedServer, type ConsulServer, type ScriptedServer } from '@clymene/discovery/contract'
import { mutableLabels, type TargetGroup } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { describeWithEngines, startPrometheus3, type Engine } from '../engines/index.ts'

/** Labels that discovery gives; a scrape job adds others. */
const ofDiscovery = (name: string): boolean =>
  name !== 'job' && (!name.startsWith('__') || name === '__address__' || name.startsWith('__meta_'))

describeWithEngines(['prometheus3'], 'the same servers of targets, asked by Prometheus', () => {
  let consul: ConsulServer
  let docker: ScriptedServer
  let http: ScriptedServer
  let prometheus: Engine
  let jobs: readonly { readonly job_name: string }[]
  const stop = new AbortController()
  beforeAll(async () => {
    consul = await startConsul()
    for (const [service, ...instances] of SERVICES) consul.set(service, ...instances)
    docker = await startScriptedServer(({ path }) => {
      if (path.endsWith('/_ping')) return { headers: { 'api-version': '1.47' }, body: 'OK' }
      return { body: path.endsWith('/networks') ? NETWORKS : CONTAINERS }
    })
    http = await startScriptedServer(() => ({ body: GROUPS }))
    const host = docker.url.replace('http:', 'tcp:')
    jobs = [
      { job_name: 'consul', consul_sd_configs: [{ server: consul.url, refresh_interval: '1s' }] },
      { job_name: 'consul of tags', consul_sd_configs: [{ server: consul.url, tags: ['blue'], tag_separator: '|' }] },
      { job_name: 'docker', docker_sd_configs: [{ host, port: 9100, host_networking_host: 'node-1' }] },
      { job_name: 'docker, all networks', docker_sd_configs: [{ host, match_first_network: false }] },
      { job_name: 'http', http_sd_configs: [{ url: `${http.url}/targets?a=b` }] },
    ].map((job) => Object.assign(job, { scrape_interval: '1h' }))
    prometheus = await startPrometheus3({ configuration: { scrape_configs: jobs }, args: ['--scrape.discovery-reload-interval=200ms'] })
  })
  afterAll(async () => {
    stop.abort()
    await prometheus?.stop()
    await Promise.all([consul, docker, http].map((server) => server?.close()))
  })

  /** Of a job, every target that Prometheus found, as text. */
  async function theirs(job: string): Promise<readonly string[]> {
    const response = await fetch(`${prometheus.url}/api/v1/targets?state=active`)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the answer of /api/v1/targets
    const { data } = (await response.json()) as { data: { activeTargets: { discoveredLabels: Record<string, string> }[] } }
    return data.activeTargets
      .filter(({ discoveredLabels }) => discoveredLabels['job'] === job)
      .map(({ discoveredLabels }) => textOf(Object.entries(discoveredLabels)))
      .toSorted()
  }

  test('finds the same targets with the same labels', { timeout: 60_000 }, async () => {
    const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
    const known = new Map<string, Map<string, TargetGroup>>()
    for (const job of jobs) {
      const groups = new Map<string, TargetGroup>()
      known.set(job.job_name, groups)
      for (const { create } of parseDiscovery(new Map(Object.entries(job)), 'job'))
        void create(context).run((changed) => changed.forEach((group) => groups.set(group.source, group)), stop.signal)
    }
    const ours = (job: string): readonly string[] =>
      [...(known.get(job)?.values() ?? [])]
        .flatMap((group) => group.targets.map((target) => textOf([...mutableLabels(group, target)])))
        .toSorted()
    const compare = async (counts: readonly number[]): Promise<void> => {
      for (const [index, { job_name: job }] of jobs.entries()) {
        const found = await theirs(job)
        expect([job, found.length]).toEqual([job, counts[index]])
        expect(ours(job)).toEqual(found)
      }
    }
    await vi.waitFor(() => compare([3, 1, 6, 7, 3]), { timeout: 30_000, interval: 250 })

    consul.set('web', ...WEB.slice(0, 1))
    consul.set('db')
    await vi.waitFor(() => compare([1, 1, 6, 7, 3]), { timeout: 30_000, interval: 250 })
  })
})

/** An empty value is no label. */
const textOf = (labels: readonly (readonly [string, string])[]): string =>
  JSON.stringify(labels.filter(([name, value]) => value !== '' && ofDiscovery(name)).toSorted(([one], [other]) => (one < other ? -1 : 1)))

const WEB = [
  {
    Node: {
      Node: 'node-1',
      Address: '10.0.0.1',
      Datacenter: 'dc1',
      Meta: { rack: 'r1', 'consul-network-segment': '' },
      TaggedAddresses: { lan: '10.0.0.1', wan_ipv4: '198.51.100.1' },
    },
    Service: {
      ID: 'web-1',
      Service: 'web',
      Tags: ['blue', 'v1'],
      Address: '10.0.1.1',
      Port: 8080,
      Meta: { 'app.version': '2' },
      Namespace: 'default',
      Partition: 'p1',
    },
    Checks: [{ CheckID: 'serfHealth', Status: 'passing' }],
  },
  {
    Node: { Node: 'node-2', Address: '2001:db8::2' },
    Service: { ID: 'web-2', Service: 'web', Tags: [], Address: '', Port: 8080 },
    Checks: [
      { CheckID: 'serfHealth', Status: 'warning' },
      { CheckID: '_service_maintenance:web-2', Status: 'critical' },
    ],
  },
]
const SERVICES = [
  ['web', ...WEB],
  ['db', { Node: { Node: 'node-3', Address: '10.0.0.3' }, Service: { ID: 'db', Service: 'db', Tags: null, Port: 0 }, Checks: [] }],
] as const

/** As https://docs.docker.com/reference/api/engine/ shows them, shortened. */
const containerOf = (id: string, networks: object, more: object = {}): object => ({
  Id: id,
  Names: [`/${id}`],
  Image: 'nginx:1.27',
  ImageID: 'sha256:abc',
  Ports: [],
  Labels: { 'com.docker.compose.project': 'shop', empty: '' },
  HostConfig: { NetworkMode: 'shop_default' },
  NetworkSettings: { Networks: networks },
  ...more,
})
const ports = {
  Ports: [
    { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { PrivatePort: 53, Type: 'udp' },
    { PrivatePort: 443, Type: 'tcp' },
  ],
}
const CONTAINERS = [
  containerOf('web', { shop_default: { NetworkID: 'n1', IPAddress: '172.18.0.2' } }, ports),
  containerOf('two', { shop_default: { NetworkID: 'n1', IPAddress: '172.18.0.3' }, back: { NetworkID: 'n2', IPAddress: '172.19.0.3' } }),
  containerOf('six', { shop_default: { NetworkID: 'n1', IPAddress: '', GlobalIPv6Address: '2001:db8::6' } }),
  containerOf('host', { host: { NetworkID: 'n3', IPAddress: '' } }, { HostConfig: { NetworkMode: 'host' } }),
  // A port of its own: Prometheus lists targets of one address once.
  containerOf('side', {}, { HostConfig: { NetworkMode: 'container:six' }, Ports: [{ PrivatePort: 9000, Type: 'tcp' }] }),
  containerOf('alone', {}, { HostConfig: { NetworkMode: 'none' } }),
]
const NETWORKS = [
  { Id: 'n1', Name: 'shop_default', Scope: 'local', Internal: false, Ingress: false, Labels: { 'com.example/tier': 'x' } },
  { Id: 'n2', Name: 'back', Scope: 'local', Internal: true, Ingress: false, Labels: {} },
  { Id: 'n3', Name: 'host', Scope: 'local', Internal: false, Ingress: false, Labels: {} },
]

const GROUPS = [
  { targets: ['10.0.2.1:80', '10.0.2.2:80'], labels: { env: 'prod', __meta_rack: 'r1', empty: '' } },
  { targets: [] },
  { targets: ['10.0.2.3:80'] },
]
