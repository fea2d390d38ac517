import { describePod, type PodDescription } from './description.ts'
import type { PodLogs } from './list-pod-logs.ts'
import type { PodMemory } from './pod-memory.ts'
import { isStaticUid } from './pod-names.ts'
import type { PodView } from './pod-view.ts'

/** What becomes of the logs of a pod. */
export type Decision =
  | { readonly kind: 'collect'; readonly description: PodDescription | undefined }
  | { readonly kind: 'leave' }
  /** The API server may know it soon. Until when, by performance.now(); Infinity: it has to say. */
  | { readonly kind: 'wait'; readonly untilMs: number }

export type Describer = {
  readonly decide: (logs: PodLogs, nowMs: number) => Decision
  /** Its logs are gone. */
  readonly forget: (key: string) => void
}

export type DescriberOptions = {
  /** Undefined: no API server is asked. */
  readonly view: PodView | undefined
  readonly memory: PodMemory
  /** Tells memories of different questions apart: what one selects is unknown to another. */
  readonly scope: string
  /** Whether only what the API server names is collected. */
  readonly selects: boolean
  readonly apiWaitMs: number
}

/** Joins what the paths say with what the API server says, or said as long as it knew the pod. */
export function createDescriber({ view, memory, scope, selects, apiWaitMs }: DescriberOptions): Describer {
  const keyOf = (key: string): string => (scope === '' ? key : `${scope} ${key}`)
  return {
    decide: (logs, nowMs) => {
      if (view === undefined) return { kind: 'collect', description: undefined }
      const key = keyOf(logs.key)
      const pod = view.find(logs)
      if (pod !== undefined) memory.describe(key, describePod(pod))
      const description = memory.descriptionOf(key)
      if (description !== undefined) return { kind: 'collect', description }
      if (selects) return view.synced() ? { kind: 'leave' } : { kind: 'wait', untilMs: Infinity }
      const seenMs = memory.firstSeenMs(key)
      // A pod is in the API before it has logs, unless its kubelet made it of a file: what a later list does not name is over.
      const isOver = !isStaticUid(logs.uid) && (view.syncedMs() ?? -Infinity) > seenMs
      const untilMs = seenMs + apiWaitMs
      return isOver || nowMs >= untilMs ? { kind: 'collect', description } : { kind: 'wait', untilMs }
    },
    forget: (key) => memory.forget(keyOf(key)),
  }
}
