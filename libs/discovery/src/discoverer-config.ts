import type { Discoverer, Logger } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'

import type { KubernetesWatches } from './kubernetes/watches.ts'
import type { LookupContext } from './lookups.ts'
import type { PodLogsOptions } from './pod-logs/flags.ts'
import type { PodMemory } from './pod-logs/pod-memory.ts'

/** What discoverers share; one for the life of the process, so that a reload goes on with what it has. */
export type DiscoveryContext = LookupContext & {
  readonly logger: Logger
  readonly metrics: Metrics
  readonly watches: KubernetesWatches
  readonly podLogs: PodLogsOptions & { readonly memory: PodMemory }
}

export type ParseOptions = {
  /** Where relative paths begin: the folder of the configuration file. Default: the working directory. */
  readonly directory?: string
  /** What a group without `targets` means, `localhost` in Promtail's files; undefined: it has no targets. */
  readonly defaultTarget?: string
  /** The node whose pods a pod role asks for; undefined: those of all nodes. */
  readonly ownNode?: string
  /** Targets are files of logs, so kinds that find only such may be used. */
  readonly forFiles?: boolean
}

/** One checked item of a `*_sd_configs` list, ready to start. */
export type DiscovererConfig = {
  /** The key that it stood under, such as `file_sd_configs`. */
  readonly kind: string
  /** It finds pods of this node only. */
  readonly ofNode?: string | undefined
  readonly create: (context: DiscoveryContext) => Discoverer
}
