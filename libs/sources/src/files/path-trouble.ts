import { errorCode, errorMessage, type Logger } from '@clymene/model'

import type { FileMetrics } from './metrics.ts'

/** Why a path cannot be looked at, or its files not be read: told and counted once while it lasts. */
export type PathTrouble = {
  /** A look at the path: what it gives; of one that fails nothing is known, and what is open is read on. */
  readonly of: <T>(look: () => T) => T | typeof FAILED
  /** Reading failed, or went well again. */
  readonly reading: (error: unknown) => void
  readonly text: () => string | undefined
}

export const FAILED = Symbol('failed')

export function createPathTrouble(path: string, logger: Logger, metrics: Pick<FileMetrics, 'errors'>): PathTrouble {
  let looking: string | undefined
  let reading: string | undefined
  const tell = (error: unknown): string => {
    const text = errorMessage(error)
    if (text === looking || text === reading) return text
    metrics.errors.inc()
    logger.warn('file cannot be read, it is tried again', { path, error: text, code: errorCode(error) })
    return text
  }
  return {
    of: (look) => {
      try {
        const found = look()
        looking = undefined
        return found
      } catch (error) {
        looking = tell(error)
        return FAILED
      }
    },
    reading: (error) => {
      reading = error === undefined ? undefined : tell(error)
    },
    text: () => reading ?? looking,
  }
}
