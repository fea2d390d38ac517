import type { Discoverer, Labels, Logger } from '@clymene/model'
import type { RelabelRule } from '@clymene/relabel'
import type { Metrics } from '@clymene/runtime'
import type { Inspect, StageConfig, StageMetrics } from '@clymene/stages'

import type { LabelLimits } from '../lines/label-limits.ts'
import type { StoredPositions } from './positions.ts'

/** One item of `scrape_configs` that tails files. */
export type FileJob = {
  readonly name: string
  /** Targets carry `__path__` (a glob), and may carry `__path_exclude__`, `__host__` and `__tenant_id__`, before or after `relabel`. */
  readonly discoverers: readonly Discoverer[]
  readonly relabel: readonly RelabelRule[]
  readonly pipeline: readonly StageConfig[]
  /** Of all that it was made from. A reload leaves a job alone that has the name and the fingerprint of one before. Absent: it is another each time. */
  readonly fingerprint?: string
}

export type FileSourceOptions = {
  readonly jobs: readonly FileJob[]
  /** The positions file; its folder is made when it is not there. The file before it is kept as `.bak`. */
  readonly positionsPath: string
  /** Read when there is nothing at `positionsPath` yet: what Promtail left, or this source when it was alone. */
  readonly formerPositionsPath?: string
  /** Cursors of journals by their key in the file, in place of those that it had: Promtail would go on from them. */
  readonly cursors?: () => ReadonlyMap<string, string>
  /** Told of the positions that were written. */
  readonly onPositions?: (positions: StoredPositions) => Promise<void>
  /** Whom lines are read for, by a name that stays: it is noted with the positions. */
  readonly reader?: string
  /** Files that the program writes durably besides, and never reads lines of. Default none. */
  readonly ownFiles?: readonly string[]
  /** Folders of which it reads no lines, whatever is below them: what it keeps there would be read, and kept, for ever. Default none. */
  readonly ownFolders?: readonly string[]
  /** Added to every line that does not have them from its target. */
  readonly externalLabels: Labels
  readonly logger: Logger
  readonly metrics: Metrics
  /** How many agent streams the files are divided over; each has one batch on its way. Default 1. */
  readonly streams?: number
  /** Targets with another `__host__` are left to the agents of those hosts. Default: the name of this machine. */
  readonly hostname?: string
  /** Bytes of a batch, encoded, at most; only an entry that is larger by itself makes a larger one. Default 1 MiB. */
  readonly batchBytes?: number
  /** How long an entry may wait for its batch to fill. Default 1 s. */
  readonly batchWaitMs?: number
  /** A longer line is cut there and counted. Default 256 KiB. */
  readonly maxLineBytes?: number
  /** What follows the cut of a longer line: it is passed over, or is further lines of at most so many bytes. Default truncate. */
  readonly longLines?: 'truncate' | 'split'
  /** What a store takes of labels, and what becomes of those beyond it. Default: Loki's limits; such labels are left out. */
  readonly labelLimits?: LabelLimits
  /** How often a file that is being written is looked at; quiet files less often, at least every second. Default 250 ms. */
  readonly pollMs?: number
  /** How often folders are searched for new files, where watching them does not tell sooner. Default 10 s. */
  readonly refreshMs?: number
  /** How often positions are written at most, when lines were acknowledged: so much comes again after a kill. Default 200 ms. */
  readonly positionsSyncMs?: number
  /** How long a rotated or deleted file is watched for late lines after its end was read. Default 10 s. */
  readonly lingerMs?: number
  /** How long the last batches may take after the stop. Default 5 s. */
  readonly stopWaitMs?: number
  /** Files followed at once; those beyond are left out and logged. Default 20,000. */
  readonly maxFiles?: number
  /** Entries of folders that one search may see: what a glob such as `/**` would find beyond is left out, counted and logged. Default 200,000. */
  readonly maxSearchEntries?: number
  /** Files held open at once: beyond it quiet ones are closed until they are written again. Default: a quarter of what the process may open. */
  readonly maxOpenFiles?: number
  /** Lines read a second over all files of this source. Absent: as fast as they are taken. */
  readonly readlineRate?: ReadlineRate
  /** Where to begin in files that no position knows and that were there before anyone looked; later ones are always read whole. Default `beginning`. */
  readonly from?: 'beginning' | 'end'
  /** Told of what each stage does to each line; costs time only when it is there. */
  readonly inspect?: Inspect
  /**
   * Whether lines that stages drop, that are too long or have labels beyond the limits are counted and told; not where another source that does reads
   * the same files. Default true.
   */
  readonly countsLines?: boolean
  /** Where `metrics` stages count. Absent: nowhere. */
  readonly stageMetrics?: StageMetrics
  /** Clock, milliseconds since the epoch. */
  readonly now?: () => number
}

/** Promtail's `limits_config`: `readline_rate`, `readline_burst`, `readline_rate_drop`. */
export type ReadlineRate = {
  readonly linesPerSecond: number
  /** Lines that may be read at once after a silence. */
  readonly burst: number
  /** Whether lines beyond it are passed over and counted; else they wait in their files. */
  readonly drop: boolean
}

type Optional = 'readlineRate' | 'inspect' | 'stageMetrics' | 'formerPositionsPath' | 'reader' | 'onPositions' | 'cursors'

/** The options with every default filled in. */
export type FileSourceSettings = Required<Omit<FileSourceOptions, Optional>> &
  Pick<FileSourceOptions, Optional> & {
    /** For waits: goes as `now` does, but is never put back. */
    readonly steadyNow: () => number
  }
