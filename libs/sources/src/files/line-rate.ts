import type { Cursor, LineReader } from './line-reader.ts'
import type { FileMetrics } from './metrics.ts'
import type { ReadlineRate } from './options.ts'

/** Lines that may be read now, over all files: a bucket that fills with time. Times are those of the steady clock. */
export type LineRate = {
  readonly drop: boolean
  /** Whole lines that may be read now. */
  readonly room: () => number
  readonly take: (lines: number) => void
  /** When the next line may be read, milliseconds. */
  readonly nextMs: () => number
}

export function createLineRate({ linesPerSecond, burst, drop }: ReadlineRate, now: () => number): LineRate {
  let tokens = burst
  let filledMs = now()
  const fill = (): void => {
    const nowMs = now()
    tokens = Math.min(burst, tokens + ((nowMs - filledMs) / 1000) * linesPerSecond)
    filledMs = nowMs
  }
  return {
    drop,
    room: () => {
      fill()
      return Math.floor(tokens)
    },
    take: (lines) => {
      tokens = Math.max(0, tokens - lines)
    },
    nextMs: () => filledMs + Math.max(1, Math.ceil(((1 - tokens) / linesPerSecond) * 1000)),
  }
}

/** A reader that takes no more lines than the rate has room for: the rest stays in the file, or is passed over and counted. */
export function limitLines(reader: LineReader, rate: LineRate | undefined, metrics: Pick<FileMetrics, 'rateDroppedLines'>): LineReader {
  if (rate === undefined) return reader
  const read = (bytes: Buffer, cursor: Cursor, final: boolean): void => {
    const begin = cursor.offset
    const room = rate.room()
    const allowed = endOfLine(bytes, room)
    const all = allowed === -1
    // A line without its end is no whole line, but the reader has to see that it grows too long.
    if (all || allowed > 0) reader.read(all ? bytes : bytes.subarray(0, allowed), cursor, all && final)
    const taken = cursor.offset - begin
    rate.take(countLines(bytes.subarray(0, taken)))
    if (!rate.drop || all || taken < allowed) return
    const rest = bytes.subarray(taken)
    const end = final ? rest.length : rest.lastIndexOf(LF) + 1
    if (end === 0) return
    metrics.rateDroppedLines.inc(countLines(rest.subarray(0, end)) + (final && rest.at(-1) !== LF ? 1 : 0))
    cursor.offset += end
  }
  const waitUntilMs = (): number => Math.max(reader.waitUntilMs(), !rate.drop && rate.room() < 1 ? rate.nextMs() : 0)
  return { ...reader, read, waitUntilMs }
}

const LF = 0x0a

/** Where the first `lines` lines end; -1 when there are not more of them. */
function endOfLine(bytes: Buffer, lines: number): number {
  let position = 0
  for (let line = 0; line < lines; line++) {
    const feed = bytes.indexOf(LF, position)
    if (feed === -1) return -1
    position = feed + 1
  }
  return position === bytes.length || (lines > 0 && !bytes.includes(LF, position)) ? -1 : position
}

function countLines(bytes: Buffer): number {
  let count = 0
  for (let feed = bytes.indexOf(LF); feed !== -1; feed = bytes.indexOf(LF, feed + 1)) count++
  return count
}
