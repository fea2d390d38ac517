import type { Labels } from '@clymene/model'
import { createLabelSet, createPipeline, Extracted, type Inspect, type PipelineEntry, type StageConfig } from '@clymene/stages'

export type RunPipelineOptions = {
  readonly stages: readonly StageConfig[]
  /** Of each line, as its target would have them. */
  readonly labels: Labels
  /** The clock, nanoseconds since the epoch: it stands still, so that the same lines give the same entries. */
  readonly nowNs: bigint
  /** Told of lines that a stage drops. */
  readonly dropped?: (reason: string, lines: number) => void
  readonly inspect?: Inspect
}

export type RunEntry = {
  /** Undefined: no stage set it. */
  readonly timestampNs: bigint | undefined
  readonly labels: Labels
  readonly metadata: Labels
  readonly line: string
}

/** What lines become by stages, without an agent. What stages hold comes at the end. */
export async function* runPipeline(options: RunPipelineOptions, lines: AsyncIterable<string>): AsyncGenerator<RunEntry> {
  const { stages, nowNs, dropped, inspect } = options
  const pipeline = createPipeline(stages, {
    now: () => nowNs,
    random: sameChances(),
    ...(dropped === undefined ? {} : { dropped }),
    ...(inspect === undefined ? {} : { inspect }),
  })
  const labels = createLabelSet(options.labels)
  const taken = (entries: readonly PipelineEntry[]): readonly RunEntry[] => entries.map((entry) => entryOf(entry, nowNs))
  let origin = 0
  for await (const line of lines) {
    yield* taken(
      pipeline.push({ labels, timestampNs: nowNs, line, extracted: new Extracted(labels), metadata: undefined, origin: origin++ }),
    )
  }
  yield* taken(pipeline.flush())
}

/** Numbers from 0 to below 1 that are the same each time: the minimal standard generator of Park and Miller. */
function sameChances(): () => number {
  let state = 1
  return () => {
    state = (state * 16_807) % 0x7fff_ffff
    return state / 0x7fff_ffff
  }
}

const entryOf = ({ labels, timestampNs, line, metadata }: PipelineEntry, nowNs: bigint): RunEntry => ({
  timestampNs: timestampNs === nowNs ? undefined : timestampNs,
  labels: labels.labels.filter(([name]) => !name.startsWith('__') || name === TENANT_LABEL),
  metadata: [...(metadata ?? [])],
  line,
})

/** Not sent as a label, but what the stage tenant sets. */
const TENANT_LABEL = '__tenant_id__'
