import { errorMessage, type Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

import { saveCursor } from './cursor-file.ts'

export type CursorKeeper = {
  /** Everything up to this entry is acknowledged. */
  readonly reached: (cursor: string) => void
  /** Resolves when that is written, or could not be. */
  readonly settled: () => Promise<void>
}

export type CursorKeeperOptions = {
  readonly path: string
  readonly job: string
  readonly selection: string
  /** False: nothing is written. */
  readonly moves: boolean
  /** Counts what could not be written. */
  readonly failed: () => void
  /** Told of what was written. */
  readonly saved: (cursor: string) => void
  readonly logger: Logger
}

export function createCursorKeeper({ path, job, selection, moves, failed, saved, logger }: CursorKeeperOptions): CursorKeeper {
  const complain = createOnceIn(60_000)
  let next: string | undefined
  let saving: Promise<void> | undefined

  const saveAll = async (): Promise<void> => {
    // What is acknowledged in one go is written in one go.
    await Promise.resolve()
    while (next !== undefined) {
      const cursor = next
      next = undefined
      try {
        await saveCursor(path, job, { cursor, selection })
        saved(cursor)
      } catch (error) {
        failed()
        complain('', (heldBack) => logger.error('cursor of the journal cannot be written', { path, error: errorMessage(error), heldBack }))
      }
    }
    saving = undefined
  }

  return {
    reached: (cursor) => {
      if (!moves) return
      next = cursor
      saving ??= saveAll()
    },
    settled: async () => {
      await saving
    },
  }
}
