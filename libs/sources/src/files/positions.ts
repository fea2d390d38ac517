import { readFile, stat } from 'node:fs/promises'

import { errorCode, errorMessage, type Logger } from '@clymene/model'
import { parse } from 'yaml'

import { durableFiles, writeDurably } from '../durable-file.ts'
import type { FileIdentity } from './fingerprint.ts'

/** How far one file was handed over; of a compressed file its text is meant. */
export type Position = FileIdentity & {
  readonly job: string
  readonly path: string
  /** Bytes before it were handed over and acknowledged. */
  readonly offset: number
  /** Where a restart begins to read: lines from there to `offset` are still held by a stage, and are not handed over again. */
  readonly replayFrom: number
  /** Bytes of the file when it was looked at last: what is there beyond `offset` is owed. */
  readonly size: number
  /** When the file was there last, milliseconds since the epoch. */
  readonly seenMs: number
  /** It was rotated away and let go with all of it handed over: nothing is written to it any more. */
  readonly closed?: true
}

/** What the positions file says: whole positions, and what else Promtail keeps in its own. */
export type StoredPositions = {
  readonly files: readonly Position[]
  /** Bare offsets by path, all that Promtail's files have. */
  readonly offsets: ReadonlyMap<string, number>
  /** When the bare offsets were true: Promtail's last writing, milliseconds since the epoch; undefined when there are none. */
  readonly offsetsMs: number | undefined
  /** Entries that are no offset: cursors of the journal. */
  readonly others: ReadonlyMap<string, string>
  /** When files were searched for last, milliseconds since the epoch; undefined when that is not known. */
  readonly searchedMs: number | undefined
  /** Who has read that far: one, or several of which it is the slowest at each file. Absent where it is not known, as of Promtail's. */
  readonly readers?: readonly string[] | undefined
}

const NOTHING: StoredPositions = { files: [], offsets: new Map(), offsetsMs: undefined, others: new Map(), searchedMs: undefined }

/** Reads the positions file, else its `.bak`, else the next path. A broken file is reported; reading goes on with what there is. */
export async function loadPositions(paths: readonly string[], logger: Logger): Promise<StoredPositions> {
  for (const candidate of paths.flatMap(durableFiles)) {
    try {
      const text = await readFile(candidate, 'utf8')
      const positions = parsePositions(text, (await stat(candidate)).mtimeMs)
      const lines = damagedLines(text, positions)
      if (lines > 0) logger.error('positions of single files are damaged, lines of them may be sent again', { path: candidate, lines })
      return positions
    } catch (error) {
      if (errorCode(error) === 'ENOENT') continue
      logger.error('positions file cannot be used, lines may be sent again', { path: candidate, error: errorMessage(error) })
    }
  }
  return NOTHING
}

/**
 * Writes them. Promtail refuses keys that it does not know, so all that it has no place for stands in comments:
 *
 *     positions:
 *       "/var/log/syslog": "4711"
 *     # searched 1704067200000
 *     # readers ["loki"]
 *     # file {"job":"system","path":"/var/log/syslog","device":"2049",…}
 */
export const savePositions = (path: string, positions: StoredPositions): Promise<void> => writeDurably(path, formatPositions(positions))

