import type { PipelineEntry } from '../entry.ts'
import { createPartialLines, type PartialLineLimits } from '../partial-lines.ts'
import { readBytes } from '../read-options.ts'
import { createRfc3339Parser } from '../rfc3339.ts'
import type { Pass, Stage, StageContext, StageKind } from '../stage.ts'

/**
 * Lines of the Container Runtime Interface: `2024-01-01T00:00:00.123456789Z stdout F content`. Sets the timestamp, the
 * label `stream` and the line; extracts time, stream, flags and content. Parts with tag `P` wait for their end with tag
 * `F`, for each set of labels on its own, five seconds at most; the whole has the time of its end. Of more than `max_partial_lines` all go out as
 * they are; with `max_partial_line_size_truncate` a line of parts is cut at `max_partial_line_size`. Other lines pass as they are.
 */
export const cri: StageKind = {
  keys: ['max_partial_lines', 'max_partial_line_size', 'max_partial_line_size_truncate'],
  parse: (fields) => {
    const size = readBytes(fields, 'max_partial_line_size') ?? 0
    const truncate = fields.flag('max_partial_line_size_truncate') ?? false
    const maxLines = fields.count('max_partial_lines') ?? 100
    const limits = { maxLines, maxBytes: truncate ? size : 0 }
    return (pass, context) => createCri(limits, pass, context)
  },
}

const LINE = /^(\S+) (stdout|stderr) (\S+) ([^]*)$/

function createCri(limits: PartialLineLimits, pass: Pass, context: StageContext): Stage {
  const parseTime = createRfc3339Parser()
  const lines = createPartialLines(limits, pass, context)
  const take = (entry: PipelineEntry, timestampNs: bigint, time: string, stream: string, flags: string, content: string): void => {
    const { extracted } = entry
    extracted.set('time', time)
    extracted.set('stream', stream)
    extracted.set('flags', flags)
    extracted.set('content', content)
    entry.timestampNs = timestampNs
    entry.labels = entry.labels.with('stream', stream)
    // Unless a stage has changed the line since.
    if (entry.bytes !== undefined)
      entry.bytes =
        entry.bytes.toString() === entry.line ? entry.bytes.subarray(Buffer.byteLength(entry.line) - Buffer.byteLength(content)) : undefined
    entry.line = content
    lines.add(entry, !(flags === 'P' || flags.startsWith('P:')))
  }
  return {
    push: (entry) => {
      const { line } = entry
      entry.extracted.takeLabels(entry.labels)
      // A whole line as runtimes write it is read without the pattern, whose match is a third of the garbage of a line.
      const first = line.indexOf(' ')
      const plain = line.startsWith('stdout F ', first + 1) ? 'stdout' : line.startsWith('stderr F ', first + 1) ? 'stderr' : undefined
      if (plain !== undefined) {
        const time = line.slice(0, first)
        const timestampNs = parseTime(time)
        if (timestampNs !== undefined) return take(entry, timestampNs, time, plain, 'F', line.slice(first + 10))
      }
      const match = LINE.exec(line)
      if (match === null) return pass(entry)
      const [, time = '', stream = '', flags = '', content = ''] = match
      take(entry, parseTime(time) ?? entry.timestampNs, time, stream, flags, content)
    },
    flush: lines.flush,
    held: lines.held,
    heldFrom: lines.heldFrom,
  }
}
