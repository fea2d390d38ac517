import type { Logger } from '@clymene/model'
import { createMetrics, silentLogger, type Metrics } from '@clymene/runtime'

import { ANSWER_LIMITS, type AnswerLimits } from '../answer-limits.ts'
import { createDiscoveryMetrics } from '../discovery-metrics.ts'
import type { LookupContext } from '../lookups.ts'

export type LookupContextKit = LookupContext & {
  readonly metrics: Metrics
  /** A line each: level, message and fields. */
  readonly lines: readonly string[]
  readonly logged: () => string
  /** The sum of a counter or gauge of `clymene_agent_sd_…` over all labels. */
  readonly sum: (name: string) => Promise<number>
  readonly failures: () => Promise<number>
}

/** A context whose waits are short and whose log and metrics can be read. */
export function lookupContext(limits: Partial<AnswerLimits> = {}): LookupContextKit {
  const metrics = createMetrics()
  const lines: string[] = []
  const log =
    (level: string) =>
    (message: string, fields: object = {}): void =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)}`)
  const logger: Logger = { ...silentLogger, warn: log('warn'), error: log('error'), info: log('info'), child: () => logger }
  const sum = async (name: string): Promise<number> => {
    const metric = await metrics.registry.getSingleMetric(`clymene_agent_sd_${name}`)?.get()
    return metric?.values.reduce((total, { value }) => total + value, 0) ?? 0
  }
  return {
    logger,
    metrics,
    lookups: createDiscoveryMetrics(metrics),
    answerLimits: { ...ANSWER_LIMITS, backoffMs: [5, 20], ...limits },
    lines,
    logged: () => lines.join('\n'),
    sum,
    failures: () => sum('lookup_failures_total'),
  }
}
