import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { errorCode } from '@clymene/model'

import { writeFileDurably } from './durable-file.ts'

/** The id of the log in the directory: random, made once, so that an offset of another log is never taken for one of this. */
export async function readLogId(directory: string): Promise<string> {
  const path = join(directory, 'log.json')
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  })
  if (text !== undefined) return parseLogId(text, path)
  const logId = randomUUID()
  await writeFileDurably(path, `${JSON.stringify({ version: 1, logId })}\n`)
  return logId
}

function parseLogId(text: string, path: string): string {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'version' in value && value.version === 1 && 'logId' in value) {
      if (typeof value.logId === 'string' && value.logId !== '') return value.logId
    }
  } catch {
    // Said below, with what was expected.
  }
  throw new Error(`${path}: expected {"version":1,"logId":"…"}, found ${JSON.stringify(text.slice(0, 100))}`)
}
