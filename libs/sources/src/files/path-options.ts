import type { Logger } from '@clymene/model'
import type { LabelSet } from '@clymene/stages'

import type { Lane } from '../lines/lane.ts'
import type { LineReader } from './line-reader.ts'
import type { FileMetrics } from './metrics.ts'
import type { OpenFiles } from './open-files.ts'
import type { Position } from './positions.ts'
import type { Tail } from './tail.ts'

export type FollowedPathOptions = {
  readonly job: string
  readonly path: string
  readonly labels: LabelSet
  readonly lane: Lane
  readonly reader: LineReader
  readonly files: OpenFiles
  /** Files to begin with. */
  readonly first: readonly Tail[]
  readonly metrics: FileMetrics
  readonly logger: Logger
  readonly pollMs: number
  readonly lingerMs: number
  /** As all its times by the steady clock. */
  readonly nowMs: number
  /** Whether it is told when the file is written to, so that it need not be looked at as often. */
  readonly isTold: () => boolean
  /** A file was closed with all of it handed over; its position is the last word on it. */
  readonly onClosed: (position: Position) => void
}
