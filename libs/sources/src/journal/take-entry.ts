import { errorMessage } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'
import type { LabelSet } from '@clymene/stages'

import type { OnCut } from '../files/cut-lines.ts'
import type { EntryWriter } from '../lines/entry-writer.ts'
import { createPieceTexts, cutLine, type LinePiece } from '../lines/line-pieces.ts'
import { createProgress } from '../lines/progress.ts'
import type { CollectJobOptions } from './collect-job.ts'
import { createEntryLines, type LeftOut } from './entry-line.ts'
import { type JournalEntry, parseJournalEntry } from './journal-entry.ts'

export type TakeEntry = {
  /** journalctl begins with the entry of the cursor. */
  readonly begin: () => void
  /** A line of journalctl; resolves when there is room for another. */
  readonly take: (piece: LinePiece) => Promise<void>
  /** Of the entry that was taken last; '' when there is none. */
  readonly cursor: () => string
  /** journalctl does not know what it is. */
  readonly forgetCursor: () => void
}

export type TakeEntryOptions = Pick<CollectJobOptions, 'job' | 'maxLineBytes' | 'longLines' | 'journalMetrics' | 'logger'> & {
  /** Labels of every entry that does not have them. */
  readonly base: LabelSet
  readonly begin: { readonly cursor: string; readonly isSelected: boolean }
  readonly write: EntryWriter['write']
  /** Told of each line that is longer than the limit. */
  readonly onCut: OnCut
  /** Told of the cursor up to which everything is acknowledged. */
  readonly reached: (cursor: string) => void
}

export function createTakeEntry(options: TakeEntryOptions): TakeEntry {
  const { job, maxLineBytes, longLines, journalMetrics: metrics, logger, begin, write, onCut, reached } = options
  const lineOf = createEntryLines(job, options.base)
  const complain = createOnceIn(60_000)
  const progress = createProgress<string>(reached)
  const textOf = createPieceTexts(longLines, onCut)
  const nextNs = createDistinctTimes()
  let { cursor, isSelected } = begin
  let expected = ''

  const leaveOut = (reason: LeftOut | 'too_large' | 'unreadable'): void => metrics.leftOut.inc({ job: job.name, reason })
  const missed = (found?: JournalEntry): void => {
    metrics.lostCursors.inc({ job: job.name })
    logger.error('the entry of the journal to go on from is gone, entries may be missing', {
      job: job.name,
      from: timeText(BigInt(`0x${/;t=([0-9a-f]{1,15})(;|$)/.exec(cursor)?.[1] ?? '0'}`)),
      ...(found === undefined ? {} : { to: timeText(found.realtimeUs) }),
    })
  }
  /** Whether it is the entry that was taken last. */
  const isKnown = (entry: JournalEntry): boolean => {
    if (expected === '') return false
    const known = entry.cursor === expected
    expected = ''
    if (!known && isSelected) missed(entry)
    return known
  }
  const takeEntry = async (entry: JournalEntry): Promise<void> => {
    const timestampNs = nextNs(entry.realtimeUs)
    if (isKnown(entry)) return
    metrics.entries.inc({ job: job.name })
    metrics.read(job.name, entry.realtimeUs)
    const line = lineOf(entry)
    if (typeof line === 'string') leaveOut(line)
    else {
      for (const piece of cutLine(Buffer.from(line.line), maxLineBytes)) {
        const text = textOf(piece)
        if (text !== undefined) await write({ labels: line.labels, timestampNs, ...text }, progress.written())
      }
    }
    ;[cursor, isSelected] = [entry.cursor, true]
    progress.mark(cursor)
  }

  return {
    begin: () => {
      expected = cursor
    },
    take: async ({ bytes, begins, ends }) => {
      if (begins && !ends) leaveOut('too_large')
      if (!begins || !ends) return
      let entry: JournalEntry | undefined
      try {
        entry = parseJournalEntry(bytes.toString())
      } catch (error) {
        leaveOut('unreadable')
        complain('', (heldBack) =>
          logger.error('an entry of the journal is not readable', { job: job.name, error: errorMessage(error), heldBack }),
        )
      }
      if (entry !== undefined) await takeEntry(entry)
    },
    cursor: () => cursor,
    forgetCursor: () => {
      missed()
      cursor = ''
    },
  }
}

/** Equal lines of one microsecond stay apart in a store: those after the first are a nanosecond later each. */
function createDistinctTimes(): (realtimeUs: bigint) => bigint {
  let lastUs = -1n
  let more = 0n
  return (realtimeUs) => {
    more = realtimeUs === lastUs && more < 999n ? more + 1n : 0n
    lastUs = realtimeUs
    return realtimeUs * 1000n + more
  }
}

const timeText = (realtimeUs: bigint): string => {
  const time = new Date(Number(realtimeUs / 1000n))
  return Number.isNaN(time.getTime()) ? 'an unknown time' : time.toISOString()
}
