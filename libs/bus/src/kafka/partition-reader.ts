import type { BatchHandler, BusRecord, PartitionBatch } from '@clymene/model'

import type { PartitionTakeover } from './session-watch.ts'

export type PartitionReaderOptions = {
  readonly topic: string
  readonly partition: number
  readonly batchBytes: number
  readonly handle: BatchHandler
  /** @returns false when the partition was lost before. */
  readonly commit: (next: bigint) => Promise<boolean>
  /** Whether a new call may start now; {@link PartitionReader.kick} tells when that changes. */
  readonly mayStart: () => boolean
  /** A call of an earlier reader of this partition that has not returned yet: there is only one at a time. */
  readonly after: Promise<void>
  /** How it was when it was taken over, asked for when the first messages have come. */
  readonly takeover: () => PartitionTakeover
  readonly onCommitted: (messages: number, next: bigint) => void
  readonly onFailure: (error: unknown) => void
}

/** One partition while it is assigned: a queue, and one call at a time that is committed before the next one starts. */
export type PartitionReader = {
  readonly partition: number
  /** `expired`: messages right before these that were deleted unread. */
  readonly push: (records: readonly BusRecord[], bytes: number, next: bigint, expired?: number) => void
  /** Offset of the message behind the last one that came; undefined before the first. */
  readonly position: () => bigint | undefined
  readonly queuedBytes: () => number
  readonly pendingSince: () => number | undefined
  /** Nothing is being handled and nothing waits. */
  readonly isIdle: () => boolean
  /** Unix time in ms of the first message here that is not committed; undefined when there is none or it has no time. */
  readonly oldest: () => number | undefined
  readonly kick: () => void
  /** The partition is somebody else's: the call's signal aborts, nothing more is committed. */
  readonly lose: (reason: Error) => void
  /** Resolves when no call is pending and what was handled is committed. */
  readonly idle: () => Promise<void>
}

type Chunk = {
  readonly records: readonly BusRecord[]
  readonly bytes: number
  readonly next: bigint
  /** It may have been handled before: the first since the partition was taken over, or offsets went back (a topic made anew). */
  readonly takeover: boolean
  /** What a batch that begins with it says: it must not be joined to one before. */
  readonly told: Pick<PartitionBatch, 'repeatsBefore' | 'committed' | 'expired'>
}

const NOTHING_KNOWN: PartitionTakeover = { committed: undefined, end: undefined }

export function createPartitionReader(options: PartitionReaderOptions): PartitionReader {
  const { topic, partition } = options
  const lost = new AbortController()
  let queue: Chunk[] = []
  let queuedBytes = 0
  let position: bigint | undefined
  let pendingSince: number | undefined
  /** What a call has got and what of it is not committed yet. */
  let unsettled: readonly BusRecord[] = []
  let running: Promise<void> | undefined

  const run = async (): Promise<void> => {
    await options.after
    while (!lost.signal.aborted && options.mayStart() && queue.length > 0) {
      const { records, next, takeover, told } = take()
      pendingSince = Date.now()
      unsettled = records
      const { commit, isOurs } = commitSteps(records, next)
      await options.handle({ topic, partition, records, takeover, ...told, commit, isOurs }, lost.signal)
      pendingSince = undefined
      await commit(records.length)
      unsettled = []
    }
  }

  /** Commits of one batch, from its start: each waits also for those before it. */
  const commitSteps = (records: readonly BusRecord[], next: bigint) => {
    let committed = 0
    let done = Promise.resolve()
    const offsetOf = (count: number): bigint => records[count]?.origin.offset ?? next
    const commit = (count: number): Promise<void> => {
      if (count <= committed || lost.signal.aborted) return done
      const messages = count - committed
      const upTo = offsetOf(count)
      committed = count
      const before = done
      done = options.commit(upTo).then(async (isCommitted) => {
        await before
        if (!isCommitted) return
        unsettled = records.slice(count)
        options.onCommitted(messages, upTo)
      })
      return done
    }
    // The broker takes a commit of where the group stands from nobody else.
    return { commit, isOurs: () => (lost.signal.aborted ? Promise.resolve(false) : options.commit(offsetOf(committed))) }
  }

  const take = (): Chunk => {
    let bytes = 0
    let count = 0
    for (const chunk of queue) {
      if (count > 0 && (chunk.takeover || chunk.told.expired !== undefined || bytes + chunk.bytes > options.batchBytes)) break
      bytes += chunk.bytes
      count++
    }
    const taken = queue.slice(0, count)
    queue = queue.slice(count)
    queuedBytes -= bytes
    const records = taken.length === 1 ? taken[0]!.records : taken.flatMap((chunk) => chunk.records)
    const { takeover, told } = taken[0]!
    return { records, bytes, next: taken.at(-1)!.next, takeover, told }
  }

  const kick = (): void => {
    if (lost.signal.aborted || queue.length === 0) return
    running ??= run()
      .catch((error: unknown) => {
        // What a call throws because its partition was lost is of no interest.
        if (!lost.signal.aborted) options.onFailure(error)
      })
      .finally(() => {
        pendingSince = undefined
        running = undefined
        if (options.mayStart()) kick()
      })
  }

  return {
    partition,
    push: (records, bytes, next, expired = 0) => {
      const takeover = position === undefined || records[0]!.origin.offset < position
      // Of a topic made anew it is not known.
      const { committed, end } = position === undefined ? options.takeover() : NOTHING_KNOWN
      const told = {
        ...(end === undefined ? {} : { repeatsBefore: end }),
        ...(committed === undefined ? {} : { committed }),
        ...(expired === 0 ? {} : { expired }),
      }
      queue.push({ records, bytes, next, takeover, told })
      queuedBytes += bytes
      position = next
      kick()
    },
    position: () => position,
    queuedBytes: () => queuedBytes,
    pendingSince: () => pendingSince,
    isIdle: () => running === undefined && queue.length === 0,
    oldest: () => {
      const timestampMs = (unsettled[0] ?? queue[0]?.records[0])?.origin.timestampMs
      return timestampMs === undefined || timestampMs < 0 ? undefined : timestampMs
    },
    kick,
    lose: (reason) => {
      queue = []
      queuedBytes = 0
      lost.abort(reason)
    },
    idle: () => running ?? Promise.resolve(),
  }
}
