import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import { agentCommand } from '@clymene/agent'
import { gatewayCommand } from '@clymene/gateway'
import { ingesterCommand } from '@clymene/ingester'
import type { Command } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

type Service = {
  readonly image: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly healthcheck?: {
    readonly test: readonly string[]
    readonly interval: string
    readonly timeout: string
    readonly start_period: string
  }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly restart: string
  readonly mem_limit: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
}
const compose: { services: Record<string, Service>; volumes: Record<string, null> } = parse(read('docker-compose.yml'), { merge: true })
const services = Object.entries(compose.services)
const OURS: Readonly<Record<string, Command>> = { gateway: gatewayCommand, ingester: ingesterCommand, agent: agentCommand }

const serviceOf = (name: string): Service => {
  const service = compose.services[name]
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`)
  return service
}
type Mount = { readonly from: string; readonly to: string; readonly isReadOnly: boolean }
const mountsOf = ({ volumes = [] }: Service): readonly Mount[] =>
  volumes.map((volume) => {
    const [from = '', to = '', mode] = volume.split(':')
    return { from, to, isReadOnly: mode === 'ro' }
  })
const isFile = ({ from }: Mount): boolean => /^[./]/.test(from)
/** A path of a container as the path of this machine that is mounted there. */
function mounted(service: Service, path: string): string {
  const mount = mountsOf(service).find(({ to }) => path === to || path.startsWith(`${to}/`))
  return mount === undefined ? path : join(root, mount.from, path.slice(mount.to.length))
}

test('everything of the picture is there', () => {
  expect(Object.keys(compose.services).toSorted()).toEqual(
    ['agent', 'elasticsearch', 'gateway', 'grafana', 'ingester', 'kafka', 'kibana', 'loki', 'prometheus'].toSorted(),
  )
})

describe.each(services)('%s', (_name, service) => {
  const { image, ports = [], restart, mem_limit: memory, depends_on: needs = {} } = service

  test('has the image that the manifests have', () => {
    const pinned = image.replaceAll(/\$\{\w+:-([^}]+)\}/g, '$1')
    expect(pinned).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+$/)
    const manifests = globSync('k8s/{storage,clymene-metrics}/**/*.yaml', { cwd: root })
      .map((file) => read(file))
      .join('\n')
    expect(manifests).toContain(`image: ${pinned}\n`)
  })

  test('is open to this machine alone, under ports of its own', () => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/)
    const all = services.flatMap(([, one]) => one.ports ?? [])
    expect(new Set(all).size).toBe(all.length)
  })

  test('mounts what is there: files and folders read-only, volumes that are declared', () => {
    const [files, volumes] = [mountsOf(service).filter(isFile), mountsOf(service).filter((mount) => !isFile(mount))]
    expect(files.filter(({ isReadOnly }) => !isReadOnly)).toEqual([])
    expect(files.filter(({ from }) => !existsSync(from.startsWith('/') ? from : join(root, from)))).toEqual([])
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(volumes.map(({ from }) => from)))
  })

  test('is bounded, comes again, and waits for those that are there', () => {
    expect(memory).toMatch(/^\d+[mg]$/)
    expect(restart).toBe('unless-stopped')
    for (const [other, { condition }] of Object.entries(needs)) {
      expect(Object.keys(compose.services)).toContain(other)
      expect(condition).toBe('service_healthy')
    }
  })

  test('tells whether it is healthy', () => {
    const dockerfile = service.build?.dockerfile
    if (dockerfile === undefined) {
      expect(service.healthcheck).toMatchObject({
        interval: expect.any(String),
        timeout: expect.any(String),
        start_period: expect.any(String),
      })
      expect(service.healthcheck?.test[0]).toBe('CMD')
    } else expect(read(dockerfile)).toContain('\nHEALTHCHECK --interval=')
  })
})

describe.each(Object.entries(OURS))('our %s', (name, command) => {
  const service = serviceOf(name)

  test('is built by its Dockerfile, and may do as little as in Kubernetes', () => {
    expect(service.build).toEqual({ context: '.', dockerfile: `services/${name}/Dockerfile` })
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
  })

  test('is configured without a mistake', async () => {
    const args = (service.command ?? []).map((arg) => arg.replace(/(?<==)\/etc\/.*$/, (path) => mounted(service, path)))
    const { warnings } = await command.configure(args, service.environment ?? {})
    expect(warnings).toEqual([])
  })

  test('names services of this file, by ports that they have', () => {
    const addresses = (service.command ?? []).flatMap((arg) =>
      [...arg.matchAll(/(?:=|\/\/)([a-z]+):(\d+)/g)].map(([, host, port]) => `${host}:${port}`),
    )
    const known = ['kafka:9092', 'prometheus:9090', 'loki:3100', 'elasticsearch:9200', 'gateway:15610']
    expect(addresses.length).toBeGreaterThan(0)
    for (const address of addresses) expect(known).toContain(address)
  })
})

test('the agent scrapes each of our services at its admin port', () => {
  const { scrape_configs: jobs }: { scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[] } = parse(
    read('compose/agent/clymene.yml'),
  )
  const targets = jobs.filter(({ job_name: job }) => job === 'clymene').flatMap((job) => job.static_configs.flatMap((one) => one.targets))
  const admin = Object.keys(OURS).map((name) => `${name}:${serviceOf(name).ports?.at(-1)?.split(':').at(-1)}`)
  expect(targets.toSorted()).toEqual(admin.toSorted())
})

describe('what is provisioned', () => {
  const manifest = (file: string, name: string): Record<string, string> => {
    const documents = read(file)
      .split(/^---$/m)
      .map((text): { metadata?: { name: string }; data?: Record<string, string> } | null => parse(text))
    return documents.find((one) => one?.metadata?.name === name)?.data ?? {}
  }

  test('Prometheus and Loki are configured as in k8s/storage', () => {
    expect(parse(read('compose/prometheus/prometheus.yml'))).toEqual(
      parse(manifest('k8s/storage/prometheus/prometheus.yaml', 'prometheus-conf')['prometheus.yaml'] ?? ''),
    )
    expect(parse(read('compose/loki/loki.yaml'))).toEqual(parse(manifest('k8s/storage/loki/loki.yaml', 'loki-config')['loki.yaml'] ?? ''))
    expect(serviceOf('prometheus').command).toContain('--web.enable-remote-write-receiver')
  })

  test('Grafana has the data sources that it has there, at the services of this file', () => {
    const { datasources }: { datasources: { url: string; type: string }[] } = parse(read('compose/grafana/datasources/clymene.yml'))
    const there = parse(manifest('k8s/storage/grafana/grafana.yaml', 'grafana-provisioning')['datasources.yaml'] ?? '')
    const urls = ['http://prometheus:9090', 'http://loki:3100']
    expect(datasources).toEqual(there.datasources.map((one: object, at: number) => ({ ...one, url: urls[at] })))
  })

  test('Grafana has every board', () => {
    const boards = globSync('*.clymene-*.json', { cwd: join(root, 'grafana') }).toSorted()
    const { providers }: { providers: { options: { path: string } }[] } = parse(read('compose/grafana/dashboards/clymene.yml'))
    const folder = providers[0]?.options.path
    const mounts = mountsOf(serviceOf('grafana')).filter(({ to }) => to.startsWith(`${folder}/`))
    expect(mounts.map(({ from }) => from).toSorted()).toEqual(boards.map((board) => `./grafana/${board}`))
    for (const { from, to } of mounts) expect(basename(to)).toBe(basename(from))
  })
})
