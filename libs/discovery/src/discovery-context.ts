import type { DiscoveryContext } from './discoverer-config.ts'
import { createKubernetesWatches, type WatchesOptions } from './kubernetes/watches.ts'

export type OpenDiscoveryContext = DiscoveryContext & {
  /** Ends what discoverers left running for the next ones. */
  readonly close: () => Promise<void>
}

/** Opens nothing before a discoverer runs. */
export function createDiscoveryContext(options: WatchesOptions): OpenDiscoveryContext {
  const { logger, metrics } = options
  const watches = createKubernetesWatches(options)
  return { logger, metrics, watches, close: watches.close }
}