function formatPositions({ files, offsets, offsetsMs, others, searchedMs, readers }: StoredPositions): string {
  const entries = new Map(others)
  for (const [path, offset] of offsets) entries.set(path, String(offset))
  // The file that is at a path now comes last.
  for (const { path, replayFrom } of files) entries.set(path, String(replayFrom))
  const lines = [
    entries.size === 0 ? 'positions: {}' : 'positions:',
    ...Array.from(entries, ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`),
    ...(offsets.size === 0 || offsetsMs === undefined ? [] : [`${OFFSETS}${Math.floor(offsetsMs)}`]),
    ...(searchedMs === undefined ? [] : [`${SEARCHED}${Math.floor(searchedMs)}`]),
    ...(readers === undefined ? [] : [`${READERS}${JSON.stringify(readers)}`]),
    ...files.map((position) => `${FILE}${JSON.stringify(position)}`),
  ]
  return `${lines.join('\n')}\n`
}

/** Since when the bare offsets are as they are. */
const OFFSETS = '# offsets '
const SEARCHED = '# searched '
const READERS = '# readers '
const FILE = '# file '

function parsePositions(text: string, writtenMs: number): StoredPositions {
  const lines = text.split('\n')
  if (text.trim() === '') throw new Error('the file is empty')
  const uncommented = lines.filter((line) => !line.startsWith('#'))
  const entries = writtenEntries(uncommented) ?? yamlEntries(uncommented.join('\n'))
  const isOffset = ([, value]: Entry): boolean => /^\d{1,15}$/.test(value)
  const timeAt = (key: string): number | undefined => {
    const time = Number(lines.find((line) => line.startsWith(key))?.slice(key.length))
    return Number.isSafeInteger(time) ? time : undefined
  }
  return {
    files: lines.flatMap((line) => (line.startsWith(FILE) ? parsePosition(line.slice(FILE.length)) : [])),
    offsets: new Map(entries.filter(isOffset).map(([key, value]) => [key, Number(value)])),
    offsetsMs: timeAt(OFFSETS) ?? writtenMs,
    others: new Map(entries.filter((entry) => !isOffset(entry) && CURSOR.test(entry[0]))),
    searchedMs: timeAt(SEARCHED),
    readers: parseReaders(lines.find((line) => line.startsWith(READERS))?.slice(READERS.length)),
  }
}

type Entry = readonly [key: string, value: string]

/** Entries as {@link formatPositions} writes them, undefined when one line is another: 80,000 take 0.2 s of CPU time, as YAML 2.7 s. */
function writtenEntries([first, ...lines]: readonly string[]): readonly Entry[] | undefined {
  if (first !== 'positions:' || lines.pop() !== '') return undefined
  const entries = lines.flatMap((line): readonly Entry[] => {
    const [, key, value] = WRITTEN.exec(line) ?? []
    return key === undefined || value === undefined ? [] : [[JSON.parse(key), JSON.parse(value)]]
  })
  return entries.length === lines.length ? entries : undefined
}
const TEXT = String.raw`"(?:[^"\\\p{Cc}]|\\["\\/bfnrt]|\\u[0-9a-f]{4})*"`
const WRITTEN = new RegExp(`^ {2}(${TEXT}): (${TEXT})$`, 'u')

/** Of Promtail, or of somebody's hand. */
function yamlEntries(text: string): readonly Entry[] {
  // Looking for keys that are there twice takes the square of their number: 60 s of CPU time for 80,000.
  const document: unknown = parse(text, { uniqueKeys: false })
  if (typeof document !== 'object' || document === null || !('positions' in document))
    throw new Error('expected a mapping with the key positions')
  return Object.entries(document.positions ?? {}).map(([key, value]) => [key, String(value)])
}

/** Keys of what is no file, in all versions of Promtail. */
const CURSOR = /^(?:cursor|journal)-/

const TEXTS = ['job', 'path', 'device', 'inode', 'fingerprint']
const NUMBERS = ['fingerprintBytes', 'offset', 'replayFrom', 'size', 'seenMs']

/** Lines of positions that are none; a comment without an end of line is where the file was cut. */
function damagedLines(text: string, { files }: StoredPositions): number {
  const lines = text.split('\n')
  const last = lines.at(-1) ?? ''
  const isCut = last.startsWith('#') && !last.startsWith(FILE)
  return lines.filter((line) => line.startsWith(FILE)).length - files.length + (isCut ? 1 : 0)
}

/** Undefined when there are none, or the line is damaged. */
function parseReaders(text: string | undefined): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return Array.isArray(value) && value.every((name) => typeof name === 'string') ? value : undefined
  } catch {
    return undefined
  }
}

/** None when the line is damaged. */
function parsePosition(text: string): readonly Position[] {
  try {
    const value: unknown = JSON.parse(text)
    return isPosition(value) ? [value] : []
  } catch {
    return []
  }
}

function isPosition(value: unknown): value is Position {
  if (typeof value !== 'object' || value === null) return false
  const fields = new Map<string, unknown>(Object.entries(value))
  return TEXTS.every((key) => typeof fields.get(key) === 'string') && NUMBERS.every((key) => Number.isSafeInteger(fields.get(key)))
}
