import type { PipelineEntry } from './entry.ts'
import type { Pass, StageContext } from './stage.ts'

export type PartialLines = {
  /** Takes a part of a line: joins it with those of the same labels before it, and passes the whole on once `last` has come. */
  readonly add: (entry: PipelineEntry, last: boolean) => void
  readonly flush: (nowNs: bigint | undefined) => void
  readonly held: () => number
  readonly heldFrom: () => number
}

type Waiting = { readonly entry: PipelineEntry; readonly parts: number; readonly sinceNs: bigint }

/** Label sets whose line is incomplete; one more, and all that is held goes out as it is. */
const MAX_LINES = 100
/** A part without a follower is all there will be of its line: Docker ends a line that its writer did not end that way too. */
const MAX_WAIT_NS = 5_000_000_000n

/** Joins parts of lines, for each set of labels on its own. The whole is cut at the pipeline's limit, and has the time of its end. */
export function createPartialLines(pass: Pass, context: StageContext): PartialLines {
  const waiting = new Map<string, Waiting>()
  let held = 0

  const release = (ready: (one: Waiting) => boolean): void => {
    for (const [key, one] of waiting) {
      if (!ready(one)) continue
      waiting.delete(key)
      held -= one.parts
      pass(one.entry)
    }
  }
  return {
    add: (entry, last) => {
      if (last && waiting.size === 0) return pass(entry)
      const key = JSON.stringify(entry.labels.labels)
      const before = waiting.get(key)
      if (before !== undefined) {
        entry.line = before.entry.line + entry.line
        if (before.entry.origin !== undefined) entry.origin = before.entry.origin
      }
      if (entry.line.length > context.maxLineLength) entry.line = entry.line.slice(0, context.maxLineLength)
      waiting.delete(key)
      held -= before?.parts ?? 0
      if (last) return pass(entry)
      if (waiting.size >= MAX_LINES) release(() => true)
      const parts = (before?.parts ?? 0) + 1
      waiting.set(key, { entry, parts, sinceNs: context.now() })
      held += parts
    },
    flush: (nowNs) => release(({ sinceNs }) => nowNs === undefined || nowNs - sinceNs >= MAX_WAIT_NS),
    held: () => held,
    heldFrom: () => {
      let from = Number.POSITIVE_INFINITY
      for (const { entry } of waiting.values()) from = Math.min(from, entry.origin ?? 0)
      return from
    },
  }
}
