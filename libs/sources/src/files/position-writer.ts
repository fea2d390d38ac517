import { hash } from 'node:crypto'

import { errorMessage, type Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

import type { FileMetrics } from './metrics.ts'
import { type Position, savePositions, type StoredPositions } from './positions.ts'

export type PositionWriter = {
  /** Something was acknowledged: what is written is behind. */
  readonly touch: () => void
  /** Writes when the interval is over and the last writing is done; never waits. */
  readonly tick: (nowMs: number) => void
  /** Writes now, after what is being written. */
  readonly finish: () => Promise<void>
  /** Why they could not be written the last time. */
  readonly trouble: () => string | undefined
}

export type PositionWriterOptions = {
  readonly path: string
  readonly everyMs: number
  readonly read: () => readonly Position[]
  /** Entries of the file that are no position of these. */
  readonly others: () => Pick<StoredPositions, 'offsets' | 'offsetsMs' | 'others'>
  /** Told of what was written. */
  readonly onWritten?: ((positions: StoredPositions) => Promise<void>) | undefined
  /** When files were searched for last. */
  readonly searchedMs: () => number
  /** Who reads. */
  readonly readers?: readonly string[] | undefined
  readonly logger: Logger
  readonly metrics: FileMetrics
}

export const withCursors = (
  rest: ReturnType<PositionWriterOptions['others']>,
  cursors: ReadonlyMap<string, string> = new Map(),
): ReturnType<PositionWriterOptions['others']> => ({ ...rest, others: new Map([...rest.others, ...cursors]) })

/** Writing takes at most this part of the time, however many files there are and however slow the disk is. */
const MAX_SHARE = 10
/** While nothing is acknowledged they wait so much longer. */
const UNTOUCHED_MS = 10_000
/** When they are tried again after a failure, acknowledged or not. */
const AGAIN_MS = 1000

export function createPositionWriter(options: PositionWriterOptions): PositionWriter {
  const { path, everyMs, read, others, searchedMs, readers, onWritten, logger, metrics } = options
  let writing: Promise<void> | undefined
  let last = ''
  let nextMs = 0
  let touched = true
  let trouble: string | undefined
  const complain = createOnceIn(60_000)

  const write = async (always: boolean): Promise<void> => {
    const positions = read()
    const rest = others()
    // The time a file was seen is no reason to write.
    const state = hash('sha1', JSON.stringify([positions.map((position) => ({ ...position, seenMs: 0 })), [...rest.others]]))
    if (state === last && !always) return
    try {
      const written = { files: positions, ...rest, searchedMs: searchedMs(), readers }
      await savePositions(path, written)
      await onWritten?.(written)
      last = state
      trouble = undefined
    } catch (error) {
      metrics.positionErrors.inc()
      trouble = `${path} cannot be written: ${errorMessage(error)}`
      complain('', (heldBack) =>
        logger.error('positions cannot be written, lines may be sent again after a restart', {
          path,
          error: errorMessage(error),
          heldBack,
        }),
      )
    }
  }
  return {
    touch: () => {
      touched = true
    },
    tick: (nowMs) => {
      // Files that are found, grow or go change positions too, but nothing is repeated for it.
      if (writing !== undefined || nowMs < nextMs || (!touched && nowMs < nextMs + UNTOUCHED_MS)) return
      const started = performance.now()
      touched = false
      writing = write(false).finally(() => {
        writing = undefined
        touched ||= trouble !== undefined
        nextMs = nowMs + Math.max(trouble === undefined ? everyMs : AGAIN_MS, (performance.now() - started) * MAX_SHARE)
      })
    },
    finish: async () => {
      await writing
      await write(true)
    },
    trouble: () => trouble,
  }
}
