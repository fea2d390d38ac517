import type { LabelMap, Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'
import { type LongLines, partMarks, truncatedMark } from '@clymene/stages'

export type CutLinesOptions = {
  readonly maxLineBytes: number
  readonly longLines: LongLines
  readonly logger: Logger
  /** Milliseconds; default performance.now. */
  readonly now?: () => number
}

/** Told of a line that was cut, with as much of it as is at hand; how and where, if it is not as for all lines. */
export type OnCut = (line: Buffer | string, how?: LongLines, maxBytes?: number) => void

const NOTICES = {
  truncate: 'a line is longer than the limit, its rest was passed over',
  split: 'a line is longer than the limit, it was divided',
} as const

/**
 * Says that lines were cut, once a minute and file. The program's own log may be among the files, and with a small limit its
 * lines are cut too: a cut notice gives no further one, or they would go on for ever.
 */
export function createCutLines({ maxLineBytes, longLines, logger, now }: CutLinesOptions): (path: string) => OnCut {
  const onceInAMinute = createOnceIn(60_000, now)
  return (path) =>
    (line, how = longLines, maxBytes = maxLineBytes) => {
      if (Object.values(NOTICES).some((notice) => line.includes(notice))) return
      onceInAMinute(path, (heldBack) => logger.warn(NOTICES[how], { path, maxLineBytes: maxBytes, heldBack }))
    }
}

/** At most `end`, without cutting a UTF-8 character in two, unless nothing would be left. */
export function cutAt(bytes: Buffer, start: number, end: number): number {
  let position = end
  while (position > start && end - position < 3 && ((bytes[position] ?? 0) & 0xc0) === 0x80) position--
  return position === start ? end : position
}

/** A line that is too long for one entry, of which only a part, or one after the other, is taken. */
export type CutLine = {
  /** Where it begins in its file. */
  readonly begin: number
  /** The entry of the next part. */
  readonly part: (bytes: Buffer, isLast: boolean) => { readonly line: string; readonly metadata: LabelMap }
}

/**
 * Parts carry structured metadata: `truncated` when the rest is passed over; a part of several says so, its number from 1 and
 * whether it is the last, by the names that Docker's log drivers use.
 *
 * @param head what the container runtime wrote before the line: the parts after the first get it too, so that stages read them alike.
 */
export function createCutLine(longLines: LongLines, begin: number, head: string): CutLine {
  let ordinal = 0
  return {
    begin,
    part: (bytes, isLast) => {
      ordinal++
      const line = `${ordinal === 1 ? '' : head}${bytes.toString()}`
      return { line, metadata: longLines === 'truncate' ? truncatedMark() : partMarks(ordinal, isLast) }
    },
  }
}
