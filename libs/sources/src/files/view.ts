import type { Labels, Source } from '@clymene/model'

import type { FollowedPath } from './followed-path.ts'
import type { FileJob } from './options.ts'

/** One file as it is read now. */
export type FileView = {
  readonly job: string
  /** The path that a target's glob found, also when the file has another name by now. */
  readonly path: string
  readonly labels: Labels
  /** Bytes that were handed over and acknowledged; of a compressed file its text. */
  readonly position: number
  /** Bytes of the file when it was looked at last; of a compressed file what of its text was read so far. */
  readonly size: number
  /** How long it has had lines that were not handed over; 0 when there are none. */
  readonly lagSeconds: number
  readonly inode: string
  /** It has been renamed, replaced or deleted, and is read to its end. */
  readonly rotated?: true
  /** Why it could not be read when it was tried last. */
  readonly error?: string
}

/** One target of a job, as it was discovered and what became of it. */
export type LogTargetView = {
  readonly job: string
  readonly discoveredLabels: Labels
  /** After relabelling, without names that begin with `__`. Empty when it was dropped. */
  readonly labels: Labels
  /** What `__path__` says; '' when it was dropped before. */
  readonly glob: string
  /** Why no files are looked for. */
  readonly dropped?: string
  /** Why files that its glob may mean could not be looked at or opened when they were searched for last. */
  readonly error?: string
}

export type FileSource = Source & {
  /**
   * Takes effect at once. Jobs that are as before are not touched: their discovery, reading, stages and what those hold go on. Of the others what stages
   * hold is handed over, and their files are left or go on under the new job once all that was read is acknowledged.
   */
  readonly reload: (jobs: readonly FileJob[]) => void
  readonly files: () => readonly FileView[]
  readonly targets: () => readonly LogTargetView[]
  /** Why positions could not be written the last time: lines are sent again after a restart. Undefined when they were, or nothing runs. */
  readonly positionsTrouble: () => string | undefined
}

export const viewFiles = (paths: Iterable<FollowedPath>, nowMs: number): readonly FileView[] =>
  [...paths].flatMap((path) =>
    path.tails().map((tail): FileView => {
      const since = path.behindSinceMs()
      const error = path.trouble()
      return {
        job: path.job,
        path: path.path,
        labels: path.labels().labels.filter(([name]) => !name.startsWith('__')),
        position: tail.acknowledged().offset,
        size: tail.size(),
        lagSeconds: since === undefined ? 0 : Math.max(0, nowMs - since) / 1000,
        inode: tail.inode,
        ...(path.rotated(tail) ? { rotated: true } : {}),
        ...(error === undefined ? {} : { error }),
      }
    }),
  )
