import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { IMAGE_SERVICES, type ImageService } from '../../tools/image-files.ts'
import { cached } from '../engines/cache.ts'
import { packageFile } from '../engines/debian.ts'
import { describeWithEngines } from '../engines/index.ts'
import { lokiProgram } from '../engines/loki.ts'
import { journalctlRoot, nodeImageEnvironment, nodeImageRoot } from '../engines/node-image.ts'
import { runCommand } from '../engines/run-command.ts'
import { builtImage } from '../images/built-image.ts'
import { type Container, emptyFolder, openNetwork, sizeOf, startContainer, whyNoContainers } from '../images/container.ts'
import { stagesOf } from '../images/dockerfile.ts'
import { applyLastStage, type ImageConfig } from '../images/last-stage.ts'

const root = join(import.meta.dirname, '../..')
const MOST_BYTES = 120 * 1024 ** 2

// What an engine would build, put together by the steps of the Dockerfiles, and run as an engine would.
describeWithEngines(
  ['node-image'],
  'images',
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'clymene-image-'))
    const configs = new Map<ImageService, ImageConfig>()
    const containers: Container[] = []
    let network: Awaited<ReturnType<typeof openNetwork>>

    const layerOf = (service: ImageService): string => emptyFolder(directory, service, 'layer')

    async function build(service: ImageService): Promise<void> {
      const stages = stagesOf(readFileSync(join(root, 'services', service, 'Dockerfile'), 'utf8'))
      const built = emptyFolder(directory, service, 'build')
      cpSync(await builtImage(service), join(built, 'image'), { recursive: true })
      emptyFolder(built, 'state')
      const last = stages.at(-1)
      if (last === undefined) throw new Error(`${service}: no stage`)
      configs.set(
        service,
        applyLastStage(last, {
          stages: { build: built, journalctl: journalctlRoot },
          layer: layerOf(service),
          environment: nodeImageEnvironment,
          buildArguments: { REVISION: '1234abcd', SOURCE: 'https://git.example.com/clymene', BUILD_TIME: '2027-01-15T08:00:00Z' },
        }),
      )
    }

    function configOf(service: ImageService): ImageConfig {
      const config = configs.get(service)
      if (config === undefined) throw new Error(`${service} was not built`)
      return config
    }

    type Started = {
      readonly args?: readonly string[]
      readonly environment?: Readonly<Record<string, string>>
      readonly entrypoint?: string
      readonly mounted?: string
    }
    function run(service: ImageService, { args = [], environment = {}, entrypoint, mounted }: Started = {}): Container {
      const config = configOf(service)
      const container = startContainer({
        config: entrypoint === undefined ? config : { ...config, entrypoint: [entrypoint] },
        layer: layerOf(service),
        base: nodeImageRoot,
        root: emptyFolder(directory, service, `root-${containers.length}`),
        network: network.pid,
        ...(mounted !== undefined && { mounted }),
        args,
        environment,
      })
      containers.push(container)
      return container
    }

    beforeAll(async () => {
      await Promise.all([openNetwork().then((one) => (network = one)), ...IMAGE_SERVICES.map(build)])
    })
    afterAll(() => {
      for (const container of containers) container.kill()
      network?.close()
      rmSync(directory, { recursive: true, force: true })
    })

    test.each(IMAGE_SERVICES)('%s: less than 120 MB beside the base, and says what it is', (service) => {
      const size = sizeOf(layerOf(service))
      expect(size).toBeGreaterThan(1024 ** 2)
      expect(size).toBeLessThan(MOST_BYTES)
      expect(configOf(service).labels).toMatchObject({
        'org.opencontainers.image.revision': '1234abcd',
        'org.opencontainers.image.source': 'https://git.example.com/clymene',
        'org.opencontainers.image.licenses': 'Apache-2.0',
      })
    })

    const page = (port: number, path: string): readonly string[] => [
      'node',
      '-e',
      `fetch('http://127.0.0.1:${port}${path}').then(async (answer) => console.log(answer.status, await answer.text()))`,
    ]

    describe('started by their ENTRYPOINT, as uid 65532, without rights, on a root that is read-only', () => {
      let services: Readonly<Record<'agent' | 'gateway' | 'ingester' | 'all-in-one', Container>>

      beforeAll(() => {
        const configuration = emptyFolder(directory, 'configuration')
        const itself = { job_name: 'agent', static_configs: [{ targets: ['127.0.0.1:9791'], labels: { cluster: 'c' } }] }
        writeFileSync(join(configuration, 'clymene.yml'), JSON.stringify({ scrape_configs: [itself] }))
        services = {
          // The page asks for nothing of the others; the gateway writes into its gateway, the agent into that.
          'all-in-one': run('all-in-one', {
            args: ['--gateway.admin.http.host-ports=127.0.0.1:9690'],
            environment: {
              INGESTER_ADMIN_HTTP_HOST_PORTS: '127.0.0.1:9694',
              AGENT_ADMIN_HTTP_HOST_PORTS: '127.0.0.1:9691',
              HTTP_PORT: '127.0.0.1:9692',
            },
          }),
          gateway: run('gateway', {
            args: [
              '--admin.http.host-ports=:9790',
              '--gateway.grpc-client.host-port=127.0.0.1:15610',
              '--gateway.http-server.host-port=:9711',
            ],
            environment: { STORAGE_TYPE: 'gateway', GATEWAY_GRPC_SERVER_HOST_PORT: ':9710' },
          }),
          agent: run('agent', {
            args: ['--config.file=/mnt/clymene.yml', '--gateway.grpc-client.host-port=127.0.0.1:9710'],
            mounted: configuration,
            environment: { STORAGE_TYPE: 'gateway', ADMIN_HTTP_HOST_PORTS: '0.0.0.0:9791' },
          }),
          // Kafka is nowhere: the one that is not ready.
          ingester: run('ingester', { args: ['--kafka.consumer.brokers=127.0.0.1:1'], environment: { STORAGE_TYPE: 'prometheus' } }),
        }
      })

      const PORTS = { 'all-in-one': 9691, gateway: 9790, agent: 9791, ingester: 15_694 } as const
      const health = (service: keyof typeof PORTS) => services[service].exec(configOf(service).health)

      test.each(['all-in-one', 'gateway', 'agent'] as const)('%s becomes healthy, wherever its admin port is', async (service) => {
        await expect.poll(() => health(service), { timeout: 60_000, interval: 300 }).toEqual({ status: 0, output: 'ready\n' })
      })

      test('the ingester is not healthy while Kafka is away, and says so', async () => {
        await expect
          .poll(() => health('ingester'), { timeout: 60_000, interval: 300 })
          .toEqual({ status: 1, output: expect.stringMatching(/^127\.0\.0\.1:15694: .*kafka.*127\.0\.0\.1:1/is) })
      })

      test.each(['all-in-one', 'gateway', 'agent', 'ingester'] as const)('%s shows its metrics, and who it is', async (service) => {
        const [metrics, status] = await Promise.all([
          services[service].exec(page(PORTS[service], '/metrics')),
          services[service].exec(['cat', '/proc/1/status']),
        ])
        expect(metrics.output).toMatch(/^200 [^]*^clymene_/m)
        expect(status.output).toMatch(/^Uid:\s+65532\s+65532\s+65532\s+65532$/m)
        expect(status.output).toMatch(/^CapBnd:\s+0+$/m)
      })

      test('there is nothing to write to but the volume', async () => {
        const touch = (service: 'agent' | 'gateway', path: string) => services[service].exec(['touch', path])
        expect(await touch('gateway', '/tmp/x')).toEqual({ status: 1, output: expect.stringContaining('Read-only file system') })
        expect(await touch('agent', '/opt/clymene/x')).toEqual({ status: 1, output: expect.stringContaining('Read-only file system') })
        expect(await touch('agent', '/var/lib/clymene/x')).toEqual({ status: 0, output: '' })
      })

      test('the agent has a journalctl that reads', async () => {
        const version = await services.agent.exec(['journalctl', '--version'])
        expect(version).toEqual({ status: 0, output: expect.stringMatching(/^systemd 257 /) })
        const empty = await services.agent.exec(['journalctl', '--directory=/var/lib/clymene', '--output=json', '--all'])
        expect(empty.status).toBe(0)
      })

      test('they drain and end with 0 when they are stopped', async () => {
        const statuses = await Promise.all([services.agent, services.gateway, services.ingester].map((container) => container.stop()))
        expect(statuses).toEqual([0, 0, 0])
      })
    })

    test('the same image is promtail under its other name', async () => {
      const container = run('agent', { entrypoint: 'promtail', args: ['version'] })
      await expect.poll(container.output, { timeout: 30_000 }).toBe('{"version":"0.1.0","buildTime":"2027-01-15T08:00:00Z"}\n')
    })

    test('the command line asks a service', async () => {
      const container = run('clymene', { args: ['status', 'agent', '--status.http.host-port=127.0.0.1:9691'] })
      await expect.poll(container.output, { timeout: 30_000 }).toContain('"status"')
    })
  },
  [{ name: 'namespaces and mounts', whyNot: whyNoContainers }],
)

describeWithEngines(['loki', 'prometheus'], 'docker-compose.yml', () => {
  const file = (path: string): string => join(root, 'compose', path)

  test('Loki takes its configuration', async () => {
    // It says nothing at log_level warn, and fails when something is wrong.
    expect(await runCommand(cached(lokiProgram), [`-config.file=${file('loki/loki.yaml')}`, '-verify-config'])).toBe('')
  })

  test('Prometheus takes its configuration and the rules that are mounted', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'clymene-compose-'))
    try {
      const text = readFileSync(file('prometheus/prometheus.yml'), 'utf8').replace('/etc/prometheus-rules', join(root, 'grafana/rules'))
      writeFileSync(join(directory, 'prometheus.yml'), text)
      const told = await runCommand(packageFile('prometheus', 'usr/bin/promtool'), ['check', 'config', join(directory, 'prometheus.yml')])
      expect(told).toMatch(/clymene\.rules\.yml[^]*SUCCESS: \d+ rules found/)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
