import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { errorCode, errorMessage, type Logger } from '@clymene/model'

import { durableFiles, writeDurably } from '../durable-file.ts'
import { loadPositions } from '../files/positions.ts'
import type { JournalJob } from './options.ts'

/** The entry that was acknowledged last. */
export type StoredCursor = {
  /** '' when there is none. */
  readonly cursor: string
  /** What was read of the journal: with another selection the entry may be there and not be shown. */
  readonly selection: string
}

const NONE: StoredCursor = { cursor: '', selection: '' }

export const selectionOf = ({ path, matches }: JournalJob): string => JSON.stringify([path, ...matches.toSorted()])

/** A job's name may be anything. */
export const cursorPath = (folder: string, { name }: JournalJob): string =>
  join(folder, `${createHash('sha256').update(name).digest('hex').slice(0, 16)}.json`)

/** Reads the file, else the one before it. What is broken is reported and does not stop the start. */
export async function loadCursor(path: string, logger: Logger): Promise<StoredCursor> {
  for (const candidate of durableFiles(path)) {
    try {
      const { cursor, selection }: Record<string, unknown> = JSON.parse(await readFile(candidate, 'utf8'))
      if (typeof cursor === 'string' && typeof selection === 'string') return { cursor, selection }
      throw new Error('expected cursor and selection')
    } catch (error) {
      if (errorCode(error) === 'ENOENT') continue
      logger.error('cursor of the journal cannot be used, entries may be sent again', { path: candidate, error: errorMessage(error) })
    }
  }
  return NONE
}

/** The cursor of a job in Promtail's positions file. */
export async function loadFormerCursor(path: string, { name }: JournalJob, logger: Logger): Promise<string> {
  const { others } = await loadPositions([path], logger)
  return others.get(`cursor-${name}`) ?? others.get(`journal-${name}`) ?? ''
}

export const saveCursor = (path: string, job: string, { cursor, selection }: StoredCursor): Promise<void> =>
  writeDurably(path, `${JSON.stringify({ job, cursor, selection })}\n`)
