import type { Discoverer, Labels, Logger } from '@clymene/model'
import type { RelabelRule } from '@clymene/relabel'
import type { Metrics } from '@clymene/runtime'
import type { StageConfig } from '@clymene/stages'

/** One item of `scrape_configs` that tails files. */
export type FileJob = {
  readonly name: string
  /** Targets carry `__path__` (a glob), and may carry `__path_exclude__`, `__host__` and `__tenant_id__`, before or after `relabel`. */
  readonly discoverers: readonly Discoverer[]
  readonly relabel: readonly RelabelRule[]
  readonly pipeline: readonly StageConfig[]
}

export type FileSourceOptions = {
  readonly jobs: readonly FileJob[]
  /** The positions file; its folder must exist and be writable. The file before it is kept as `.bak`. */
  readonly positionsPath: string
  /** Added to every line that does not have them from its target. */
  readonly externalLabels: Labels
  readonly logger: Logger
  readonly metrics: Metrics
  /** How many agent streams the files are divided over; each has one batch on its way. Default 1. */
  readonly streams?: number
  /** Targets with another `__host__` are left to the agents of those hosts. Default: the name of this machine. */
  readonly hostname?: string
  /** Bytes of entries at which a batch is handed over. Default 1 MiB. */
  readonly batchBytes?: number
  /** How long an entry may wait for its batch to fill. Default 1 s. */
  readonly batchWaitMs?: number
  /** A longer line is cut there and counted. Default 256 KiB. */
  readonly maxLineBytes?: number
  /** How often a file that is being written is looked at; quiet files less often, at least every second. Default 250 ms. */
  readonly pollMs?: number
  /** How often folders are searched for new files, where watching them does not tell sooner. Default 10 s. */
  readonly refreshMs?: number
  /** How often positions are written. Default 1 s. */
  readonly positionsSyncMs?: number
  /** How long a rotated or deleted file is watched for late lines after its end was read. Default 10 s. */
  readonly lingerMs?: number
  /** How long the last batches may take after the stop. Default 5 s. */
  readonly stopWaitMs?: number
  /** Open files; those beyond are left out and logged. Default 10,000. */
  readonly maxFiles?: number
  /** Clock, milliseconds since the epoch. */
  readonly now?: () => number
}

/** The options with every default filled in. */
export type FileSourceSettings = Required<FileSourceOptions>
