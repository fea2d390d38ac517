import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { issue, type IssueOptions } from '@clymene/runtime/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { describeWithEngines, freePort, startKafka, startPrometheus, type Kafka } from '../engines/index.ts'
import { writeLogConfig, writeScrapeConfig } from './agent-config.ts'
import { scrapesTaken } from './collected.ts'
import { openKafkaReader } from './kafka-reader.ts'
import { startService, type Service } from './service.ts'
import { createNumberedLog, numbersTo, startCountedTarget } from './world.ts'

const WAIT = { timeout: 90_000, interval: 250 }
const PROTOCOLS = ['http', 'grpc'] as const
type Protocol = (typeof PROTOCOLS)[number]
type Files = Readonly<Record<string, string>>

const [ours, foreign] = [issue('ours'), issue('foreign')]
const DAY_MS = 86_400_000
const EXPIRED: IssueOptions = { from: new Date(Date.now() - 2 * DAY_MS), until: new Date(Date.now() - DAY_MS) }
const certificate = (name: string, options: IssueOptions = {}): Files => {
  const { cert, key } = issue(name, { by: ours, dnsNames: ['localhost'], addresses: ['127.0.0.1'], ...options })
  return { 'cert.pem': cert, 'key.pem': key }
}

const TOKEN = 'token-of-agents-of-any-cluster'
const OWN_TOKEN = 'token-of-one-cluster-only'
const tokensOf = (cluster: string): string =>
  `tokens:\n  - {name: agents, token: ${TOKEN}}\n  - {name: own, token: ${OWN_TOKEN}, cluster: ${cluster}, tenant: team-a}\n`

