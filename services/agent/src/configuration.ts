import type { DiscoveryContext } from '@clymene/discovery'
import { collectMistakes, ConfigError, type FlagValues } from '@clymene/model'

import { clusterWarnings, type AgentSetup } from './assemble.ts'
import type { ConfigText } from './config-text.ts'
import type { ConfigTexts } from './config-texts.ts'
import type { LogConfig } from './config/log-config.ts'
import type { ScrapeConfig } from './config/scrape-config.ts'
import { journalctlMistakes } from './find-journalctl.ts'
import type { agentFlags, promtailFlags, scrapeFlags } from './flags.ts'
import { logContext } from './own-node.ts'
import { readLogConfigs, readScrapeConfigs } from './read-configs.ts'

/** What the agent collects, of both kinds, as one reading of its files gave it. */
export type Configuration = {
  readonly scrapeConfigs: readonly ScrapeConfig[]
  readonly logConfigs: readonly LogConfig[]
  /** Of the log configurations, one for one. */
  readonly logTexts: readonly ConfigText[]
}

export type ReadConfigurationOptions = {
  readonly values: FlagValues<typeof agentFlags & typeof scrapeFlags & typeof promtailFlags>
  readonly texts: ConfigTexts
  readonly env: NodeJS.ProcessEnv
}

/** Reads all files. @throws ConfigError with every mistake of all of them */
export function readConfiguration({ values, texts, env }: ReadConfigurationOptions, discovery: DiscoveryContext): Configuration {
  const mistakes: string[] = []
  const options = { extraScrapeMetrics: values['scrape.extra-metrics'] }
  const scrapeConfigs = collectMistakes(mistakes, () => readScrapeConfigs(textsOf(texts.scrape), env, discovery, options))
  const logs = collectMistakes(mistakes, () => {
    const logTexts = textsOf(texts.logs)
    const context = logContext(discovery, env, values)
    const expanding = values['config.expand-env'] ? { expandFrom: env } : {}
    const logConfigs = readLogConfigs(logTexts, { ...context, ...expanding, stdin: values['logs.stdin'] })
    mistakes.push(...journalctlMistakes(logConfigs, values['logs.journalctl'], env))
    return { logTexts, logConfigs }
  })
  if (scrapeConfigs === undefined || logs === undefined || mistakes.length > 0) throw new ConfigError(mistakes)
  return { scrapeConfigs, ...logs }
}

const textsOf = (read: (() => ConfigText) | undefined): readonly ConfigText[] => (read === undefined ? [] : [read()])

/** All files that were read. */
export const textsOfConfiguration = ({ scrapeConfigs, logTexts }: Configuration): readonly ConfigText[] =>
  [...scrapeConfigs.flatMap(({ texts }) => texts), ...logTexts].filter(isFile)

/** What would be read now, in the same order. */
export const filesOfConfiguration = ({ scrapeConfigs, logTexts }: Configuration): readonly string[] => [
  ...scrapeConfigs.filter(({ texts }) => texts.every(isFile)).flatMap(({ files }) => files()),
  ...logTexts.filter(isFile).map(({ path }) => path),
]

const isFile = ({ isBuiltIn = false }: ConfigText): boolean => !isBuiltIn

/** What is accepted and does nothing, jobs without a cluster, and files of credentials that cannot be read now (they may come): a line each. */
export const warningsOf = (
  { scrapeConfigs, logConfigs }: Configuration,
  setup: Pick<AgentSetup, 'cluster' | 'logLabels'>,
): readonly string[] => [
  ...[...scrapeConfigs, ...logConfigs].flatMap(({ warnings }) => warnings),
  ...clusterWarnings({ ...setup, scrapeConfigs, logConfigs }),
  ...scrapeConfigs.flatMap(({ missingFiles }) => missingFiles()),
]
