import type { PipelineEntry } from './entry.ts'
import type { StageConfig } from './parse-stages.ts'
import type { Pass, Stage } from './stage.ts'

export type PipelineOptions = {
  /** The clock, nanoseconds since the epoch. */
  readonly now: () => bigint
  /** A line that a stage puts together of parts is cut here, in UTF-16 units. Default 256 Ki. */
  readonly maxLineLength?: number
}

/** The stages of one stream of lines (one file), with their state. */
export type Pipeline = {
  /** Puts an entry through the stages; the entry is the pipeline's from now on. What comes out, in order. */
  readonly push: (entry: PipelineEntry) => readonly PipelineEntry[]
  /** What stages have held long enough at `nowNs`, or, without it, everything they hold. */
  readonly flush: (nowNs?: bigint) => readonly PipelineEntry[]
  /** Lines that went in and are held by a stage; 0 means that all that went in has come out or was dropped for good. */
  readonly held: () => number
}

export function createPipeline(configs: readonly StageConfig[], options: PipelineOptions): Pipeline {
  const context = { now: options.now, maxLineLength: options.maxLineLength ?? 256 * 1024 }
  let out: PipelineEntry[] = []
  const collect: Pass = (entry) => out.push(entry)
  const stages: Stage[] = []
  let first = collect
  for (const config of configs.toReversed()) {
    const stage = config.start(first, context)
    stages.unshift(stage)
    first = stage.push
  }
  const take = (): readonly PipelineEntry[] => {
    const taken = out
    out = []
    return taken
  }
  return {
    push: (entry) => {
      first(entry)
      return take()
    },
    // In order: what an early stage lets go may be held by a later one.
    flush: (nowNs) => {
      for (const stage of stages) stage.flush?.(nowNs)
      return take()
    },
    held: () => stages.reduce((sum, stage) => sum + (stage.held?.() ?? 0), 0),
  }
}
