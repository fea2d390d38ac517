import { errorMessage, type Logger } from '@clymene/model'

import type { FileMetrics } from './metrics.ts'
import { type Position, savePositions } from './positions.ts'

export type PositionWriter = {
  /** Writes when the interval is over and the last writing is done; never waits. */
  readonly tick: (nowMs: number) => void
  /** Writes now, after what is being written. */
  readonly finish: () => Promise<void>
}

export type PositionWriterOptions = {
  readonly path: string
  readonly everyMs: number
  readonly read: () => readonly Position[]
  /** When files were searched for last. */
  readonly searchedMs: () => number
  readonly logger: Logger
  readonly metrics: FileMetrics
}

/** Writing takes at most this part of the time, however many files there are. */
const MAX_SHARE = 20

export function createPositionWriter({ path, everyMs, read, searchedMs, logger, metrics }: PositionWriterOptions): PositionWriter {
  let writing: Promise<void> | undefined
  let written = ''
  let nextMs = 0

  const write = async (always: boolean): Promise<void> => {
    const positions = read()
    // The time a file was seen is no reason to write.
    const state = JSON.stringify(positions.map((position) => ({ ...position, seenMs: 0 })))
    if (state === written && !always) return
    try {
      await savePositions(path, positions, searchedMs())
      written = state
    } catch (error) {
      metrics.positionErrors.inc()
      logger.error('positions cannot be written, lines may be sent again after a restart', { path, error: errorMessage(error) })
    }
  }
  return {
    tick: (nowMs) => {
      if (writing !== undefined || nowMs < nextMs) return
      const started = performance.now()
      writing = write(false).finally(() => {
        writing = undefined
        nextMs = nowMs + Math.max(everyMs, (performance.now() - started) * MAX_SHARE)
      })
    },
    finish: async () => {
      await writing
      await write(true)
    },
  }
}
