import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  answerLimitsOf,
  createDiscoveryContext,
  type DiscoveryContext,
  type discoveryFlags,
  type kubernetesFlags,
  type podLogsFlags,
  podLogsOptionsOf,
  watchesOptionsOf,
} from '@clymene/discovery'
import { ledgerReport } from '@clymene/ledger'
import type { FlagSet, FlagValues } from '@clymene/model'
import { ExitError, type Host } from '@clymene/runtime'
import type { eventFlags } from '@clymene/sources'
import { openStorages, type ServiceFlags } from '@clymene/storages'

import { assembleAgent, type AgentSetup } from './assemble.ts'
import { bufferSettings } from './buffer-settings.ts'
import type { ConfigTexts } from './config-texts.ts'
import { readConfiguration, type Configuration } from './configuration.ts'
import { dryRunTargets, type DryRunTargetsOptions } from './dry-run-targets.ts'
import { dryRun } from './dry-run.ts'
import { openEvents } from './event-collection.ts'
import type { agentFlags, bufferFlags, dryRunFlags, promtailFlags, scrapeFlags } from './flags.ts'
import { followConfiguration } from './follow-configuration.ts'
import { createInspectText, isColored } from './inspect/inspect-text.ts'
import { ownCluster } from './own-cluster.ts'
import { ownNode } from './own-node.ts'
import { redactedYaml } from './pages/redacted-yaml.ts'
import { servePages } from './pages/serve-pages.ts'
import { readShard } from './shard.ts'
import { together } from './together.ts'

export type AgentConfig = Pick<ServiceFlags<FlagSet>, 'storageValues' | 'selection'> & {
  readonly values: FlagValues<
    typeof agentFlags &
      typeof scrapeFlags &
      typeof dryRunFlags &
      typeof bufferFlags &
      typeof promtailFlags &
      typeof discoveryFlags &
      typeof kubernetesFlags &
      typeof podLogsFlags &
      typeof eventFlags
  >
  readonly texts: ConfigTexts
  readonly env: NodeJS.ProcessEnv
}

/** The agent within the surroundings of its process, until `stop` aborts. */
export async function runAgent(config: AgentConfig, host: Host, stop: AbortSignal): Promise<void> {
  const discovery = createDiscoveryContext({
    logger: host.logger,
    metrics: host.metrics,
    surroundings: { env: config.env },
    ...watchesOptionsOf(config.values),
    answerLimits: answerLimitsOf(config.values),
    podLogs: podLogsOptionsOf(config.values),
    podsFile: { path: join(config.values['buffer.dir'], 'pods.json'), mayWrite: !config.values['dry-run'] },
  })
  host.readiness.watch('discovery', () => discovery.watches.refusals()[0])
  try {
    await runWith(discovery, config, host, stop)
  } finally {
    await discovery.close()
  }
}

async function runWith(discovery: DiscoveryContext, config: AgentConfig, host: Host, stop: AbortSignal): Promise<void> {
  const { values, storageValues, selection } = config
  const { logger, metrics, readiness, version, admin } = host
  const configuration = readConfiguration(config, discovery)
  if (values['clymene-promtail.print-config-stderr'])
    for (const { path, text } of configuration.logTexts) printToStderr(`# ${path}\n${redactedYaml(text)}`)
  const setup = setupOf(config, host, configuration)
  if (values['dry-run']) return dryRunAll(config, host, { ...setup, refusals: discovery.watches.refusals }, stop)
  const storages = await openStorages({ selection, values: storageValues, logger, version: version.version, metrics })
  const watching = new AbortController()
  const watched = storages.watch(readiness, watching.signal)
  try {
    const { surroundings } = discovery.watches
    const bufferedSources =
      config.texts.events === true ? [openEvents({ values, setup: { ...setup, cluster: ownCluster(setup) }, surroundings })] : []
    const ended = new AbortController()
    const agent = await assembleAgent({ ...setup, bufferedSources, sinks: storages.sinks })
    try {
      servePages(admin, { streams: setup.streams, ...setup.scraping, scraped: agent.scraped, logs: agent.logs, version: version.version })
      admin.serveJson('/api/ledger', async (signal) => ledgerReport({ service: 'agent', senders: await agent.accounts(signal) }))
      const read = () => readConfiguration(config, discovery)
      const port = config.texts.scrape === undefined ? undefined : values['http.port']
      const following = { configuration, read, port, watch: values['config.watch'], setup, agent, host }
      // Without a source that goes on, which is so with standard input, its end is that of the process.
      const collect = (signal: AbortSignal): Promise<void> => agent.run(signal).finally(() => ended.abort())
      await together([collect, await followConfiguration(following)], AbortSignal.any([stop, ended.signal]))
    } finally {
      await agent.close()
    }
  } finally {
    watching.abort()
    await watched
    await storages.close()
  }
}

