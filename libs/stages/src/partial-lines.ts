import { partMarks, readMarks, truncatedMark } from './cut-marks.ts'
import { cutText, isLonger } from './cut-text.ts'
import type { PipelineEntry } from './entry.ts'
import type { Pass, StageContext } from './stage.ts'
import { wholeCharacters } from './utf8-parts.ts'

export type PartialLines = {
  /** Takes a part of a line: joins it with those of the same labels before it, and passes the whole on once `last` has come. */
  readonly add: (entry: PipelineEntry, last: boolean) => void
  readonly flush: (nowNs: bigint | undefined) => void
  readonly held: () => number
  readonly heldFrom: () => number
}

export type PartialLineLimits = {
  /** Label sets whose line is incomplete; one more, and all that is held goes out as it is. */
  readonly maxLines: number
  /** Bytes at which a line is cut; 0: not before the pipeline's limit. */
  readonly maxBytes: number
}

/**
 * A part that nothing follows for so long is all there will be of its line: runtimes cut a line that is long and write its rest at once, and
 * what a program wrote last without a line feed they write as a part, too.
 */
const MAX_WAIT_NS = 5_000_000_000n

type Waiting = {
  /** The last part, with the text of all of them that is not passed on yet. */
  readonly entry: PipelineEntry
  readonly parts: number
  readonly sinceNs: bigint
  /** The rest is passed over. */
  readonly isCut: boolean
  /** That it is too long was told. */
  readonly isTold: boolean
  /** Parts of the limit's length that were passed on. */
  readonly passed: number
  /** Bytes of a character of which more is to come. */
  readonly tail: Buffer
}

const EMPTY = Buffer.alloc(0)

/**
 * Joins parts of lines, for each set of labels on its own. The whole has the time of its end. Beyond the limits its rest is passed over, or goes
 * on as further lines, marked as one that whoever reads the lines has cut.
 */
export function createPartialLines(limits: PartialLineLimits, pass: Pass, context: StageContext): PartialLines {
  const waiting = new Map<string, Waiting>()
  let held = 0

  const finish = ({ entry, isCut, passed, tail }: Waiting): void => {
    if (tail.length > 0 && !isCut) entry.line += tail.toString()
    if (isCut) entry.metadata = new Map([...(entry.metadata ?? []), ...truncatedMark()])
    else if (passed > 0) entry.metadata = new Map([...(entry.metadata ?? []), ...partMarks(passed + 1, true)])
    pass(entry)
  }
  const release = (ready: (one: Waiting) => boolean): void => {
    for (const [key, one] of waiting) {
      if (!ready(one)) continue
      waiting.delete(key)
      held -= one.parts
      finish(one)
    }
  }
  return {
    add: (entry, last) => {
      if (last && waiting.size === 0) return pass(entry)
      const key = JSON.stringify(entry.labels.labels)
      const before = waiting.get(key)
      if (last && before === undefined) return pass(entry)
      const { marks, others } = readMarks(entry.metadata)
      entry.metadata = others
      const isLast = last && !marks.goesOn
      const tail = join(entry, before, isLast)
      const joined = {
        entry,
        parts: (before?.parts ?? 0) + 1,
        sinceNs: context.steadyNow(),
        isCut: before?.isCut === true || marks.truncated,
        isTold: before?.isTold === true || marks.truncated || marks.part,
        passed: before?.passed ?? 0,
        tail,
      }
      const one = { ...joined, ...cut(joined, limits, pass, context) }
      waiting.delete(key)
      held -= before?.parts ?? 0
      if (isLast) return finish(one)
      if (waiting.size >= limits.maxLines) release(() => true)
      waiting.set(key, one)
      held += one.parts
    },
    flush: (nowNs) => release(({ sinceNs }) => nowNs === undefined || nowNs - sinceNs >= MAX_WAIT_NS),
    held: () => held,
    heldFrom: () => {
      let from = Number.POSITIVE_INFINITY
      for (const { entry } of waiting.values()) from = Math.min(from, entry.origin ?? 0)
      return from
    },
  }
}

/** Puts the text before in front of that of the entry. Gives the bytes of a character at its end that is cut in two there. */
function join(entry: PipelineEntry, before: Waiting | undefined, isLast: boolean): Buffer {
  let tail: Buffer = EMPTY
  if (entry.bytes !== undefined || (before !== undefined && before.tail.length > 0)) {
    const bytes = Buffer.concat([before?.tail ?? EMPTY, entry.bytes ?? Buffer.from(entry.line)])
    const end = isLast ? bytes.length : wholeCharacters(bytes)
    entry.line = bytes.toString('utf8', 0, end)
    tail = Buffer.from(bytes.subarray(end))
    entry.bytes = undefined
  }
  if (before === undefined) return tail
  entry.line = before.isCut ? before.entry.line : before.entry.line + entry.line
  if (before.entry.origin !== undefined) entry.origin = before.entry.origin
  return tail
}

/** Keeps the text of a line that is not complete within the limits. */
function cut(
  { entry, isCut, isTold, passed }: Waiting,
  { maxBytes }: PartialLineLimits,
  pass: Pass,
  { maxLineBytes, longLines, onCut }: StageContext,
): Partial<Waiting> {
  const isOwn = maxBytes > 0 && maxBytes <= maxLineBytes
  const limit = isOwn ? maxBytes : maxLineBytes
  if (isCut || !isLonger(entry.line, limit)) return {}
  const how = isOwn ? 'truncate' : longLines
  if (!isTold) onCut(entry.line, how, limit)
  if (how === 'truncate') {
    entry.line = cutText(entry.line, limit)
    return { isCut: true, isTold: true }
  }
  let ordinal = passed
  let rest = entry.line
  while (isLonger(rest, limit)) {
    // A limit of less than a character.
    const line = cutText(rest, limit) || String.fromCodePoint(rest.codePointAt(0) ?? 0)
    const metadata = new Map([...(entry.metadata ?? []), ...partMarks(++ordinal, false)])
    pass({ ...entry, line, extracted: entry.extracted.copy(), metadata })
    rest = rest.slice(line.length)
    if (rest === '') break
  }
  entry.line = rest
  return { isTold: true, passed: ordinal }
}
