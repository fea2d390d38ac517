import { ANSWER_LIMITS, type AnswerLimits } from './answer-limits.ts'
import type { DiscoveryContext } from './discoverer-config.ts'
import { createDiscoveryMetrics } from './discovery-metrics.ts'
import { createKubernetesWatches, type WatchesOptions } from './kubernetes/watches.ts'
import { POD_LOGS_OPTIONS, type PodLogsOptions } from './pod-logs/flags.ts'
import { createPodMemory, type PodMemoryOptions } from './pod-logs/pod-memory.ts'

export type OpenDiscoveryContext = DiscoveryContext & {
  /** Ends what discoverers left running for the next ones. */
  readonly close: () => Promise<void>
}

export type DiscoveryContextOptions = WatchesOptions & {
  /** Of http, dns, consul, docker and logs of pods. */
  readonly answerLimits?: Partial<AnswerLimits>
  readonly podLogs?: Partial<PodLogsOptions>
  /** Where labels of pods are kept for when the API server has forgotten them; absent: for the life of the process only. */
  readonly podsFile?: PodMemoryOptions['file']
}

/** Opens nothing before a discoverer runs. */
export function createDiscoveryContext({ answerLimits, podLogs, podsFile, ...options }: DiscoveryContextOptions): OpenDiscoveryContext {
  const { logger, metrics } = options
  const watches = createKubernetesWatches(options)
  const memory = createPodMemory({ file: podsFile, logger })
  return {
    logger,
    metrics,
    watches,
    lookups: createDiscoveryMetrics(metrics),
    answerLimits: { ...ANSWER_LIMITS, ...answerLimits },
    podLogs: { ...POD_LOGS_OPTIONS, ...podLogs, memory },
    close: async () => {
      await watches.close()
      await memory.close()
    },
  }
}
