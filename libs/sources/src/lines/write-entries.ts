import type { Emit } from '@clymene/model'
import type { Backoff } from '@clymene/runtime'

import { createEntryWriter, type EntryWriter, type EntryWriterOptions } from './entry-writer.ts'
import { patientEmit } from './patient-emit.ts'

export type WriteEntriesOptions = EntryWriterOptions & {
  /** What the entries are of, for the log. */
  readonly what: string
  /** Counts entries that the buffer refused for good. */
  readonly refused: (entries: number) => void
  readonly backoff?: Partial<Backoff>
  /** How long the last entries may take after the stop. Default 5 s. */
  readonly stopWaitMs?: number
}

/** Writes entries until `end` aborts. */
export type CollectEntries = (write: EntryWriter['write'], end: AbortSignal) => Promise<void>

const STOP_WAIT_MS = 5000

/**
 * The frame of a source whose entries wait until the buffer takes them: runs `collect` until it ends, `stop` aborts or the buffer fails, then hands over
 * what is left.
 *
 * @throws what emit rejects with for good, and what `collect` throws
 */
export async function writeEntries(options: WriteEntriesOptions, emit: Emit, stop: AbortSignal, collect: CollectEntries): Promise<void> {
  const { what, refused, logger, backoff = {}, stopWaitMs = STOP_WAIT_MS } = options
  const failed = new AbortController()
  const drain = new AbortController()
  let patience: NodeJS.Timeout | undefined
  const beginPatience = (): void => {
    patience = setTimeout(() => drain.abort(), stopWaitMs)
  }
  stop.addEventListener('abort', beginPatience, { once: true })
  if (stop.aborted) beginPatience()
  const patient = patientEmit({ what, refused, broken: () => failed.abort(), logger, backoff }, emit)
  const writer = createEntryWriter(options, patient, drain.signal)
  try {
    await collect(writer.write, AbortSignal.any([stop, failed.signal]))
    await writer.finish()
  } catch (error) {
    if (!drain.signal.aborted) throw error
  } finally {
    clearTimeout(patience)
    stop.removeEventListener('abort', beginPatience)
  }
}
