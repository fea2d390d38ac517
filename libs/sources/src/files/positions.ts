import { copyFile, open, readFile, rename } from 'node:fs/promises'

import { errorCode, errorMessage, type Logger } from '@clymene/model'
import { parse } from 'yaml'

import type { FileIdentity } from './fingerprint.ts'

/** How far one file was handed over. */
export type Position = FileIdentity & {
  readonly job: string
  readonly path: string
  /** Bytes before it were handed over and acknowledged. */
  readonly offset: number
  /** Where a restart begins to read: lines from there to `offset` are still held by a stage, and are not handed over again. */
  readonly replayFrom: number
  /** When the file was there last, milliseconds since the epoch. */
  readonly seenMs: number
}

/** What the positions file says: whole positions, and bare offsets by path, all that Promtail's files have. */
export type StoredPositions = {
  readonly files: readonly Position[]
  readonly offsets: ReadonlyMap<string, number>
  /** When files were searched for last, milliseconds since the epoch; undefined when that is not known. */
  readonly searchedMs: number | undefined
}

const NOTHING: StoredPositions = { files: [], offsets: new Map(), searchedMs: undefined }

/** Reads the positions file, else its `.bak`. A broken file is reported; reading goes on with what there is. */
export async function loadPositions(path: string, logger: Logger): Promise<StoredPositions> {
  for (const candidate of [path, `${path}.bak`]) {
    try {
      return parsePositions(await readFile(candidate, 'utf8'))
    } catch (error) {
      if (errorCode(error) === 'ENOENT') continue
      logger.error('positions file cannot be used, lines may be sent again', { path: candidate, error: errorMessage(error) })
    }
  }
  return NOTHING
}

/**
 * Writes them so that a crash at any moment leaves a whole file: temporary file, fsync, rename; the file before stays as
 * `.bak`. The layout is that of Promtail's file, with more in it:
 *
 *     positions:
 *       "/var/log/syslog": "4711"
 *     searched: 1704067200000
 *     files:
 *       - {"job":"system","path":"/var/log/syslog","device":"2049",…}
 */
export async function savePositions(path: string, positions: readonly Position[], searchedMs: number): Promise<void> {
  const offsets = new Map(positions.map((position) => [position.path, position.replayFrom]))
  const lines = [
    'positions:',
    ...Array.from(offsets, ([file, offset]) => `  ${JSON.stringify(file)}: "${offset}"`),
    `searched: ${Math.floor(searchedMs)}`,
    'files:',
    ...positions.map((position) => `  - ${JSON.stringify(position)}`),
  ]
  const temporary = `${path}.tmp`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(`${lines.join('\n')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await copyFile(path, `${path}.bak`).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error
  })
  await rename(temporary, path)
}

function parsePositions(text: string): StoredPositions {
  const document: unknown = parse(text)
  if (document === null && text.trim() === '') return NOTHING
  if (typeof document !== 'object' || document === null || !('positions' in document))
    throw new Error('expected a mapping with the key positions')
  const files = 'files' in document && Array.isArray(document.files) ? document.files.filter(isPosition) : []
  const offsets = Object.entries(document.positions ?? {}).flatMap(([path, offset]) =>
    /^\d{1,15}$/.test(String(offset)) ? [[path, Number(offset)] as const] : [],
  )
  const searchedMs = 'searched' in document && Number.isSafeInteger(document.searched) ? Number(document.searched) : undefined
  return { files, offsets: new Map(offsets), searchedMs }
}

const TEXTS = ['job', 'path', 'device', 'inode', 'fingerprint']
const NUMBERS = ['fingerprintBytes', 'offset', 'replayFrom', 'seenMs']

function isPosition(value: unknown): value is Position {
  if (typeof value !== 'object' || value === null) return false
  const fields = new Map<string, unknown>(Object.entries(value))
  return TEXTS.every((key) => typeof fields.get(key) === 'string') && NUMBERS.every((key) => Number.isSafeInteger(fields.get(key)))
}
