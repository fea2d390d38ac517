import type { DiscoveryContext } from '@clymene/discovery'
import { collectMistakes, ConfigError } from '@clymene/model'

import { readText, type ConfigText } from './config-text.ts'
import { inLineOrder } from './config/in-line-order.ts'
import { readLogConfig, type LogConfig, type LogContext } from './config/log-config.ts'
import { readScrapeConfig, type ScrapeConfig, type ScrapeConfigOptions } from './config/scrape-config.ts'

export type { ConfigText }

/** @throws ConfigError naming the flag when the file cannot be read. */
export const readConfigFile = (flagName: string, path: string): ConfigText => readText(path, `--${flagName}=${JSON.stringify(path)}`)

/** @throws ConfigError with every mistake of all texts. */
export function readScrapeConfigs(
  texts: readonly ConfigText[],
  env: NodeJS.ProcessEnv,
  context: DiscoveryContext,
  options: ScrapeConfigOptions = {},
): readonly ScrapeConfig[] {
  return readAll(texts, (text, mistakes) => readScrapeConfig(text, { env, context, ...options }, mistakes))
}

/** @throws ConfigError with every mistake of all texts. */
export function readLogConfigs(texts: readonly ConfigText[], context: LogContext): readonly LogConfig[] {
  return readAll(texts, ({ text, path }, mistakes) => readLogConfig(text, path, context, mistakes))
}

function readAll<T>(texts: readonly ConfigText[], read: (text: ConfigText, mistakes: string[]) => T): readonly T[] {
  const mistakes: string[] = []
  const configs = texts.flatMap((text) => collectMistakes(mistakes, () => [read(text, mistakes)]) ?? [])
  if (mistakes.length > 0) throw new ConfigError(inLineOrder(mistakes))
  return configs
}
