import { startChain } from './chain.ts'
import type { LongLines } from './cut-marks.ts'
import type { PipelineEntry } from './entry.ts'
import type { Inspect } from './inspect.ts'
import type { StageConfig } from './parse-stages.ts'
import { NO_STAGE_METRICS, type StageMetrics } from './stage-metrics.ts'
import { createSharedState, type SharedState } from './stage-states.ts'

export type PipelineOptions = {
  /** The clock, nanoseconds since the epoch. */
  readonly now: () => bigint
  /** For waits: a clock that is never put back, nanoseconds since any time. Default: `now`. */
  readonly steadyNow?: () => bigint
  /** A line that a stage puts together of parts is cut here, in bytes of UTF-8. Default 256 KiB. */
  readonly maxLineBytes?: number
  /** What becomes of its rest. Default: it is passed over. */
  readonly longLines?: LongLines
  /** Told once of each such line, with as much of it as is at hand, what becomes of its rest, and the limit. */
  readonly onCut?: (line: string, how: LongLines, maxBytes: number) => void
  /** Where `metrics` stages count. Default: nowhere. */
  readonly metrics?: StageMetrics
  /** Told of lines that a stage takes out for good, with the reason, which is one of few. */
  readonly dropped?: (reason: string, lines: number) => void
  /** Told of what each stage does to each entry; costs nothing when absent. */
  readonly inspect?: Inspect
  /** Numbers from 0 to below 1 for what is left to chance. Default: Math.random. */
  readonly random?: () => number
  /** What it has in common with other pipelines of the same stages. Default: nothing. */
  readonly shared?: SharedState
}

/** The stages of one stream of lines (one file), with their state. */
export type Pipeline = {
  /** Puts an entry through the stages; the entry is the pipeline's from now on. What comes out, in order. */
  readonly push: (entry: PipelineEntry) => readonly PipelineEntry[]
  /** What stages have held long enough at `nowNs` of the steady clock, or, without it, everything they hold. */
  readonly flush: (nowNs?: bigint) => readonly PipelineEntry[]
  /** Reading ends for now: what makes sense without what may come after a restart. Parts of lines, which do not, stay held. */
  readonly stop: () => readonly PipelineEntry[]
  /** Lines that went in and are held by a stage; 0 means that all that went in has come out or was dropped for good. */
  readonly held: () => number
  /** The smallest origin of the lines that are held; Infinity when there is none. */
  readonly heldFrom: () => number
  /** Whether lines from there on would come out of a new pipeline as they do of this one. */
  readonly repeatable: () => boolean
  /** To be asked when there is a line to push: not before this time of the steady clock, nanoseconds. 0 when no stage limits the rate now. */
  readonly waitUntilNs: () => bigint
}

export function createPipeline(configs: readonly StageConfig[], options: PipelineOptions): Pipeline {
  let out: PipelineEntry[] = []
  const collect = (entry: PipelineEntry): void => void out.push(entry)
  const chain = startChain(configs, collect, {
    now: options.now,
    steadyNow: options.steadyNow ?? options.now,
    maxLineBytes: options.maxLineBytes ?? 256 * 1024,
    longLines: options.longLines ?? 'truncate',
    onCut: options.onCut ?? (() => undefined),
    metrics: options.metrics ?? NO_STAGE_METRICS,
    dropped: options.dropped ?? (() => undefined),
    inspect: options.inspect,
    random: options.random ?? Math.random,
    shared: options.shared ?? createSharedState(),
  })
  const take = (): readonly PipelineEntry[] => {
    const taken = out
    out = []
    return taken
  }
  return {
    push: (entry) => {
      chain.push(entry)
      return take()
    },
    flush: (nowNs) => {
      chain.flush(nowNs)
      return take()
    },
    stop: () => {
      chain.stop()
      return take()
    },
    held: chain.held,
    heldFrom: chain.heldFrom,
    repeatable: chain.repeatable,
    waitUntilNs: chain.waitUntilNs,
  }
}
