import type { Labels, Logger } from '@clymene/model'
import type { Backoff, Metrics } from '@clymene/runtime'
import type { Inspect, StageMetrics } from '@clymene/stages'

import type { LabelLimits } from './label-limits.ts'

/** What sources of lines without files are told alike: how their entries are labelled, limited, gathered and handed over. */
export type EntrySourceOptions = {
  /** Added to every entry that does not have them. */
  readonly externalLabels: Labels
  readonly batch: { readonly bytes: number; readonly waitMs: number }
  readonly labelLimits: LabelLimits
  /** What becomes of a longer line: as of those of files. */
  readonly maxLineBytes: number
  readonly longLines: 'truncate' | 'split'
  /** Told of what each stage does to each line. */
  readonly inspect?: Inspect
  /** Where `metrics` stages count. */
  readonly stageMetrics?: StageMetrics
  readonly metrics: Metrics
  readonly logger: Logger
  /** Milliseconds since the epoch; default Date.now. */
  readonly now?: () => number
  /** Waits before what ended is started again, and while the buffer takes nothing. */
  readonly backoff?: Partial<Backoff>
  /** How long the last entries may take after the stop. Default 5 s. */
  readonly stopWaitMs?: number
}
