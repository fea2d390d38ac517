import { hostname } from 'node:os'
import { join, resolve } from 'node:path'

import {
  assembleAgent,
  bufferSettings,
  followConfiguration,
  readLogConfigs,
  readScrapeConfigs,
  servePages,
  type AssembledAgent,
  type Configuration,
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
  const podsFile = { path: join(values['data.dir'], 'pods.json'), mayWrite: true }
  const discovery = createDiscoveryContext({ logger, metrics, podsFile })
  lifetimes.add('discovery', discovery.close)
  const read = (): Configuration => {
    const logTexts = served.has('logs') ? [hostLogs(config), ...config.logTexts()] : []
    const scrapeTexts = served.has('metrics') ? [ownMetrics(contexts), ...config.scrapeTexts()] : []
    return {
      scrapeConfigs: readScrapeConfigs(scrapeTexts, process.env, discovery),
      logConfigs: readLogConfigs(logTexts, { ...discovery, ownNode: hostname() }),
      logTexts,
    }
  }
  const configuration = read()
  const agent = await assembleAgent({
    agentId: values['agent.id'],
    cluster,
    tenant: '',
    streams: values['agent.streams'],
    ...configuration,
    logLabels: [],
    logBatch: { bytes: 1024 * 1024, waitMs: 500 },
    logBackoff: {},
    bufferedSources: served.has('metrics') && values['host.interval'] > 0 ? [hostSource(config, contexts.agent, cluster)] : [],
    buffer: {
      directory: join(values['data.dir'], 'buffer'),
      ...bufferSettings(values),
      drainTimeoutMs: DRAIN_MS,
    },
    // Its log, beside them, is read on purpose.
    ownFolders: ['bus', 'store', 'ledger'].map((name) => join(values['data.dir'], name)),
    sinks: served,
    host: contexts.agent,
  })
  lifetimes.add('agent', agent.close)
  servePages(contexts.agent.admin, {
    scraped: agent.scraped,
    logs: agent.logs,
    streams: values['agent.streams'],
    version: version.version,
  })
  contexts.agent.admin.serveJson('/api/ledger', async (signal) => ledgerReport({ service: 'agent', senders: await agent.accounts(signal) }))
  const adminToken = adminAccess({ tokenFile: values['admin.token-file'], metrics, logger })
  const follow = await followConfiguration({
    configuration,
    read,
    port: values['http.port'],
    watch: values['config.watch'],
    setup: { cluster, logLabels: [] },
    agent,
    host: { ...contexts.agent, adminAccess: adminToken },
  })
  const following = new AbortController()
  const followed = follow(following.signal)
  lifetimes.add('reload', () => {
    following.abort()
    return followed
  })
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
  isBuiltIn: true,
  text: ownMetricsConfig(
    Object.values(contexts).map(({ component, admin }) => ({ component, address: admin.address })),
    hostname(),
  ),
})

const hostLogs = ({ values }: AllInOneConfig): ConfigText => ({
  path: 'built-in log configuration',
  isBuiltIn: true,
  text: hostLogsConfig({
    paths: values['host.logs'],
    ownLog: resolve(values['data.dir'], 'logs', 'clymene.log'),
    positionsPath: join(values['data.dir'], 'positions.yaml'),
    instance: hostname(),
  }),
})
