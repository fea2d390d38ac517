import { cutText } from './cut-text.ts'
import type { PipelineEntry } from './entry.ts'
import type { Pass, StageContext } from './stage.ts'

export type PartialLines = {
  /** Takes a part of a line: joins it with those of the same labels before it, and passes the whole on once `last` has come. */
  readonly add: (entry: PipelineEntry, last: boolean) => void
  readonly flush: (nowNs: bigint | undefined) => void
  readonly held: () => number
  readonly heldFrom: () => number
}

export type PartialLineLimits = {
  /** Label sets whose line is incomplete; one more, and all that is held goes out as it is. */
  readonly maxLines: number
  /** Bytes at which a line is cut; 0: not before the pipeline's limit. */
  readonly maxBytes: number
  /** How long a part waits for the next one; undefined: as long as it takes. */
  readonly maxWaitNs: bigint | undefined
}

type Waiting = { readonly entry: PipelineEntry; readonly parts: number; readonly sinceNs: bigint }

/** Joins parts of lines, for each set of labels on its own. The whole is cut at the limits, and has the time of its end. */
export function createPartialLines({ maxLines, maxBytes, maxWaitNs }: PartialLineLimits, pass: Pass, context: StageContext): PartialLines {
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
      if (maxBytes > 0) entry.line = cutText(entry.line, maxBytes)
      waiting.delete(key)
      held -= before?.parts ?? 0
      if (last) return pass(entry)
      if (waiting.size >= maxLines) release(() => true)
      const parts = (before?.parts ?? 0) + 1
      waiting.set(key, { entry, parts, sinceNs: context.now() })
      held += parts
    },
    flush: (nowNs) => release(({ sinceNs }) => nowNs === undefined || (maxWaitNs !== undefined && nowNs - sinceNs >= maxWaitNs)),
    held: () => held,
    heldFrom: () => {
      let from = Number.POSITIVE_INFINITY
      for (const { entry } of waiting.values()) from = Math.min(from, entry.origin ?? 0)
      return from
    },
  }
}