describeWithEngines(['kafka', 'prometheus'], 'credentials between agents and a gateway', () => {
  const root = mkdtempSync(join(tmpdir(), 'clymene-credentials-'))
  let kafka: Kafka
  let reader: Awaited<ReturnType<typeof openKafkaReader>>
  /** What is right, as files of a gateway and of an agent. */
  const gatewayFiles: Files = { ...certificate('gateway'), 'client-ca.pem': ours.cert, 'tokens.yml': tokensOf('nobody') }
  const agentFiles: Files = { ...certificate('agent'), 'ca.pem': ours.cert, token: `${TOKEN}\n` }
  /** The gateway of all scenarios whose mistake is at the agent. */
  let shared: Gateway
  const services: { stop: () => Promise<void> }[] = []

  beforeAll(async () => {
    kafka = await startKafka({ partitions: 3 })
    reader = await openKafkaReader(kafka.bootstrap)
    shared = await startGateway(kafka, root, gatewayFiles)
    services.push(shared.service)
  })
  afterAll(async () => {
    await Promise.all(services.map((service) => service.stop()))
    await reader?.close()
    await kafka?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  type Scenario = {
    readonly name: string
    /** Where the agent has its cluster from: `--cluster`, or the labels of its jobs alone. */
    readonly saysClusterBy?: 'labels'
    /** What is wrong, in files of the agent, or of a gateway of its own. */
    readonly agent?: () => Files
    readonly gateway?: (cluster: string) => Files
    /** What puts it right in files of the gateway, when it is not what is right for all. */
    readonly mend?: (cluster: string) => Files
    readonly agentSays: RegExp
    readonly gatewaySays: RegExp
  }
  const scenarios: readonly Scenario[] = [
    {
      name: 'a wrong token',
      agent: () => ({ token: 'token-of-agents-of-no-cluster' }),
      agentSays: /answered (401|UNAUTHENTICATED): expected a token that this gateway accepts/,
      gatewaySays: /"protocol":"PROTOCOL".*a token that is not in --auth\.tokens-file.*"msg":"sender refused"/,
    },
    {
      name: 'a client certificate that has expired',
      agent: () => certificate('agent', EXPIRED),
      agentSays:
        /answered (503|UNAUTHENTICATED): this server takes only clients with a certificate of its authorities: that of CN=agent has expired/,
      gatewaySays:
        /"server":"PROTOCOL","peer":"[^"]+ \d+","reason":"expired_certificate".*that of CN=agent has expired.*"msg":"connection refused"/,
    },
    {
      name: 'a client certificate of an unknown authority',
      agent: () => certificate('agent', { by: foreign }),
      agentSays:
        /answered (503|UNAUTHENTICATED): this server takes only clients with a certificate of its authorities: that of CN=agent is of another authority/,
      gatewaySays: /"server":"PROTOCOL","peer":"[^"]+ \d+","reason":"unknown_authority".*"msg":"connection refused"/,
    },
    {
      name: 'another authority trusted by the agent',
      agent: () => ({ 'ca.pem': foreign.cert }),
      agentSays: /localhost:\d+.*the server's certificate comes from an authority that is not trusted here/,
      gatewaySays: /"server":"PROTOCOL","peer":"[^"]+ \d+","reason":"left_by_client".*it may not trust the certificate of this server/,
    },
    {
      name: 'a server certificate that has expired',
      gateway: () => certificate('gateway', EXPIRED),
      agentSays: /localhost:\d+.*the server's certificate, or that of its authority, has expired/,
      gatewaySays: /"server":"PROTOCOL",.*"msg":"the certificate of this server has expired: clients that check it refuse it"/,
    },
    {
      name: 'a server certificate of another name',
      gateway: () => certificate('gateway', { dnsNames: ['elsewhere.example'], addresses: [] }),
      agentSays: /localhost:\d+.*the server's certificate has another name: .*elsewhere\.example/,
      gatewaySays: /"server":"PROTOCOL","peer":"[^"]+ \d+","reason":"left_by_client"/,
    },
    {
      name: 'a token of another cluster',
      agent: () => ({ token: OWN_TOKEN }),
      gateway: () => ({ 'tokens.yml': tokensOf('other') }),
      mend: (cluster) => ({ 'tokens.yml': tokensOf(cluster) }),
      agentSays: /answered (403|PERMISSION_DENIED): the token \\?"own\\?" is for cluster \\?"other\\?", not for \\?"c7/,
      gatewaySays: /"protocol":"PROTOCOL".*"status":403.*the token \\"own\\" is for cluster \\"other\\", not for \\"c7-PROTOCOL\\"/,
    },
    {
      name: 'labels of another cluster than that of the token',
      saysClusterBy: 'labels',
      agent: () => ({ token: OWN_TOKEN }),
      gateway: () => ({ 'tokens.yml': tokensOf('other') }),
      mend: (cluster) => ({ 'tokens.yml': tokensOf(cluster) }),
      agentSays: /answered (403|PERMISSION_DENIED): .* is for cluster \\?"other\\?", not for \\?"c8-\w+\\?" \(label of a (series|stream)\)/,
      gatewaySays: /"protocol":"PROTOCOL".*"status":403.*not for \\"c8-PROTOCOL\\" \(label of a (series|stream)\)/,
    },
  ]

  const refusedThenMended = async (scenario: Scenario): Promise<void> => {
    const { saysClusterBy, agent: wrongAgent, gateway: wrongGateway, mend, agentSays, gatewaySays } = scenario
    const number = scenarios.indexOf(scenario) + 1
    const wrong = wrongAgent?.()
    await Promise.all(
      PROTOCOLS.map(async (protocol) => {
        const cluster = `c${number}-${protocol}`
        const gateway = wrongGateway === undefined ? shared : await startGateway(kafka, root, { ...gatewayFiles, ...wrongGateway(cluster) })
        if (gateway !== shared) services.push(gateway.service)
        const before = gateway.service.log().length
        const files = { ...agentFiles, ...wrong }
        const agent = await startAgent({ protocol, cluster, saysClusterBy, gateway, directory: join(root, cluster), files })
        services.push(agent.service)
        agent.log.write(50)

        // Refused, and told on both sides: an ERROR, as somebody has to mend it.
        const errors = () =>
          agent.service
            .log()
            .split('\n')
            .filter((line) => line.includes('"level":"error"'))
        await vi.waitFor(() => expect(errors()).toContainEqual(expect.stringMatching(agentSays)), WAIT)
        await vi.waitFor(
          async () => expect(await agent.service.readyz()).toMatchObject({ status: 503, text: expect.stringMatching(agentSays) }),
          WAIT,
        )
        const saysOf = new RegExp(gatewaySays.source.replaceAll('PROTOCOL', protocol))
        await vi.waitFor(() => expect(gateway.service.log().slice(wrongGateway === undefined ? before : 0)).toMatch(saysOf), WAIT)
        await vi.waitFor(() => expect(agent.target.served()).toBeGreaterThan(3), WAIT)
        expect([reader.numbers('metrics', cluster), reader.numbers('logs', cluster)]).toEqual([[], []])

        // Mended in place: everything arrives, counted at both ends.
        const servedBefore = agent.target.served()
        if (wrongGateway !== undefined) gateway.put({ ...gatewayFiles, ...mend?.(cluster) })
        else agent.put(agentFiles)
        agent.log.write(50)
        await vi.waitFor(() => expect(reader.numbers('metrics', cluster).at(-1)).toBeGreaterThan(servedBefore), WAIT)
        await vi.waitFor(async () => expect(await agent.service.readyz()).toMatchObject({ status: 200 }), WAIT)
        const taken = await scrapesTaken(agent.service, agent.target)
        await vi.waitFor(() => expect(reader.numbers('logs', cluster)).toEqual(numbersTo(100)), WAIT)
        await agent.service.halt()
        await vi.waitFor(() => expect(reader.numbers('metrics', cluster).length).toBe(taken), WAIT)
        expect(reader.tenants(cluster)).toEqual([mend === undefined ? undefined : 'team-a'])
        for (const text of [agent.service.log(), gateway.service.log()])
          expect(text).not.toMatch(/token-of-agents|token-of-one|PRIVATE KEY/)
        await agent.target.close()
      }),
    )
  }

  const [atAgents, atGateways] = [
    scenarios.filter(({ gateway }) => gateway === undefined),
    scenarios.filter(({ gateway }) => gateway !== undefined),
  ]

  // Side by side: most of the time both ends wait for each other, or for files to be read again.
  describe.concurrent.each([
    ['a token or certificate of an agent', atAgents.slice(0, 2)],
    ['authorities of an agent', atAgents.slice(2)],
    ['a certificate of a gateway', atGateways.slice(0, 2)],
    ['a token or label of a gateway', atGateways.slice(2)],
  ])('a mistake at %s', (_where, its) => {
    describe('one after the other', { concurrent: false }, () => {
      test.each(its)('$name: refused, told on both sides, and nothing is lost when it is mended', async (scenario) => {
        await refusedThenMended(scenario)
        expect(await shared.service.metric('clymene_gateway_credential_stale')).toBe(0)
      })
    })
  })

  describe.concurrent('no mistake', () => {
    describe('of a foreign sender', { concurrent: false }, () => {
      test('a stock Prometheus writes with a token over TLS; its cluster and tenant are those of the token', async () => {
        const files: Files = { ...gatewayFiles, 'tokens.yml': tokensOf('c9') }
        const { 'client-ca.pem': _, ...withoutClients } = files
        const gateway = await startGateway(kafka, root, withoutClients)
        services.push(gateway.service)
        putInto(root)({ 'ca.pem': ours.cert })
        const target = await startCountedTarget()
        const prometheus = await startPrometheus({
          configuration: {
            global: { scrape_interval: '500ms', scrape_timeout: '400ms' },
            scrape_configs: [{ job_name: 'counted', static_configs: [{ targets: [target.address] }] }],
            remote_write: [
              {
                url: `https://localhost:${gateway.ports.http}/api/v1/write`,
                authorization: { credentials: OWN_TOKEN },
                tls_config: { ca_file: join(root, 'ca.pem') },
                // As docs/credentials.md has it: the target has a series with a cluster of its own.
                write_relabel_configs: [
                  { source_labels: ['cluster'], regex: '(.+)', target_label: 'exported_cluster' },
                  { target_label: 'cluster', replacement: 'c9' },
                ],
              },
            ],
          },
        })
        services.push(prometheus)
        await vi.waitFor(() => expect(reader.numbers('metrics', 'c9').length).toBeGreaterThan(5), WAIT)
        expect([reader.keys('c9'), reader.tenants('c9')]).toEqual([['team-a/c9//own'], ['team-a']])
        await target.close()
      })
    })
  })
})

