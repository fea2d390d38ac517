import { extractedText, type PipelineEntry } from '../entry.ts'
import type { Fields } from '../fields.ts'
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
    const size = readSize(fields, 'max_partial_line_size')
    const truncate = fields.flag('max_partial_line_size_truncate') ?? false
    const options = { maxPartialLines: fields.count('max_partial_lines') ?? 100, maxBytes: truncate ? size : 0 }
    return (pass, context) => createCri(options, pass, context)
  },
}

const LINE = /^(\S+) (stdout|stderr) (\S+) ([^]*)$/

function createCri(options: CriOptions, pass: Pass, context: StageContext): Stage {
  const parseTime = createRfc3339Parser()
  const partial = new Map<string, PipelineEntry>()
  let parts = 0

  const flush = (): void => {
    const entries = [...partial.values()]
    partial.clear()
    parts = 0
    for (const entry of entries) pass(entry)
  }
  const join = (entry: PipelineEntry, isPartial: boolean): void => {
    const key = JSON.stringify(entry.labels.labels)
    const before = partial.get(key)
    if (before === undefined && isPartial && partial.size >= options.maxPartialLines) flush()
    if (before !== undefined) entry.line = cut(before.line + entry.line, options.maxBytes, context.maxLineLength)
    if (isPartial) {
      partial.set(key, entry)
      parts++
      return
    }
    partial.delete(key)
    if (partial.size === 0) parts = 0
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
    held: () => parts,
  }
}

function cut(line: string, maxBytes: number, maxLength: number): string {
  const bounded = line.length > maxLength ? line.slice(0, maxLength) : line
  if (maxBytes === 0 || Buffer.byteLength(bounded) <= maxBytes) return bounded
  // A character that would be cut in two is left out.
  return new TextDecoder().decode(Buffer.from(bounded).subarray(0, maxBytes), { stream: true })
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ['KB', 1024],
  ['MB', 1024 ** 2],
  ['GB', 1024 ** 3],
])

/** Bytes as a number or as `16KB`, where a kilobyte is 1024 bytes. */
function readSize(fields: Fields, key: string): number {
  const text = extractedText(fields.text(key)) ?? '0'
  const match = /^(\d+) ?([A-Za-z]*)$/.exec(text)
  const unit = UNITS.get(match?.[2]?.toUpperCase() ?? 'none')
  if (match !== null && unit !== undefined) return Number(match[1]) * unit
  fields.mistake(`.${key}: expected bytes such as 16384 or 16KB, found ${JSON.stringify(text)}`)
  return 0
}
