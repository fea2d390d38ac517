import { createDiscoveryContext } from '@clymene/discovery'
import { collectMistakes } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'

import { readLogConfigs } from '../read-configs.ts'
import type { FromPromtailOptions } from './from-promtail.ts'

/** For what the agent would refuse a log configuration, a line each; what depends on the machine that it runs on is not looked at. */
export function logConfigMistakes({ config, expandFrom }: FromPromtailOptions): readonly string[] {
  const mistakes: string[] = []
  const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
  collectMistakes(mistakes, () => readLogConfigs([config], { ...context, ...(expandFrom === undefined ? {} : { expandFrom }) }))
  return mistakes
}