type Gateway = {
  readonly service: Service
  readonly ports: Readonly<Record<Protocol, number>>
  readonly put: (files: Files) => void
}

async function startGateway(kafka: Kafka, root: string, files: Files): Promise<Gateway> {
  const directory = mkdtempSync(join(root, 'gateway-'))
  const put = putInto(directory)
  put(files)
  const ports = { http: await freePort(), grpc: await freePort() }
  const service = await startService('gateway', {
    environment: { STORAGE_TYPE: 'kafka' },
    flags: [
      `--kafka.producer.brokers=${kafka.bootstrap}`,
      `--auth.tokens-file=${join(directory, 'tokens.yml')}`,
      ...PROTOCOLS.flatMap((protocol) => [
        `--gateway.${protocol}-server.host-port=127.0.0.1:${ports[protocol]}`,
        `--gateway.${protocol}-server.tls.enabled`,
        ...['cert', 'key', 'client-ca']
          .filter((name) => `${name}.pem` in files)
          .map((name) => `--gateway.${protocol}-server.tls.${name}=${join(directory, `${name}.pem`)}`),
      ]),
    ],
  })
  return { service, ports, put }
}

type AgentOptions = {
  readonly protocol: Protocol
  readonly cluster: string
  readonly saysClusterBy?: 'labels' | undefined
  readonly gateway: Gateway
  readonly directory: string
  readonly files: Files
}

