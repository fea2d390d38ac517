import { createDiscoveryContext } from '@clymene/discovery'
import { collectMistakes } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'

import type { LogConfig } from '../config/log-config.ts'
import { readLogConfigs } from '../read-configs.ts'
import type { FromPromtailOptions } from './from-promtail.ts'

/** For what the agent would refuse a log configuration, a line each; what depends on the machine that it runs on is not looked at. */
export function logConfigMistakes(options: FromPromtailOptions): readonly string[] {
  const mistakes: string[] = []
  readLogConfig(options, mistakes)
  return mistakes
}

/** The configuration as the agent reads it; empty when it has mistakes. */
export function readLogConfig({ config, expandFrom }: FromPromtailOptions, mistakes: string[]): readonly LogConfig[] {
  const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
  const read = (): readonly LogConfig[] => readLogConfigs([config], { ...context, ...(expandFrom === undefined ? {} : { expandFrom }) })
  return collectMistakes(mistakes, read) ?? []
}
