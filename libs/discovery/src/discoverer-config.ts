import type { Discoverer, Logger } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'

export type DiscoveryContext = {
  readonly logger: Logger
  readonly metrics: Metrics
}

export type ParseOptions = {
  /** Where relative paths begin: the folder of the configuration file. Default: the working directory. */
  readonly directory?: string
  /** What a group without `targets` means, `localhost` in Promtail's files; undefined: it has no targets. */
  readonly defaultTarget?: string
}

/** One checked item of a `*_sd_configs` list, ready to start. */
export type DiscovererConfig = {
  /** The key that it stood under, such as `file_sd_configs`. */
  readonly kind: string
  readonly create: (context: DiscoveryContext) => Discoverer
}
