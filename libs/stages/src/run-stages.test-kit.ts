import { Extracted, type PipelineEntry } from './entry.ts'
import { createLabelSet, type LabelSet } from './label-set.ts'
import { parseStages } from './parse-stages.ts'
import { createPipeline, type Pipeline, type PipelineOptions } from './pipeline.ts'

/** When lines are read, unless a test moves the clock. */
export const READ_AT = 5n
export const BASE = createLabelSet([['job', 'j']])

export const pipelineOf = (stages: readonly unknown[], options: Partial<PipelineOptions> = {}): Pipeline =>
  createPipeline(parseStages(stages, 'stages'), { now: () => READ_AT, ...options })

export const entryOf = (line: string, labels: LabelSet = BASE): PipelineEntry => ({
  labels,
  timestampNs: READ_AT,
  line,
  extracted: new Extracted(labels),
  metadata: undefined,
})

/** `time labels|line` of all that comes out; the label job is not shown. */
export function shown(entries: readonly PipelineEntry[]): readonly string[] {
  return entries.map(({ timestampNs, labels, line }) => {
    const others = labels.labels.filter(([name]) => name !== 'job').map(([name, value]) => `${name}=${value}`)
    return `${timestampNs} ${others.join(',')}|${line}`
  })
}

export function runStages(stages: readonly unknown[], lines: readonly string[], options: Partial<PipelineOptions> = {}): readonly string[] {
  const pipeline = pipelineOf(stages, options)
  return shown([...lines.flatMap((line) => pipeline.push(entryOf(line))), ...pipeline.flush()])
}

/** Lines dropped, by reason. */
export function countDropped(): {
  readonly dropped: (reason: string, lines: number) => void
  readonly counts: ReadonlyMap<string, number>
} {
  const counts = new Map<string, number>()
  return { counts, dropped: (reason, lines) => void counts.set(reason, (counts.get(reason) ?? 0) + lines) }
}
