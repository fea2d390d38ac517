import type { Label, Labels } from '@clymene/model'

import type { PipelineEntry } from './entry.ts'
import type { Pass, Stage } from './stage.ts'

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
 * entry of the step before; without `after` the stage holds or dropped the entry.
 */
export type InspectStep = {
  readonly stage: string
  readonly before: EntryView | undefined
  readonly after: EntryView | undefined
}

export type Inspect = (step: InspectStep) => void

/** Starts a stage so that `inspect` is told of each of its steps, before the next stage takes the entry. */
export function inspected(name: string, start: (pass: Pass) => Stage, pass: Pass, inspect: Inspect): Stage {
  let pushed: PipelineEntry | undefined
  let before: EntryView | undefined
  const stage = start((entry) => {
    // What comes out while a line goes in may be an earlier one.
    const isPushed = entry === pushed
    inspect({ stage: name, before: isPushed ? before : undefined, after: viewOf(entry) })
    if (isPushed) pushed = undefined
    pass(entry)
  })
  return {
    ...stage,
    push: (entry) => {
      pushed = entry
      before = viewOf(entry)
      stage.push(entry)
      if (pushed !== undefined) inspect({ stage: name, before, after: undefined })
      pushed = undefined
    },
  }
}

const viewOf = ({ labels, timestampNs, line, extracted, metadata }: PipelineEntry): EntryView => ({
  labels: labels.labels,
  timestampNs,
  line,
  extracted: extracted.values(),
  metadata: [...(metadata ?? [])],
})
