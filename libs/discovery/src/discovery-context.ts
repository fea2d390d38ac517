import { ANSWER_LIMITS, type AnswerLimits } from './answer-limits.ts'
import type { DiscoveryContext } from './discoverer-config.ts'
import { createDiscoveryMetrics } from './discovery-metrics.ts'
import { createKubernetesWatches, type WatchesOptions } from './kubernetes/watches.ts'

export type OpenDiscoveryContext = DiscoveryContext & {
  /** Ends what discoverers left running for the next ones. */
  readonly close: () => Promise<void>
}

export type DiscoveryContextOptions = WatchesOptions & {
  /** Of http, dns, consul and docker. */
  readonly answerLimits?: Partial<AnswerLimits>
}

/** Opens nothing before a discoverer runs. */
export function createDiscoveryContext({ answerLimits, ...options }: DiscoveryContextOptions): OpenDiscoveryContext {
  const { logger, metrics } = options
  const watches = createKubernetesWatches(options)
  return {
    logger,
    metrics,
    watches,
    lookups: createDiscoveryMetrics(metrics),
    answerLimits: { ...ANSWER_LIMITS, ...answerLimits },
    close: watches.close,
  }
}
