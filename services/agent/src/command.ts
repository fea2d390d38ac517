import { createDiscoveryContext, kubernetesFlags } from '@clymene/discovery'
import { collectMistakes, ConfigError, type FlagSet, type Kind } from '@clymene/model'
import { adminFlags, createMetrics, hostService, processFlags, silentLogger, type Command, type FlagGroup } from '@clymene/runtime'
import { checkServiceFlags, serviceFlagGroups, type ServiceFlags } from '@clymene/storages'

import { clusterWarnings } from './assemble.ts'
import { chooseConfigTexts, type ConfigTexts } from './config-texts.ts'
import type { LogConfig } from './config/log-config.ts'
import type { ScrapeConfig } from './config/scrape-config.ts'
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
import { readLogConfigs, readScrapeConfigs } from './read-configs.ts'
import { runAgent } from './run-agent.ts'
import { readShard } from './shard.ts'

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
  const kinds = { ...ofScrapes, ...kubernetesFlags, ...bufferFlags, ...promtailFlags }
  return { ...processFlags, ...admin, ...ownFlags, ...dryRunFlags, ...kinds, ...formerAgentFlags } satisfies FlagSet
}
type AgentFlags = ReturnType<typeof flagsOf>

function groupsOf({ adminAddress, ownFlags, ofScrapes }: Variant): readonly FlagGroup[] {
  return serviceFlagGroups(
    [
      { title: 'Process', flags: { ...processFlags, ...adminFlags(adminAddress) } },
      { title: 'Agent', flags: { ...ownFlags, ...dryRunFlags } },
      { title: 'Scrapes', flags: ofScrapes },
      { title: 'Discovery', flags: kubernetesFlags },
      { title: 'Buffer', flags: bufferFlags },
      { title: 'Logs', flags: promtailFlags },
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
      const limits = isPromtail ? { onlyKinds } : {}
      const serviceFlags = { flags: flagsOf(variant), defaultStorages: 'gateway', ...limits }
      const { parsed, texts, checked } = checkServiceFlags(serviceFlags, argv, env, (found) => {
        const chosen = chooseConfigTexts({ ...found, isPromtail, isDryRun: found.values['dry-run'] })
        return { parsed: found, texts: chosen, checked: checkAll(found, chosen, env) }
      })
      const warnings = [...parsed.warnings, ...texts.warnings, ...checked]
      if (!isPromtail && texts.scrape === undefined && parsed.given.has('http.port'))
        warnings.push('--http.port has no effect: there is no scrape configuration to read anew')
      return {
        warnings,
        run: (stop) =>
          hostService({ flags: parsed.values, component: name, warnings }, (host) => runAgent({ ...parsed, texts, env }, host, stop)),
      }
    },
  }
}

/**
 * Reads everything once to tell every mistake before anything starts; the run reads the same files with its own log and metrics.
 *
 * @returns what is accepted and does nothing, and jobs without a cluster, a line each
 */
function checkAll({ values }: ServiceFlags<AgentFlags>, texts: ConfigTexts, env: NodeJS.ProcessEnv): readonly string[] {
  const dry = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
  const logLabels = values['clymene-promtail.external-labels']
  const mistakes = [...repeated(logLabels.map(([label]) => label))].map(
    (label) => `--clymene-promtail.external-labels: the label ${JSON.stringify(label)} comes twice`,
  )
  const scrapeConfigs: ScrapeConfig[] = []
  const logConfigs: LogConfig[] = []
  for (const read of [
    () => void readShard(values),
    () => scrapeConfigs.push(...(texts.scrape === undefined ? [] : readScrapeConfigs([texts.scrape()], env, dry))),
    () => logConfigs.push(...(texts.logs === undefined ? [] : readLogConfigs([texts.logs()], dry))),
  ]) {
    collectMistakes(mistakes, read)
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return [
    ...[...scrapeConfigs, ...logConfigs].flatMap((config) => config.warnings),
    ...clusterWarnings({ cluster: values.cluster, logLabels, scrapeConfigs, logConfigs }),
  ]
}

const repeated = (names: readonly string[]): ReadonlySet<string> => new Set(names.filter((name, index) => names.indexOf(name) !== index))
