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

/** The lines of one path of one job, through all files that bear that name one after the other. */
export type FollowedPath = {
  readonly job: string
  readonly path: string
  readonly lane: Lane
  readonly labels: () => LabelSet
  /** When it should be looked at next, milliseconds. */
  readonly nextPollMs: () => number
  /** When a limit of the rate lets it go on, milliseconds; Infinity when none holds it back. */
  readonly resumesMs: () => number
  /** Reading ends for now: hands over what stages hold and makes sense without what may come, when all that is there was read. */
  readonly stop: () => void
  /** Reads one buffer at most, and without one only looks. True when there was something to read. */
  readonly poll: (nowMs: number, buffer: Buffer | undefined) => boolean
  /** Something happened to it: it is looked at as soon as possible. */
  readonly ready: () => void
  /** It was written to. True when it is to be looked at for that. */
  readonly told: () => boolean
  readonly relabel: (labels: LabelSet) => void
  /** No target names the path any more: it is read to its end and then left. */
  readonly leave: (nowMs: number) => void
  readonly stay: () => void
  /** Everything is read and acknowledged, and the path is gone or left. */
  readonly finished: () => boolean
  /** In the order of reading; the last may be the file at the path. */
  readonly tails: () => readonly Tail[]
  /** Whether one of them is not at the path any more. */
  readonly rotated: (tail: Tail) => boolean
  /** A file that may give its descriptor back. */
  readonly restable: () => Tail | undefined
  readonly positions: (seenMs: number) => readonly Position[]
  /** When everything that was in it then had been handed over, milliseconds; undefined: it is now. */
  readonly behindSinceMs: () => number | undefined
  /** Why the last look failed. */
  readonly trouble: () => string | undefined
  readonly close: () => void
}
