import { createPartialLines, type PartialLineLimits } from '../partial-lines.ts'
import { createRfc3339Parser } from '../rfc3339.ts'
import type { Pass, StageKind } from '../stage.ts'

const LIMITS: PartialLineLimits = { maxLines: 100, maxBytes: 0 }

/**
 * Lines of Docker's json-file driver: `{"log":"content\n","stream":"stdout","time":"2024-01-01T00:00:00.123456789Z"}`.
 * Sets the timestamp, the label `stream` and the line, without the line feed that Docker keeps in it; extracts output,
 * stream and timestamp. Docker cuts a line at 16 KiB: a `log` without its line feed waits for the rest, for each set of
 * labels on its own, five seconds at most. Other lines pass as they are.
 */
export const docker: StageKind = {
  keys: [],
  parse: () => (pass, context) => {
    const parseTime = createRfc3339Parser()
    const whole: Pass = (entry) => {
      entry.extracted.set('output', entry.line)
      pass(entry)
    }
    const lines = createPartialLines(LIMITS, whole, context)
    return {
      push: (entry) => {
        entry.extracted.takeLabels(entry.labels)
        const fields = parseObject(entry.line)
        const log = wellFormed(fields?.get('log'))
        if (fields === undefined || log === undefined) return pass(entry)
        const stream = wellFormed(fields.get('stream'))
        const time = wellFormed(fields.get('time'))
        const last = log.endsWith('\n')
        entry.line = last ? log.slice(0, -1) : log
        entry.bytes = undefined
        if (stream !== undefined) {
          entry.extracted.set('stream', stream)
          entry.labels = entry.labels.with('stream', stream)
        }
        if (time !== undefined) {
          entry.extracted.set('timestamp', time)
          entry.timestampNs = parseTime(time) ?? entry.timestampNs
        }
        lines.add(entry, last)
      },
      flush: lines.flush,
      held: lines.held,
      heldFrom: lines.heldFrom,
    }
  },
}

/** JSON can have halves of a character, which no label and no line has. */
const wellFormed = (value: unknown): string | undefined => (typeof value === 'string' ? value.toWellFormed() : undefined)

function parseObject(line: string): ReadonlyMap<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return new Map(Object.entries(JSON.parse(line)))
  } catch {
    return undefined
  }
}