/** An agent with a target and a log of its own. */
async function startAgent({ protocol, cluster, saysClusterBy, gateway: { ports }, directory, files }: AgentOptions) {
  const label = saysClusterBy === 'labels' ? cluster : ''
  mkdirSync(directory)
  const put = putInto(directory)
  put(files)
  const target = await startCountedTarget()
  const log = createNumberedLog(join(directory, 'pods', 'shop_web-0_uid', 'web'), 1000)
  const service = await startService('agent', {
    until: 'alive',
    environment: { STORAGE_TYPE: 'gateway' },
    flags: [
      `--config.file=${writeScrapeConfig(directory, target.address, label)}`,
      `--promtail.config.file=${writeLogConfig(directory, label)}`,
      `--buffer.dir=${join(directory, 'buffer')}`,
      `--cluster=${label === '' ? cluster : ''}`,
      `--gateway.service-type=${protocol}`,
      `--gateway.token-file=${join(directory, 'token')}`,
      ...(protocol === 'http'
        ? [
            `--gateway.http-client.url=https://localhost:${ports.http}/api/metrics`,
            `--gateway.http-client.logs.url=https://localhost:${ports.http}/api/logs`,
          ]
        : [`--gateway.grpc-client.host-port=localhost:${ports.grpc}`, '--gateway.grpc-client.tls.enabled']),
      ...['ca', 'cert', 'key'].map((name) => `--gateway.${protocol}-client.tls.${name}=${join(directory, `${name}.pem`)}`),
      `--http.port=127.0.0.1:${await freePort()}`,
    ],
  })
  return { service, target, log, put }
}

/** Replaces files as a renewal does: each by a rename. */
const putInto =
  (directory: string) =>
  (files: Files): void => {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(directory, `${name}.new`), text, { mode: 0o600 })
      renameSync(join(directory, `${name}.new`), join(directory, name))
    }
  }
