import { existsSync } from 'node:fs'

import { ConfigError, type FlagSet, type FlagValues, type Kind } from '@clymene/model'
import { adminFlags, createMetrics, hostService, processFlags, silentLogger, type Command, type Host } from '@clymene/runtime'
import { openStorages, parseServiceFlags, serviceFlagGroups, type ServiceFlags } from '@clymene/storages'

import { assembleAgent, jobsWithoutCluster } from './assemble.ts'
import { agentFlags, bufferFlags, formerAgentFlags, promtailFlags } from './flags.ts'
import { readConfigFile, readLogConfigs, readScrapeConfigs, type ConfigText } from './read-configs.ts'
import { startReloadServer } from './reload-server.ts'

type Variant = {
  readonly name: string
  readonly summary: string
  readonly adminAddress: string
  readonly onlyKinds?: readonly Kind[]
}

const flagsOf = (adminAddress: string) =>
  ({ ...processFlags, ...adminFlags(adminAddress), ...agentFlags, ...bufferFlags, ...promtailFlags, ...formerAgentFlags }) satisfies FlagSet
type AgentValues = FlagValues<ReturnType<typeof flagsOf>>

/** The agent as a process: metrics by `--config.file`, logs by `--promtail.config.file`, or just the one it is given. */
export const agentCommand: Command = commandOf({
  name: 'agent',
  summary: 'scrapes metrics and tails logs, and sends them to a gateway or straight to storages',
  adminAddress: ':15691',
})

/** The same limited to logs, as the original's promtail: `--config.file` is the YAML of Promtail. */
export const promtailCommand: Command = commandOf({
  name: 'promtail',
  summary: 'the agent, limited to logs',
  adminAddress: ':15698',
  onlyKinds: ['logs'],
})

function commandOf({ name, summary, adminAddress, onlyKinds }: Variant): Command {
  const isPromtail = onlyKinds !== undefined
  const flags = flagsOf(adminAddress)
  return {
    name,
    summary,
    statusAddress: adminAddress,
    groups: serviceFlagGroups(
      [
        { title: 'Process', flags: { ...processFlags, ...adminFlags(adminAddress) } },
        { title: 'Agent', flags: agentFlags },
        { title: 'Buffer', flags: bufferFlags },
        { title: 'Logs', flags: promtailFlags },
        { title: 'Of the original', flags: formerAgentFlags },
      ],
      'gateway',
    ),
    configure: async (argv, env) => {
      const parsed = parseServiceFlags({ flags, defaultStorages: 'gateway', ...(onlyKinds === undefined ? {} : { onlyKinds }) }, argv, env)
      const texts = configTexts(parsed, isPromtail)
      // Read once to tell every mistake before anything starts; the run reads the same texts with its own log and metrics.
      const dry = { logger: silentLogger, metrics: createMetrics() }
      const scrape = texts.scrape === undefined ? [] : readScrapeConfigs([texts.scrape()], env, dry)
      const logs = texts.logs === undefined ? [] : readLogConfigs([texts.logs()], dry)
      const warnings = [...parsed.warnings, ...scrape.flatMap((config) => config.warnings), ...logs.flatMap((config) => config.warnings)]
      return {
        warnings,
        run: (stop) => hostService({ flags: parsed.values, component: name, warnings }, (host) => runAgent(parsed, texts, env, host, stop)),
      }
    },
  }
}

/** The configurations to read; asked again on a reload. */
type ConfigTexts = { readonly scrape: (() => ConfigText) | undefined; readonly logs: (() => ConfigText) | undefined }

function configTexts({ values, given, selection }: ServiceFlags<ReturnType<typeof flagsOf>>, isPromtail: boolean): ConfigTexts {
  const scrapeFlag = isPromtail ? undefined : 'config.file'
  const logFlag = isPromtail ? 'config.file' : 'promtail.config.file'
  const logPath = isPromtail && !given.has('config.file') ? '/etc/promtail/config.yml' : values[logFlag]
  const wantsScrape = scrapeFlag !== undefined && values[scrapeFlag] !== '' && (given.has(scrapeFlag) || existsSync(values[scrapeFlag]))
  const wantsLogs = logPath !== ''
  const texts = {
    scrape: wantsScrape && selection.byKind.has('metrics') ? () => readConfigFile('config.file', values['config.file']) : undefined,
    logs: wantsLogs && selection.byKind.has('logs') ? () => readConfigFile(logFlag, logPath) : undefined,
  }
  if (texts.scrape === undefined && texts.logs === undefined) {
    throw new ConfigError(
      `nothing to collect: expected --config.file (default ${values['config.file']}, not found) or --promtail.config.file, and a storage that takes its kind`,
    )
  }
  return texts
}

async function runAgent(
  { values, storageValues, selection }: { readonly values: AgentValues } & Pick<ServiceFlags<FlagSet>, 'storageValues' | 'selection'>,
  texts: ConfigTexts,
  env: NodeJS.ProcessEnv,
  host: Host,
  stop: AbortSignal,
): Promise<void> {
  const { logger, metrics, readiness, version } = host
  const context = { logger, metrics }
  const readScrape = () => (texts.scrape === undefined ? [] : readScrapeConfigs([texts.scrape()], env, context))
  const setup = {
    agentId: values['agent.id'],
    cluster: values.cluster,
    tenant: values['clymene-promtail.tenant-id'],
    streams: values['agent.streams'],
    scrapeConfigs: readScrape(),
    logConfigs: texts.logs === undefined ? [] : readLogConfigs([texts.logs()], context),
    logLabels: values['clymene-promtail.external-labels'],
    logBatch: { bytes: values['clymene-promtail.batch-size-bytes'], waitMs: values['clymene-promtail.batch-wait'] },
    logBackoff: { minMs: values['clymene-promtail.min-backoff'], maxMs: values['clymene-promtail.max-backoff'] },
    metricSources: [],
  }
  for (const job of jobsWithoutCluster(setup)) {
    logger.warn('no cluster: set --cluster, external_labels or a rule with target_label: cluster', { job })
  }
  const storages = await openStorages({ selection, values: storageValues, logger, version: version.version, metrics })
  const watching = new AbortController()
  const watched = storages.watch(readiness, watching.signal)
  try {
    const agent = await assembleAgent({ ...setup, sinks: storages.sinks, host, buffer: bufferOf(values) })
    try {
      const reload = async (): Promise<void> => agent.reload(readScrape())
      const server = await startReloadServer({ address: values['http.port'], flagName: 'http.port', reload, logger })
      try {
        await agent.run(stop)
      } finally {
        await server.close()
      }
    } finally {
      await agent.close()
    }
  } finally {
    watching.abort()
    await watched
    await storages.close()
  }
}

const bufferOf = (values: FlagValues<typeof bufferFlags>) => ({
  directory: values['buffer.dir'],
  maxBytes: values['buffer.max-bytes'],
  maxAgeMs: values['buffer.max-age'],
  full: values['buffer.full'],
  drainTimeoutMs: values['buffer.drain-timeout'],
})
