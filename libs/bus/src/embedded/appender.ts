import type { PartitionLog } from './partition-log.ts'
import type { EncodedRecord } from './record.ts'

export type AppenderOptions = {
  readonly log: PartitionLog
  /** A segment is not made longer than this by a further flush. */
  readonly segmentBytes: () => number
  readonly maxFlushBytes: number
  /** Makes room for so many bytes; rejects when there is none. What it gives is called when they are written, or were not. */
  readonly reserve: (bytes: number, log: PartitionLog) => Promise<() => void>
  readonly written: (records: number) => void
  /** Gives the error that the callers of a flush get that failed. */
  readonly failed: (error: unknown) => unknown
}

/** The one writer of a partition: callers that come while a flush is under way share the next one. */
export type Appender = {
  readonly log: PartitionLog
  /** Resolves when the records are durable. Aborted before its flush began, nothing of it is written. */
  readonly append: (records: readonly EncodedRecord[], signal: AbortSignal) => Promise<void>
  /** Runs between two flushes. */
  readonly between: (task: () => Promise<void>) => Promise<void>
  /** Bytes that wait. */
  readonly queuedBytes: () => number
  /** Resolves when nothing waits any more. */
  readonly idle: () => Promise<void>
}

type Waiting = {
  readonly records: readonly EncodedRecord[]
  readonly bytes: number
  readonly signal: AbortSignal
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export function createAppender({ log, segmentBytes, maxFlushBytes, reserve, written, failed }: AppenderOptions): Appender {
  const waiting: Waiting[] = []
  let queuedBytes = 0
  /** Ends when the turns that were asked for until now are over. */
  let turn: Promise<void> = Promise.resolve()
  let flushing = false

  const append = (records: readonly EncodedRecord[], signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason)
      const bytes = records.reduce((sum, record) => sum + record.bytes, 0)
      const settled = (): void => {
        signal.removeEventListener('abort', onAbort)
        queuedBytes -= bytes
      }
      signal.addEventListener('abort', onAbort, { once: true })
      queuedBytes += bytes
      waiting.push({
        records,
        bytes,
        signal,
        resolve: () => {
          settled()
          resolve()
        },
        reject: (error) => {
          settled()
          reject(error)
        },
      })
      if (!flushing) {
        flushing = true
        void between(flushNext)
      }
    })
  const between = (task: () => Promise<void>): Promise<void> => {
    const done = turn.then(task)
    turn = done.catch(() => undefined)
    return done
  }
  // One flush at a turn: a sync or roll that was asked for meanwhile comes before the next.
  const flushNext = async (): Promise<void> => {
    await flush(takeFlush())
    if (waiting.length > 0) void between(flushNext)
    else flushing = false
  }
  const takeFlush = (): readonly Waiting[] => {
    let bytes = 0
    let count = 0
    for (const call of waiting) {
      if (count > 0 && bytes + call.bytes > maxFlushBytes) break
      bytes += call.bytes
      count++
    }
    return waiting.splice(0, count)
  }
  const idle = async (): Promise<void> => {
    let last: Promise<void> | undefined
    while (last !== turn) {
      last = turn
      await last
    }
  }
  const flush = async (taken: readonly Waiting[]): Promise<void> => {
    const calls = taken.filter(({ signal }) => !signal.aborted)
    for (const call of taken) if (call.signal.aborted) call.reject(call.signal.reason)
    if (calls.length === 0) return
    const records = calls.flatMap((call) => call.records)
    const bytes = calls.reduce((sum, call) => sum + call.bytes, 0)
    try {
      const release = await reserve(bytes, log)
      try {
        if ((log.segments.at(-1)?.length ?? 0) + bytes > segmentBytes()) await log.roll()
        await log.append(records)
      } finally {
        release()
      }
    } catch (error) {
      const told = failed(error)
      for (const call of calls) call.reject(told)
      return
    }
    written(records.length)
    for (const call of calls) call.resolve()
  }
  return { log, append, between, queuedBytes: () => queuedBytes, idle }
}
