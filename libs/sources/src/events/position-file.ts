import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

import { errorCode, errorMessage, type Logger } from '@clymene/model'

/** What this agent keeps on its disk. */
export type StoredPosition = {
  /** Tells this agent from others of the same name, for as long as its disk lives. */
  readonly id: string
  /** '' when there is none. */
  readonly position: string
}

/** Reads the file, else the one before it. What is broken is reported and does not stop the start. */
export async function loadPosition(path: string, logger: Logger): Promise<StoredPosition> {
  for (const candidate of [path, `${path}.bak`]) {
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

/** A crash at any moment leaves a whole file: temporary file, fsync, rename; the file before stays as `.bak`. */
export async function savePosition(path: string, { id, position }: StoredPosition): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.tmp`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(`${id}\n${position}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await copyFile(path, `${path}.bak`).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error
  })
  await rename(temporary, path)
}
