import { createDiscoveryContext, discoveryFlags, kubernetesFlags, podLogsFlags } from '@clymene/discovery'
import { collectMistakes, ConfigError, type FlagSet, type FlagValues, type Kind, type Logger } from '@clymene/model'
import { adminFlags, createMetrics, hostService, processFlags, type Command, type FlagGroup } from '@clymene/runtime'
import { eventFlags } from '@clymene/sources'
import { checkServiceFlags, serviceFlagGroups, type ServiceFlags } from '@clymene/storages'

import { checkBuffer } from './buffer-settings.ts'
import { chooseConfigTexts, type ConfigTexts } from './config-texts.ts'
import { withCluster } from './config/external-labels.ts'
import { readConfiguration, warningsOf, type Configuration } from './configuration.ts'
import { checkEvents } from './event-collection.ts'
import {
  agentFlags,
  bufferFlags,
  dryRunFlags,
  formerAgentFlags,
  promtailAgentFlags,
  promtailFlags,
  promtailScrapeFlags,
  scrapeFlags,
} from './flags.ts'
import { ownCluster } from './own-cluster.ts'
import { promtailFlagHere } from './promtail-flags.ts'
import { runAgent } from './run-agent.ts'
import { readShard } from './shard.ts'
import { createDiscoveryFailures, validateTargets, type ValidateTargetsOptions } from './validate-targets.ts'

type Variant = {
  readonly name: string
  readonly summary: string
  readonly adminAddress: string
  readonly ownFlags: typeof agentFlags
  readonly ofScrapes: typeof scrapeFlags
  readonly onlyKinds?: readonly Kind[]
}

/** The agent as a process: metrics by `--config.file`, logs by `--promtail.config.file`, or just the one it is given. */
export const agentCommand: Command = commandOf({
  name: 'agent',
  summary: 'scrapes metrics and tails logs, and sends them to a gateway or straight to storages',
  adminAddress: ':15691',
  ownFlags: agentFlags,
  ofScrapes: scrapeFlags,
})

/** The same limited to logs, as the original's promtail: `--config.file` is the YAML of Promtail. */
export const promtailCommand: Command = commandOf({
  name: 'promtail',
  summary: 'the agent, limited to logs',
  adminAddress: ':15698',
  ownFlags: promtailAgentFlags,
  ofScrapes: promtailScrapeFlags,
  onlyKinds: ['logs'],
})

function flagsOf({ adminAddress, ownFlags, ofScrapes }: Variant) {
  const admin = adminFlags(adminAddress)
  const kinds = { ...ofScrapes, ...discoveryFlags, ...kubernetesFlags, ...podLogsFlags, ...bufferFlags, ...promtailFlags, ...eventFlags }
  return { ...processFlags, ...admin, ...ownFlags, ...dryRunFlags, ...kinds, ...formerAgentFlags } satisfies FlagSet
}
type AgentFlags = ReturnType<typeof flagsOf>

function groupsOf({ adminAddress, ownFlags, ofScrapes }: Variant): readonly FlagGroup[] {
  return serviceFlagGroups(
    [
      { title: 'Process', flags: { ...processFlags, ...adminFlags(adminAddress) } },
      { title: 'Agent', flags: { ...ownFlags, ...dryRunFlags } },
      { title: 'Scrapes', flags: ofScrapes },
      { title: 'Discovery', flags: { ...discoveryFlags, ...kubernetesFlags, ...podLogsFlags } },
      { title: 'Buffer', flags: bufferFlags },
      { title: 'Logs', flags: promtailFlags },
      { title: 'Events', flags: eventFlags },
      { title: 'Of the original', flags: formerAgentFlags },
    ],
    'gateway',
  )
}

function commandOf(variant: Variant): Command {
  const { name, summary, adminAddress, onlyKinds } = variant
  const isPromtail = onlyKinds !== undefined
  return {
    name,
    summary,
    statusAddress: adminAddress,
    groups: groupsOf(variant),
    configure: async (argv, env) => {
      const limits = isPromtail ? { onlyKinds, elsewhere: promtailFlagHere } : {}
      const serviceFlags = { flags: flagsOf(variant), defaultStorages: 'gateway', ...limits }
      const failures = createDiscoveryFailures()
      const { parsed, texts, configuration } = checkServiceFlags(serviceFlags, argv, env, (found) => {
        const chosen = chooseConfigTexts({ ...found, isPromtail })
        return { parsed: found, texts: chosen, configuration: checkAll(found, chosen, env, failures.logger) }
      })
      const { cluster, 'clymene-promtail.external-labels': logLabels } = parsed.values
      const warnings = [...parsed.warnings, ...texts.warnings, ...warningsOf(configuration, { cluster, logLabels })]
      if (!isPromtail && texts.scrape === undefined && parsed.given.has('http.port'))
        warnings.push(
          '--http.port has no effect: there is no scrape configuration to read anew; POST /-/reload on the admin port reads what there is',
        )
      const own = ownCluster({ ...configuration, cluster, logLabels })
      if (texts.events === true && !withCluster(logLabels, own).some(([label]) => label === 'cluster'))
        warnings.push('events have no cluster: set --cluster')
      if (texts.events === true && parsed.values['dry-run']) warnings.push('--dry-run shows no events of the cluster')
      return {
        warnings,
        summary: async () => [
          ...(await summaryOf(configuration, { shard: readShard(parsed.values), failures })),
          ...(texts.events === true ? ['events of the cluster'] : []),
        ],
        run: (stop) =>
          hostService({ flags: portsOf(parsed), component: name, warnings }, (host) => runAgent({ ...parsed, texts, env }, host, stop)),
      }
    },
  }
}

/** A dry run may stand beside an agent that runs: it takes its admin port only when it is told which. */
const portsOf = <V extends FlagValues<typeof dryRunFlags & ReturnType<typeof adminFlags>>>({
  values,
  given,
}: {
  readonly values: V
  readonly given: ReadonlySet<string>
}): V =>
  values['dry-run'] && !given.has('admin.http.host-ports') ? { ...values, 'admin.http.host-ports': { host: '127.0.0.1', port: 0 } } : values

/** A line a job, and the targets that are known. */
const summaryOf = async ({ scrapeConfigs, logConfigs }: Configuration, options: ValidateTargetsOptions): Promise<readonly string[]> => [
  ...(await Promise.all(scrapeConfigs.map((config) => validateTargets(config, options)))).flat(),
  ...logConfigs.flatMap(({ summary }) => summary),
]

/** Reads everything once to tell every mistake before anything starts; the run reads the same files with its own log and metrics. */
function checkAll({ values }: ServiceFlags<AgentFlags>, texts: ConfigTexts, env: NodeJS.ProcessEnv, logger: Logger): Configuration {
  const dry = createDiscoveryContext({ logger, metrics: createMetrics() })
  const logLabels = values['clymene-promtail.external-labels']
  const mistakes = [...repeated(logLabels.map(([label]) => label))].map(
    (label) => `--clymene-promtail.external-labels: the label ${JSON.stringify(label)} comes twice`,
  )
  collectMistakes(mistakes, () => void readShard(values))
  collectMistakes(mistakes, () => checkBuffer(values))
  collectMistakes(mistakes, () => checkEvents(values, { ...dry.watches.surroundings, env }))
  const configuration = collectMistakes(mistakes, () => readConfiguration({ values, texts, env }, dry))
  if (configuration === undefined || mistakes.length > 0) throw new ConfigError(mistakes)
  return configuration
}

const repeated = (names: readonly string[]): ReadonlySet<string> => new Set(names.filter((name, index) => names.indexOf(name) !== index))
