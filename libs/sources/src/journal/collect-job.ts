import { setTimeout as sleep } from 'node:timers/promises'

import type { Emit } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'
import { createLabelSet } from '@clymene/stages'

import { createCutLines, type OnCut } from '../files/cut-lines.ts'
import { writeEntries } from '../lines/write-entries.ts'
import { cursorPath, loadCursor, loadFormerCursor, selectionOf } from './cursor-file.ts'
import { createCursorKeeper } from './cursor-keeper.ts'
import type { JournalMetrics } from './journal-metrics.ts'
import type { JournalJob, JournalSourceOptions } from './options.ts'
import { JournalEndedError, readJournal } from './read-journal.ts'
import { createTakeEntry } from './take-entry.ts'

export type CollectJobOptions = Omit<JournalSourceOptions, 'jobs' | 'metrics'> & {
  readonly job: JournalJob
  readonly metrics: JournalSourceOptions['metrics']
  readonly journalMetrics: JournalMetrics
}

/** Longest entry as JSON, where a byte that is no text takes up to four. */
const MAX_ENTRY_BYTES = 8 * 1024 * 1024
const BACKOFF = { minMs: 200, maxMs: 30_000 }

/**
 * Reads the journal of one job until `stop` aborts, and hands over what is left. journalctl is started again whenever it ends, and goes on after
 * the entry that was read last. @throws what emit rejects with for good
 */
export async function collectJob(options: CollectJobOptions, emit: Emit, stop: AbortSignal): Promise<void> {
  const { job, program, journalMetrics: metrics, logger, now = Date.now } = options
  const onceInAMinute = createOnceIn(60_000)
  const sinceMs = now() - job.maxAgeMs
  const path = cursorPath(options.cursorFolder, job)
  const begin = await beginOf(options, path)
  const keeper = createCursorKeeper({
    path,
    job: job.name,
    selection: selectionOf(job),
    moves: options.movesCursor ?? true,
    failed: () => metrics.cursorErrors.inc(),
    saved: (cursor) => options.onCursor?.(job.name, cursor),
    logger,
  })
  const said = (text: string): void =>
    onceInAMinute(text, (heldBack) => logger.warn('journalctl says', { job: job.name, text, ...(heldBack === 0 ? {} : { heldBack }) }))
  const noticeCut = createCutLines({ maxLineBytes: options.maxLineBytes, longLines: options.longLines, logger })(`journal of ${job.name}`)
  const onCut: OnCut = (...cut) => {
    metrics.cutLines.inc({ job: job.name })
    noticeCut(...cut)
  }
  const common = {
    ...options,
    stages: job.pipeline,
    what: 'entries of the journal',
    refused: (entries: number) => metrics.refused.inc({ job: job.name }, entries),
    onCut,
    now,
  }
  try {
    await writeEntries(common, emit, stop, async (write, end) => {
      const base = createLabelSet(options.externalLabels)
      const taking = createTakeEntry({ ...options, base, begin, write, onCut, reached: keeper.reached })
      for (let failures = 1; !end.aborted; failures++) {
        const before = taking.cursor()
        try {
          const { path: directory, matches } = job
          const round = { program, path: directory, matches, cursor: before, sinceMs, maxLineBytes: MAX_ENTRY_BYTES, said }
          taking.begin()
          for await (const pieces of readJournal(round, end)) for (const piece of pieces) await taking.take(piece)
          return
        } catch (error) {
          if (!(error instanceof JournalEndedError)) throw error
          if (error.isCursorRefused) taking.forgetCursor()
          else if (taking.cursor() !== before) failures = 1
          metrics.restarts.inc({ job: job.name })
          onceInAMinute('ended', (heldBack) =>
            logger.error('the journal is not read, journalctl is started again', { job: job.name, error: error.message, heldBack }),
          )
        }
        await sleep(delayMs({ ...BACKOFF, ...options.backoff }, failures), undefined, { signal: end }).catch(() => undefined)
      }
    })
  } finally {
    metrics.closed(job.name)
    await keeper.settled()
  }
}

/** Where to go on, and whether the entry there has to be among those that are read. */
async function beginOf({ job, formerPositionsPath, logger }: CollectJobOptions, path: string) {
  const stored = await loadCursor(path, logger)
  if (stored.cursor !== '') return { cursor: stored.cursor, isSelected: stored.selection === selectionOf(job) }
  const former = formerPositionsPath === undefined ? '' : await loadFormerCursor(formerPositionsPath, job, logger)
  return { cursor: former, isSelected: true }
}

/** Between half of it and all of it, so that many do not come at once. */
const delayMs = ({ minMs, maxMs }: { readonly minMs: number; readonly maxMs: number }, failures: number): number =>
  Math.min(minMs * 2 ** (failures - 1), maxMs) * (0.5 + Math.random() / 2)
