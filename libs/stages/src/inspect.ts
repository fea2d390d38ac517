import type { Label, Labels } from '@clymene/model'

import type { PipelineEntry } from './entry.ts'
import type { Pass, Stage, StageContext, StageStart } from './stage.ts'

/** A copy of an entry as it was at one moment. */
export type EntryView = {
  readonly labels: Labels
  readonly timestampNs: bigint
  readonly line: string
  /** What stages extracted; labels of the entry that read as extracted values are not in it. */
  readonly extracted: ReadonlyMap<string, unknown>
  readonly metadata: readonly Label[]
}

/**
 * What one stage did. Without `before` the entry was held by the stage until now, or is one more that it made of the
 * entry of the step before; without `after` the stage holds the entry, unless `dropped` or `joined` say what became of it. Of a stage
 * that holds stages of its own only whether it selects the entry is told, before what those do.
 */
export type InspectStep = {
  readonly stage: string
  /** How many stages this one stands in. Default: 0. */
  readonly depth?: number
  /** What selects the entries for the stages in it, and whether it does. */
  readonly selector?: string
  readonly selects?: boolean
  /** Why the stage took the entry out. */
  readonly dropped?: string
  /** It went into an entry that was told of before. */
  readonly joined?: true
  readonly before: EntryView | undefined
  readonly after: EntryView | undefined
}

export type Inspect = (step: InspectStep) => void

/** Starts a stage so that `inspect` is told of each of its steps, before the next stage takes the entry. */
export function inspected(name: string, start: StageStart, pass: Pass, context: StageContext, inspect: Inspect): Stage {
  let pushed: PipelineEntry | undefined
  let before: EntryView | undefined
  let reason: string | undefined
  const dropped: StageContext['dropped'] = (why, lines) => {
    reason = why
    context.dropped(why, lines)
  }
  const take = (entry: PipelineEntry): void => {
    // What comes out while a line goes in may be an earlier one.
    const isPushed = entry === pushed
    inspect({ stage: name, before: isPushed ? before : undefined, after: viewOf(entry) })
    if (isPushed) pushed = undefined
    pass(entry)
  }
  const stage = start(take, { ...context, dropped })
  return {
    ...stage,
    push: (entry) => {
      pushed = entry
      before = viewOf(entry)
      reason = undefined
      stage.push(entry)
      if (pushed !== undefined) inspect({ stage: name, before, after: undefined, ...endOf(reason, stage.held?.() ?? 0) })
      pushed = undefined
    },
  }
}

const endOf = (dropped: string | undefined, held: number): Pick<InspectStep, 'dropped' | 'joined'> => {
  if (dropped !== undefined) return { dropped }
  return held === 0 ? { joined: true } : {}
}

/** Tells of what stages in another one do. */
export const inside =
  (inspect: Inspect): Inspect =>
  (step) =>
    inspect({ ...step, depth: (step.depth ?? 0) + 1 })

export const viewOf = ({ labels, timestampNs, line, extracted, metadata }: PipelineEntry): EntryView => ({
  labels: labels.labels,
  timestampNs,
  line,
  extracted: extracted.values(),
  metadata: [...(metadata ?? [])],
})
