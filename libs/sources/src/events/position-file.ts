import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import { errorCode, errorMessage, type Logger } from '@clymene/model'

import { durableFiles, writeDurably } from '../durable-file.ts'

/** What this agent keeps on its disk. */
export type StoredPosition = {
  /** Tells this agent from others of the same name, for as long as its disk lives. */
  readonly id: string
  /** '' when there is none. */
  readonly position: string
}

/** Reads the file, else the one before it. What is broken is reported and does not stop the start. */
export async function loadPosition(path: string, logger: Logger): Promise<StoredPosition> {
  for (const candidate of durableFiles(path)) {
    try {
      const [id = '', position = ''] = (await readFile(candidate, 'utf8')).split('\n')
      if (/^[0-9a-f-]{8,}$/.test(id)) return { id, position }
      throw new Error('expected an id in its first line')
    } catch (error) {
      if (errorCode(error) === 'ENOENT') continue
      logger.error('position file of events cannot be used, events may be sent again', { path: candidate, error: errorMessage(error) })
    }
  }
  return { id: randomUUID().slice(0, 8), position: '' }
}

export const savePosition = (path: string, { id, position }: StoredPosition): Promise<void> => writeDurably(path, `${id}\n${position}\n`)
