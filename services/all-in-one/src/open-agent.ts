import { hostname } from 'node:os'
import { join, resolve } from 'node:path'

import {
  assembleAgent,
  createReloader,
  readLogConfigs,
  readScrapeConfigs,
  servePages,
  startReloadServer,
  type AssembledAgent,
  type ConfigText,
} from '@clymene/agent'
import { createDiscoveryContext } from '@clymene/discovery'
import { ledgerReport } from '@clymene/ledger'
import { sortedLabels } from '@clymene/model'
import { adminAccess } from '@clymene/runtime'
import { createHostSource } from '@clymene/sources'

import { openAgentSinks, type GatewayAccess } from './agent-sinks.ts'
import { hostLogsConfig, ownMetricsConfig } from './built-in-configs.ts'
import type { AllInOneConfig } from './command.ts'
import type { Lifetimes } from './lifetimes.ts'
import { DRAIN_MS } from './run-in-order.ts'
import type { Contexts, ServiceContext } from './service-context.ts'

/** The agent: this machine, the own services' metrics and what the user configured, sent to the gateway of this process. */
export async function openAgent(
  config: AllInOneConfig,
  contexts: Contexts,
  gateway: GatewayAccess,
  lifetimes: Lifetimes,
): Promise<AssembledAgent> {
  const { values, selection } = config
  const { logger, metrics, version } = contexts.agent
  const sinks = await openAgentSinks({ gateway, logger, metrics, version: version.version })
  lifetimes.add('way to the gateway', sinks.close)
  const served = new Map([...sinks.sinks].filter(([kind]) => selection.byKind.has(kind)))
  const cluster = clusterOf(config)
  const discovery = createDiscoveryContext({ logger, metrics })
  lifetimes.add('discovery', discovery.close)
  const readScrape = () => readScrapeConfigs([ownMetrics(contexts), ...config.scrapeTexts()], process.env, discovery)
  const agent = await assembleAgent({
    agentId: values['agent.id'],
    cluster,
    tenant: '',
    streams: values['agent.streams'],
    scrapeConfigs: served.has('metrics') ? readScrape() : [],
    logConfigs: served.has('logs') ? readLogConfigs([hostLogs(config), ...config.logTexts()], { ...discovery, ownNode: hostname() }) : [],
    logLabels: [],
    logBatch: { bytes: 1024 * 1024, waitMs: 500 },
    logBackoff: {},
    bufferedSources: served.has('metrics') && values['host.interval'] > 0 ? [hostSource(config, contexts.agent, cluster)] : [],
    buffer: {
      directory: join(values['data.dir'], 'buffer'),
      maxBytes: values['buffer.max-bytes'],
      maxAgeMs: values['buffer.max-age'],
      full: values['buffer.full'],
      fsyncIntervalMs: values['buffer.fsync-interval'],
      drainTimeoutMs: DRAIN_MS,
    },
    sinks: served,
    host: contexts.agent,
  })
  lifetimes.add('agent', agent.close)
  servePages(contexts.agent.admin, { scraped: agent.scraped, streams: values['agent.streams'], version: version.version })
  contexts.agent.admin.serveJson('/api/ledger', async (signal) => ledgerReport({ service: 'agent', senders: await agent.accounts(signal) }))
  const reloader = createReloader({ take: async () => agent.reload({ scrapeConfigs: readScrape() }), ...contexts.agent })
  const reload = () => reloader.reload('POST /api/reload')
  const access = adminAccess({ tokenFile: values['admin.token-file'], metrics, logger })
  const server = await startReloadServer({ address: values['http.port'], flagName: 'http.port', access, reload })
  lifetimes.add('reload server', server.close)
  return agent
}

export const clusterOf = ({ values }: AllInOneConfig): string => (values.cluster === '' ? hostname() : values.cluster)

const hostSource = ({ values }: AllInOneConfig, { logger, metrics }: ServiceContext, cluster: string) =>
  createHostSource({
    intervalMs: values['host.interval'],
    instance: hostname(),
    externalLabels: sortedLabels([['cluster', cluster]]),
    streams: values['agent.streams'],
    logger,
    metrics,
    drainTimeoutMs: DRAIN_MS,
  })

const ownMetrics = (contexts: Contexts): ConfigText => ({
  path: 'built-in scrape configuration',
  text: ownMetricsConfig(
    Object.values(contexts).map(({ component, admin }) => ({ component, address: admin.address })),
    hostname(),
  ),
})

const hostLogs = ({ values }: AllInOneConfig): ConfigText => ({
  path: 'built-in log configuration',
  text: hostLogsConfig({
    paths: values['host.logs'],
    ownLog: resolve(values['data.dir'], 'logs', 'clymene.log'),
    positionsPath: join(values['data.dir'], 'positions.yaml'),
    instance: hostname(),
  }),
})
