import type { LabelMap } from './labels.ts'
import type { Kind } from './records.ts'

/** What a source hands over: one protobuf message, not yet compressed, of one tenant. */
export type SourceBatch = {
  readonly kind: Kind
  /** A `WriteRequest` or a Loki `PushRequest`. The buffer is the source's again when emit has resolved. */
  readonly body: Buffer
  /** Samples or entries inside. */
  readonly records: number
  /** Time of the newest of them, milliseconds since the epoch, where the source knows it. */
  readonly newestMs?: number
  /** Chooses the agent's stream (and so the partition): batches with the same text stay in order. */
  readonly stream: string
  readonly tenant?: string
  /** Why no storage is asked to take it: it is kept among the dead letters. */
  readonly refused?: string
}

/** Resolves when the batch is safe further on: the source may forget it, or move its position. Waiting is the back-pressure. */
export type Emit = (batch: SourceBatch, signal: AbortSignal) => Promise<void>

export type Source = {
  /** Reads the world until `signal` aborts, then hands over what is left (the last lines) and resolves. */
  readonly run: (emit: Emit, signal: AbortSignal) => Promise<void>
}

/** Targets that were discovered together. `source` names the group: an update replaces the group of the same name. */
export type TargetGroup = {
  readonly source: string
  /** Each target's own labels, `__address__` among them (absent for logs). */
  readonly targets: readonly ReadonlyMap<string, string>[]
  /** Labels of all of them. */
  readonly labels: ReadonlyMap<string, string>
}

export type Discoverer = {
  /** Calls `update` with the groups that changed (an empty `targets` removes a group), until `signal` aborts. */
  readonly run: (update: (groups: readonly TargetGroup[]) => void, signal: AbortSignal) => Promise<void>
  /** Whether a run has yet to say part of what is there: who it asks is away or slow, rather than refuses. Absent: not once it has spoken, or for long. */
  readonly waits?: () => boolean
  /** Why there is no answer to part of what it asks, as it was told last; undefined: nothing failed. Without secrets. */
  readonly trouble?: () => string | undefined
}

export const mutableLabels = (group: TargetGroup, target: ReadonlyMap<string, string>): LabelMap => new Map([...group.labels, ...target])
