import { spawn } from 'node:child_process'

import { errorMessage } from '@clymene/model'

import type { LinePiece } from '../lines/line-pieces.ts'
import { createLineSplitter } from '../lines/line-splitter.ts'
import type { JournalJob } from './options.ts'

export type ReadJournalOptions = Pick<JournalJob, 'path' | 'matches'> & {
  readonly program: string
  /** The entry to begin with; when it is not there any more, the next one that is. '' begins at `sinceMs`. */
  readonly cursor: string
  /** Milliseconds since the epoch. */
  readonly sinceMs: number
  readonly maxLineBytes: number
  /** Told of what journalctl says beside entries. */
  readonly said: (text: string) => void
}

/** journalctl has ended by itself, or could not be started. */
export class JournalEndedError extends Error {
  override readonly name = 'JournalEndedError'
  /** The cursor is none that it understands. */
  readonly isCursorRefused: boolean

  constructor(message: string, isCursorRefused = false) {
    super(message)
    this.isCursorRefused = isCursorRefused
  }
}

/**
 * Lines of JSON as journalctl writes them, until `signal` aborts; what is not taken is not read, and journalctl waits. A line that did not end
 * when journalctl did is left out.
 *
 * @throws JournalEndedError
 */
export async function* readJournal(options: ReadJournalOptions, signal: AbortSignal): AsyncGenerator<readonly LinePiece[]> {
  const { program, said, maxLineBytes } = options
  if (signal.aborted) return
  const child = spawn(program, argumentsOf(options), { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${program} cannot be started: ${errorMessage(error)}`))
    child.once('close', (code, killedBy) => resolve(`${program} ended ${code === null ? `by ${killedBy}` : `with status ${code}`}`))
  })
  const kill = (): void => void child.kill('SIGTERM')
  signal.addEventListener('abort', kill, { once: true })
  let last = ''
  const complaints = createLineSplitter(MAX_SAID)
  child.stderr.on('data', (bytes: Buffer) => {
    for (const piece of complaints.push(bytes)) {
      if (!piece.begins || piece.bytes.length === 0) continue
      last = piece.bytes.toString()
      said(last)
    }
  })
  try {
    const splitter = createLineSplitter(maxLineBytes)
    for await (const bytes of child.stdout) {
      if (signal.aborted) break
      if (Buffer.isBuffer(bytes)) yield splitter.push(bytes)
    }
    const how = await ended
    if (!signal.aborted) throw new JournalEndedError(last === '' ? how : `${how}: ${last}`, /Failed to seek to cursor/.test(last))
  } finally {
    signal.removeEventListener('abort', kill)
    kill()
    child.stdout.destroy()
    await ended
  }
}

/** Longest line that is repeated of what journalctl says. */
const MAX_SAID = 1000

/**
 * `--after-cursor` would pass over an entry when that of the cursor is gone; `--all`: longer fields than 4 KiB would be null;
 * `--no-tail`: all entries, and not only the last ten.
 */
function argumentsOf({ path, matches, cursor, sinceMs }: ReadJournalOptions): readonly string[] {
  return [
    '--output=json',
    '--all',
    '--follow',
    '--no-tail',
    '--no-pager',
    ...(path === '' ? [] : [`--directory=${path}`]),
    cursor === '' ? `--since=@${Math.max(0, Math.floor(sinceMs / 1000))}` : `--cursor=${cursor}`,
    ...matches,
  ]
}
