import { cutText } from '../cut-text.ts'
import type { PipelineEntry } from '../entry.ts'
import { readBytes } from '../read-options.ts'
import { createRfc3339Parser } from '../rfc3339.ts'
import type { Pass, Stage, StageContext, StageKind } from '../stage.ts'

type CriOptions = {
  /** Streams whose line is incomplete; when one more comes, all that is held goes out as it is. */
  readonly maxPartialLines: number
  /** Bytes at which a joined line is cut; 0: not before the pipeline's limit. */
  readonly maxBytes: number
}

/**
 * Lines of the Container Runtime Interface: `2024-01-01T00:00:00.123456789Z stdout F content`. Sets the timestamp, the
 * label `stream` and the line; extracts time, stream, flags and content. Parts with tag `P` wait for their end with tag
 * `F`, for each set of labels on its own; the whole has the time of its end. Other lines pass as they are.
 */
export const cri: StageKind = {
  keys: ['max_partial_lines', 'max_partial_line_size', 'max_partial_line_size_truncate'],
  parse: (fields) => {
    const size = readBytes(fields, 'max_partial_line_size') ?? 0
    const truncate = fields.flag('max_partial_line_size_truncate') ?? false
    const options = { maxPartialLines: fields.count('max_partial_lines') ?? 100, maxBytes: truncate ? size : 0 }
    return (pass, context) => createCri(options, pass, context)
  },
}

const LINE = /^(\S+) (stdout|stderr) (\S+) ([^]*)$/

function createCri(options: CriOptions, pass: Pass, context: StageContext): Stage {
  const parseTime = createRfc3339Parser()
  /** What is there of lines without their end, and of how many parts. */
  const partial = new Map<string, { readonly entry: PipelineEntry; readonly parts: number }>()
  let held = 0

  const flush = (): void => {
    const waiting = [...partial.values()]
    partial.clear()
    held = 0
    for (const { entry } of waiting) pass(entry)
  }
  const join = (entry: PipelineEntry, isPartial: boolean): void => {
    const key = JSON.stringify(entry.labels.labels)
    const before = partial.get(key)
    if (before === undefined && isPartial && partial.size >= options.maxPartialLines) flush()
    if (before !== undefined) {
      entry.line = before.entry.line + entry.line
      if (before.entry.origin !== undefined) entry.origin = before.entry.origin
    }
    if (before !== undefined || isPartial) entry.line = cut(entry.line, options.maxBytes, context.maxLineLength)
    const parts = before?.parts ?? 0
    if (isPartial) {
      partial.set(key, { entry, parts: parts + 1 })
      held++
      return
    }
    partial.delete(key)
    held -= parts
    pass(entry)
  }

  return {
    push: (entry) => {
      const match = LINE.exec(entry.line)
      if (match === null) return pass(entry)
      const [, time = '', stream = '', flags = '', content = ''] = match
      for (const [name, value] of Object.entries({ time, stream, flags, content })) entry.extracted.set(name, value)
      entry.timestampNs = parseTime(time) ?? entry.timestampNs
      entry.labels = entry.labels.with('stream', stream)
      entry.line = content
      const isPartial = flags === 'P' || flags.startsWith('P:')
      if (isPartial || partial.size > 0) join(entry, isPartial)
      else pass(entry)
    },
    flush: (nowNs) => {
      // A part waits for its end as long as it takes: the runtime cuts at 16 KiB and writes the rest at once.
      if (nowNs === undefined) flush()
    },
    held: () => held,
    heldFrom: () => {
      let from = Number.POSITIVE_INFINITY
      for (const { entry } of partial.values()) from = Math.min(from, entry.origin ?? 0)
      return from
    },
  }
}

function cut(line: string, maxBytes: number, maxLength: number): string {
  const bounded = line.length > maxLength ? line.slice(0, maxLength) : line
  return maxBytes === 0 ? bounded : cutText(bounded, maxBytes)
}
