import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { errorCode, errorMessage, RetryableError, type Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

/** What keeps a log from being written, from the write that failed until one works again. */
export type WriteTrouble = {
  readonly reason: () => string | undefined
  /** Notes the failure and gives the error that the sender gets: always a retryable one, the content is not to blame. */
  readonly failed: (error: unknown) => RetryableError
  readonly worked: () => void
  /** Looks whether the disk takes something again: a sender that heeds the reason sends nothing that could tell. */
  readonly probe: (makeRoom: () => Promise<void>) => Promise<void>
}

const PROBE_BYTES = 1024 * 1024

export function createWriteTrouble({ directory, logger }: { readonly directory: string; readonly logger: Logger }): WriteTrouble {
  let reason: string | undefined
  const once = createOnceIn(60_000)
  return {
    reason: () => reason,
    failed: (error) => {
      const told = toRetryable(error, directory)
      reason = told.message
      once(told.message, (heldBack) => logger.error('nothing can be written', { path: directory, error: told.message, heldBack }))
      return told
    },
    worked: () => {
      reason = undefined
    },
    probe: async (makeRoom) => {
      if (reason === undefined) return
      try {
        await makeRoom()
        await writeProbe(join(directory, `probe-${randomUUID()}`))
        reason = undefined
      } catch (error) {
        reason = toRetryable(error, directory).message
      }
    },
  }
}

function toRetryable(error: unknown, directory: string): RetryableError {
  if (error instanceof RetryableError) return error
  const isFull = ['ENOSPC', 'EDQUOT'].includes(errorCode(error))
  return new RetryableError(isFull ? `the disk of ${directory} is full` : `cannot write under ${directory}: ${errorMessage(error)}`, {
    cause: error,
    needsOperator: true,
  })
}

async function writeProbe(path: string): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.write(Buffer.alloc(PROBE_BYTES), 0, PROBE_BYTES, 0)
    await file.datasync()
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
}