/** Prints the targets of the scrape configuration, and then, where logs are configured, lines as they come. */
async function dryRunAll(
  { values, selection }: AgentConfig,
  { logger, metrics, readiness }: Host,
  setup: Setup & Pick<DryRunTargetsOptions, 'refusals'>,
  stop: AbortSignal,
): Promise<void> {
  readiness.set('start', undefined)
  const print = createStdoutPrinter()
  const jobs = setup.scrapeConfigs.flatMap((config) => config.jobs)
  await dryRunTargets({ ...setup.scraping, ...setup, jobs, waitMs: values['dry-run.wait'], print }, stop)
  if (setup.logConfigs.length === 0) return
  const storages = selection.byKind.get('logs')?.map(({ name }) => name) ?? []
  await dryRun({ ...setup, storages, print, bufferFolder: values['buffer.dir'], scratch: tmpdir(), logger, metrics }, stop)
}

type Setup = Omit<AgentSetup, 'sinks'>

/** What the flags and variables say about the agent; the storages come beside. */
export const setupOf = (
  { values, storageValues, env }: AgentConfig,
  host: Host,
  { scrapeConfigs, logConfigs }: Pick<Configuration, 'scrapeConfigs' | 'logConfigs'>,
): Setup => ({
  agentId: values['agent.id'],
  cluster: values.cluster,
  tenant: values['clymene-promtail.tenant-id'],
  streams: values['agent.streams'],
  scrapeConfigs,
  scraping: {
    seriesLimits: { perTarget: values['scrape.series-limit-per-target'], perJob: values['scrape.series-limit-per-job'] },
    shard: readShard(values),
    metadataIntervalMs: values['scrape.metadata-interval'],
  },
  logConfigs,
  logLabels: values['clymene-promtail.external-labels'],
  reading: {
    maxLineBytes: values['logs.max-line-bytes'],
    longLines: values['logs.long-lines'],
    labelLimits: {
      maxNames: values['logs.max-label-names'],
      maxNameBytes: values['logs.max-label-name-bytes'],
      maxValueBytes: values['logs.max-label-value-bytes'],
      action: values['logs.label-limit-action'],
    },
    from: values['logs.from'],
    maxFiles: values['logs.max-files'],
    maxSearchEntries: values['logs.max-search-entries'],
    ...(values['logs.max-open-files'] === 0 ? {} : { maxOpenFiles: values['logs.max-open-files'] }),
    ...(values.inspect
      ? { inspect: createInspectText({ print: printToStderr, colored: isColored(values['inspect.color'], process.stderr) }) }
      : {}),
  },
  maxStageSeries: values['logs.max-metric-series'],
  logBatch: { bytes: values['clymene-promtail.batch-size-bytes'], waitMs: values['clymene-promtail.batch-wait'] },
  logBackoff: { minMs: values['clymene-promtail.min-backoff'], maxMs: values['clymene-promtail.max-backoff'] },
  bufferedSources: [],
  hostName: ownNode(env),
  ownFolders: typeof storageValues['embedded.dir'] === 'string' ? [storageValues['embedded.dir']] : [],
  journalctl: values['logs.journalctl'],
  buffer: {
    directory: values['buffer.dir'],
    ...bufferSettings(values),
    drainTimeoutMs: values['buffer.drain-timeout'],
  },
  host,
})

/** Who no longer reads it (`2>&1 | head`) does not end what is shown. */
function printToStderr(text: string): void {
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => undefined)
  process.stderr.write(text)
}

/** A reader that goes away (`| head`) ends the run with a line, not with a stack. */
function createStdoutPrinter(): (text: string) => Promise<void> {
  // The write that fails tells it; without a listener the stream would end the process by itself.
  process.stdout.on('error', () => undefined)
  return (text) =>
    new Promise((resolve, reject) => {
      process.stdout.write(text, (error) => (error ? reject(new ExitError(`stdout: ${error.message}`)) : resolve()))
    })
}
