import type { Labels } from '@clymene/model'

/** A metric that a `metrics` stage declares. */
export type StageMetricDefinition = {
  /** The whole name, prefix included. */
  readonly name: string
  readonly help: string
  /** A series that was not touched for so long goes away, milliseconds. */
  readonly maxIdleMs: number
}

/** Makes the metrics that stages declare. Asking twice for the same name gives the same metric: every file has its own stages. */
export type StageMetrics = {
  readonly counter: (definition: StageMetricDefinition) => { readonly add: (labels: Labels, value: number) => void }
  readonly gauge: (definition: StageMetricDefinition) => {
    readonly add: (labels: Labels, value: number) => void
    readonly set: (labels: Labels, value: number) => void
  }
  readonly histogram: (definition: StageMetricDefinition & { readonly buckets: readonly number[] }) => {
    readonly observe: (labels: Labels, value: number) => void
  }
}

const NOTHING = { add: () => undefined, set: () => undefined, observe: () => undefined }

/** Counts nothing. */
export const NO_STAGE_METRICS: StageMetrics = { counter: () => NOTHING, gauge: () => NOTHING, histogram: () => NOTHING }
