import type { LongLines } from './cut-marks.ts'
import type { PipelineEntry } from './entry.ts'
import type { Fields } from './fields.ts'
import type { Inspect } from './inspect.ts'
import type { StageMetrics } from './stage-metrics.ts'
import type { SharedState } from './stage-states.ts'

export type Pass = (entry: PipelineEntry) => void

export type StageContext = {
  /** Nanoseconds since the epoch. */
  readonly now: () => bigint
  /** For waits: a clock that is never put back, nanoseconds since any time. */
  readonly steadyNow: () => bigint
  /** A line that a stage puts together is cut here, in bytes of UTF-8; what a template makes has as many UTF-16 units at most. */
  readonly maxLineBytes: number
  /** What becomes of the rest of such a line. */
  readonly longLines: LongLines
  /** Told once of each such line, with as much of it as is at hand, what becomes of its rest, and the limit. */
  readonly onCut: (line: string, how: LongLines, maxBytes: number) => void
  readonly metrics: StageMetrics
  /** Counts lines that a stage takes out for good. The reason is the configuration's or the stage's, never the line's. */
  readonly dropped: (reason: string, lines: number) => void
  readonly inspect: Inspect | undefined
  /** From 0 to below 1. */
  readonly random: () => number
  readonly shared: SharedState
}

/** A stage at work, with the state of one stream of lines (one file). */
export type Stage = {
  /** Takes an entry, and passes on none, one or several. */
  readonly push: (entry: PipelineEntry) => void
  /** Passes on what has been held long enough at `nowNs` of the steady clock; everything when it is undefined. */
  readonly flush?: (nowNs: bigint | undefined) => void
  /** Lines that were taken and not passed on yet. */
  readonly held?: () => number
  /** The smallest origin among them; Infinity when there is none. Every stage that has `held` has this too. */
  readonly heldFrom?: () => number
  /**
   * Whether the lines from `heldFrom` on, put through a new stage, come out as they do here: not when what came before them tells
   * what becomes of those that are held. Absent: always.
   */
  readonly repeatable?: () => boolean
  /**
   * Asked when there is a line to push: not before this time of the steady clock, nanoseconds. How a stage slows down who reads the lines,
   * without holding any. Lines that come all the same are taken. 0 when there is no need to wait. Who asks has a turn, and keeps it.
   */
  readonly waitUntilNs?: () => bigint
  /** Reading ends for now: passes on what would make sense as it is, though more of it may come after a restart. */
  readonly stop?: () => void
}

/** A kind of stage: what may stand under its name in `pipeline_stages`, and how it is made. */
export type StageKind = {
  /** Keys that its options may have; undefined: the keys are names of the user's; 'names': the options are a list of them. */
  readonly keys: readonly string[] | 'names' | undefined
  /** Reads the options once, noting mistakes in `fields`, and gives back how to start the stage for one file. */
  readonly parse: (fields: Fields) => StageStart
  /** It holds stages, and tells who inspects of its own steps before theirs. Default: who starts it does that. */
  readonly tellsItself?: true
}

export type StageStart = (pass: Pass, context: StageContext) => Stage
