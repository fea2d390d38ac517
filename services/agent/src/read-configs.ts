import { readFileSync } from 'node:fs'

import type { DiscoveryContext } from '@clymene/discovery'
import { collectMistakes, ConfigError, errorCode } from '@clymene/model'

import { readLogConfig, type LogConfig, type LogContext } from './config/log-config.ts'
import { readScrapeConfig, type ScrapeConfig } from './config/scrape-config.ts'

/** A configuration as text, and the name that its mistakes are told under. */
export type ConfigText = { readonly path: string; readonly text: string }

/** @throws ConfigError naming the flag when the file cannot be read. */
export function readConfigFile(flagName: string, path: string): ConfigText {
  try {
    return { path, text: readFileSync(path, 'utf8') }
  } catch (error) {
    throw new ConfigError(`--${flagName}=${JSON.stringify(path)}: ${READ_ERRORS[errorCode(error)] ?? errorCode(error)}`)
  }
}

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'no permission to read it',
  EISDIR: 'is a folder, expected a file',
}

/** @throws ConfigError with every mistake of all texts. */
export function readScrapeConfigs(
  texts: readonly ConfigText[],
  env: NodeJS.ProcessEnv,
  context: DiscoveryContext,
): readonly ScrapeConfig[] {
  return readAll(texts, ({ text, path }, mistakes) => readScrapeConfig(text, path, env, context, mistakes))
}

/** @throws ConfigError with every mistake of all texts. */
export function readLogConfigs(texts: readonly ConfigText[], context: LogContext): readonly LogConfig[] {
  return readAll(texts, ({ text, path }, mistakes) => readLogConfig(text, path, context, mistakes))
}

function readAll<T>(texts: readonly ConfigText[], read: (text: ConfigText, mistakes: string[]) => T): readonly T[] {
  const mistakes: string[] = []
  const configs = texts.flatMap((text) => collectMistakes(mistakes, () => [read(text, mistakes)]) ?? [])
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return configs
}
