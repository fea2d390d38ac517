import { sealRecord, type EncodedRecord, type LogPlace } from './record.ts'
import type { Damage } from './scan.ts'
import type { OpenLogFile } from './segment-file.ts'
import { createSegment, openSegments, type Segment } from './segment.ts'

export type PartitionLogOptions = {
  readonly place: LogPlace
  readonly directory: string
  /** Before they are called done, appended records are synced to the disk. */
  readonly syncAppends: boolean
  /** The next offset is at least this: what a group has committed. */
  readonly minimumEnd: number
  /** So many offsets are left out, because records that were read may have been lost in a power cut. */
  readonly skipOffsets: number
  readonly open: OpenLogFile
  readonly now: () => number
  readonly damaged: (path: string, damage: Damage) => void
  /** So many bytes at the end of the file were no whole record, and were cut off. */
  readonly torn: (path: string, bytes: number) => void
  readonly synced: (seconds: number) => void
}

/** The records of one partition, in segment files of its own. `append`, `roll` and `sync` are called one after the other. */
export type PartitionLog = {
  readonly place: LogPlace
  /** Oldest first, never empty; the last one takes the appends. */
  readonly segments: readonly Segment[]
  /** Offset of the oldest record that is still there. */
  readonly start: () => number
  /** Offset that the next record gets. */
  readonly end: () => number
  readonly bytes: () => number
  /** Rejects with the error of the file system: then none of them is visible, now or after a restart. */
  readonly append: (records: readonly EncodedRecord[]) => Promise<void>
  /** Begins a new segment when the last one holds something. */
  readonly roll: () => Promise<void>
  readonly sync: () => Promise<void>
  /** Deletes the oldest segment, unless it is the last one. */
  readonly removeOldest: () => Promise<void>
  /** Resolves when there is a record with that offset or a later one, or the signal aborts. */
  readonly arrival: (offset: number, signal: AbortSignal) => Promise<void>
  readonly damaged: (path: string, damage: Damage) => void
  readonly close: () => Promise<void>
}

export async function openPartitionLog(options: PartitionLogOptions): Promise<PartitionLog> {
  const { directory, open } = options
  const damaged = reportOnce(options.damaged)
  const segments: Segment[] = []
  try {
    await openSegments(
      segments,
      directory,
      open,
      ({ file }, damage) => damaged(file.path, damage),
      ({ file }, bytes) => options.torn(file.path, bytes),
    )
    const end = segments.at(-1)?.end ?? 0
    const base = Math.max(options.minimumEnd, end + options.skipOffsets)
    if (segments.length === 0 || base > end) segments.push(await createSegment(directory, base, end, open))
    return createPartitionLog({ ...options, damaged }, segments)
  } catch (error) {
    for (const { file } of segments) await file.close()
    throw error
  }
}

/** Each group finds the same damage: it is counted and logged by the first one. */
function reportOnce(report: PartitionLogOptions['damaged']): PartitionLogOptions['damaged'] {
  const known = new Set<string>()
  return (path, damage) => {
    const key = `${path} ${damage.position}`
    if (known.has(key)) return
    known.add(key)
    report(path, damage)
  }
}

function createPartitionLog(options: PartitionLogOptions, segments: Segment[]): PartitionLog {
  const { place, directory, open, syncAppends, now, damaged } = options
  const waiters = new Set<() => void>()
  let bytes = segments.reduce((sum, segment) => sum + segment.length, 0)
  /** Something was written that was not synced. */
  let unsynced = false
  /** A write failed: what is behind the visible end has to go before anything is written again. */
  let broken = false

  const last = (): Segment => {
    const segment = segments.at(-1)
    if (segment === undefined) throw new Error('a partition without segments')
    return segment
  }
  const sync = async (): Promise<void> => {
    if (!unsynced) return
    const start = performance.now()
    // Set before: what is written meanwhile needs another sync.
    unsynced = false
    try {
      await last().file.sync()
    } catch (error) {
      unsynced = true
      throw error
    }
    options.synced((performance.now() - start) / 1000)
  }
  const roll = async (): Promise<void> => {
    const active = last()
    if (active.end === active.base) return
    await sync()
    segments.push(await createSegment(directory, active.end, active.end, open))
    bytes += last().length
  }
  // After a failed write or sync nobody knows which of its bytes are on the disk: the next records go into a new file,
  // whose header says where this one ends.
  const mend = async (): Promise<void> => {
    const { file, length } = last()
    await file.truncate(length)
    await roll()
    broken = false
  }
  const append = async (records: readonly EncodedRecord[]): Promise<void> => {
    if (broken) await mend()
    const segment = last()
    const timestampMs = now()
    for (const [index, record] of records.entries()) sealRecord(record, segment.end + index, timestampMs)
    const buffers = records.flatMap(({ head, value }) => (value.length === 0 ? [head] : [head, value]))
    const added = records.reduce((sum, record) => sum + record.bytes, 0)
    try {
      await segment.file.write(buffers, segment.length)
      unsynced = true
      if (syncAppends) await sync()
    } catch (error) {
      broken = true
      // What is visible was synced before: of the rest nothing has to survive.
      if (syncAppends) unsynced = false
      await segment.file.truncate(segment.length).catch(() => undefined)
      throw error
    }
    segment.length += added
    segment.end += records.length
    segment.oldestMs ??= timestampMs
    segment.newestMs = timestampMs
    bytes += added
    // Each one leaves the set: deleting while a Set is walked through is safe.
    for (const wake of waiters) wake()
  }
  return {
    place,
    segments,
    start: () => segments[0]?.base ?? 0,
    end: () => last().end,
    bytes: () => bytes,
    append,
    roll,
    sync,
    removeOldest: async () => {
      if (segments.length < 2) return
      const oldest = segments.shift()
      if (oldest === undefined) return
      bytes -= oldest.length
      await oldest.file.remove()
    },
    arrival: (offset, signal) =>
      new Promise((resolve) => {
        if (signal.aborted || last().end > offset) {
          resolve()
          return
        }
        const wake = (): void => {
          waiters.delete(wake)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        waiters.add(wake)
        signal.addEventListener('abort', wake, { once: true })
      }),
    damaged,
    close: async () => {
      try {
        await sync()
      } finally {
        for (const { file } of segments) await file.close()
      }
    },
  }
}
