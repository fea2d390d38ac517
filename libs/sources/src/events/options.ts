import type { ApiServer, WatchLimits } from '@clymene/discovery'
import type { Labels, Logger } from '@clymene/model'
import type { Backoff, Metrics } from '@clymene/runtime'

import type { LabelLimits } from '../lines/label-limits.ts'
import type { EntryForm } from './entry-form.ts'
import type { LeaseTimes } from './flags.ts'

export type EventSourceOptions = {
  /** Closed when the source ends. */
  readonly api: ApiServer
  readonly events: boolean
  readonly terminations: boolean
  /** None is all of them. */
  readonly namespaces: readonly string[]
  readonly excludeNamespaces: readonly string[]
  /** Of events; '' is all of them. */
  readonly fieldSelector: string
  /** How old what is there at the very first start may be. */
  readonly maxAgeMs: number
  readonly form: EntryForm
  /** Undefined: this is the only one that collects. */
  readonly lease:
    | ({ readonly name: string; readonly namespace: string; readonly holder: string } & { readonly times: LeaseTimes })
    | undefined
  /** Where it is kept how far was collected. */
  readonly positionPath: string
  /** Of every entry that does not have them. */
  readonly labels: Labels
  readonly batch: { readonly bytes: number; readonly waitMs: number }
  readonly labelLimits: LabelLimits
  readonly limits: WatchLimits
  readonly metrics: Metrics
  readonly logger: Logger
  /** Milliseconds since the epoch; default Date.now. */
  readonly now?: () => number
  /** Waits when the buffer does not take a batch. */
  readonly backoff?: Partial<Backoff>
  /** How long the last entries may take after the stop. Default 5 s. */
  readonly stopWaitMs?: number
}
