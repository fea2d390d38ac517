import type { BatchHandler, BusRecord, PartitionBatch } from '@clymene/model'

import type { PartitionTakeover } from './session-watch.ts'

export type PartitionReaderOptions = {
  readonly topic: string
  readonly partition: number
  readonly batchBytes: number
  /** A batch of fewer bytes waits so long for more messages, from when its first one came. */
  readonly batchWaitMs: number
  readonly handle: BatchHandler
  /** @returns false when the partition was lost before. */
  readonly commit: (next: bigint) => Promise<boolean>
  /** Whether a new call may start now; {@link PartitionReader.kick} tells when that changes. */
  readonly mayStart: () => boolean
  /** A call of an earlier reader of this partition that has not returned yet: there is only one at a time. */
  readonly after: Promise<void>
  /** How it was when it was taken over, asked for when the first messages have come. */
  readonly takeover: () => PartitionTakeover
  readonly onCommitted: (messages: readonly BusRecord[], next: bigint) => void
  readonly onFailure: (error: unknown) => void
}

/** One partition while it is assigned: a queue, and one call at a time that is committed before the next one starts. */
export type PartitionReader = {
  readonly partition: number
  /** `expired`: messages right before these that were deleted unread. `release` is called when nobody looks at the values any more, or never. */
  readonly push: (records: readonly BusRecord[], bytes: number, next: bigint, expired?: number, release?: () => void) => void
  /** The partition was taken over. Where nothing waits for the group a call without messages says so. */
  readonly greet: () => void
  /** Offset of the message behind the last one that came; undefined before the first. */
  readonly position: () => bigint | undefined
  /** Of values that wait or are being handled. */
  readonly queuedBytes: () => number
  /** By the clock of `performance.now()`. */
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
  /** By the clock of `performance.now()`. */
  readonly cameAt: number
  /** It may have been handled before: the first since the partition was taken over, or offsets went back (a topic made anew). */
  readonly takeover: boolean
  /** What a batch that begins with it says: it must not be joined to one before. */
  readonly told: Pick<PartitionBatch, 'repeatsBefore' | 'committed' | 'expired'>
  readonly release: () => void
}

/** Whether a batch has to begin with it. */
const isApart = ({ takeover, told }: Chunk): boolean => takeover || told.expired !== undefined

const NOTHING_TO_RELEASE = (): void => undefined

const NOTHING_KNOWN: PartitionTakeover = { committed: undefined, end: undefined }

export function createPartitionReader(options: PartitionReaderOptions): PartitionReader {
  const { topic, partition } = options
  const lost = new AbortController()
  let queue: Chunk[] = []
  /** Of the queue. */
  let waitingBytes = 0
  /** Of the call that is pending. */
  let pendingBytes = 0
  let waiting: NodeJS.Timeout | undefined
  let position: bigint | undefined
  let pendingSince: number | undefined
  /** What a call has got and what of it is not committed yet. */
  let unsettled: readonly BusRecord[] = []
  let running: Promise<void> | undefined

  const run = async (): Promise<void> => {
    await options.after
    while (!lost.signal.aborted && options.mayStart() && queue.length > 0 && waitMs() <= 0) {
      const { records, bytes, next, takeover, told, release } = take()
      pendingBytes = bytes
      pendingSince = performance.now()
      unsettled = records
      const { commit, isOurs } = commitSteps(records, next)
      await options.handle({ topic, partition, records, takeover, ...told, commit, isOurs, release }, lost.signal)
      pendingSince = undefined
      pendingBytes = 0
      await commit(records.length)
      unsettled = []
    }
  }

  /** How long what waits here is to wait for more; not when there is enough, or nothing that comes can be joined to it. */
  const waitMs = (): number => {
    const [first] = queue
    if (first === undefined || first.takeover || waitingBytes >= options.batchBytes) return 0
    if (queue.some((chunk, index) => index > 0 && isApart(chunk))) return 0
    return first.cameAt + options.batchWaitMs - performance.now()
  }

  /** Commits of one batch, from its start: each waits also for those before it. */
  const commitSteps = (records: readonly BusRecord[], next: bigint) => {
    let committed = 0
    let done = Promise.resolve()
    const offsetOf = (count: number): bigint => records[count]?.origin.offset ?? next
    const commit = (count: number): Promise<void> => {
      if (count <= committed || lost.signal.aborted) return done
      const messages = records.slice(committed, count)
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

  const take = (): Omit<Chunk, 'cameAt'> => {
    let bytes = 0
    let count = 0
    for (const chunk of queue) {
      if (count > 0 && (isApart(chunk) || bytes + chunk.bytes > options.batchBytes)) break
      bytes += chunk.bytes
      count++
    }
    const taken = queue.slice(0, count)
    queue = queue.slice(count)
    waitingBytes -= bytes
    const records = taken.length === 1 ? taken[0]!.records : taken.flatMap((chunk) => chunk.records)
    const { takeover, told } = taken[0]!
    const release = (): void => taken.forEach((chunk) => chunk.release())
    return { records, bytes, next: taken.at(-1)!.next, takeover, told, release }
  }

  const kick = (): void => {
    if (lost.signal.aborted || queue.length === 0) return
    const wait = running === undefined ? waitMs() : 0
    if (wait > 0) {
      waiting ??= setTimeout(() => {
        waiting = undefined
        kick()
      }, Math.ceil(wait))
      return
    }
    running ??= run()
      .catch((error: unknown) => {
        // What a call throws because its partition was lost is of no interest.
        if (!lost.signal.aborted) options.onFailure(error)
      })
      .finally(() => {
        pendingSince = undefined
        pendingBytes = 0
        running = undefined
        if (options.mayStart()) kick()
      })
  }

  return {
    partition,
    push: (records, bytes, next, expired = 0, release = NOTHING_TO_RELEASE) => {
      const takeover = position === undefined || records[0]!.origin.offset < position
      // Of a topic made anew it is not known.
      const { committed, end } = position === undefined ? options.takeover() : NOTHING_KNOWN
      const told = {
        ...(end === undefined ? {} : { repeatsBefore: end }),
        ...(committed === undefined ? {} : { committed }),
        ...(expired === 0 ? {} : { expired }),
      }
      queue.push({ records, bytes, next, cameAt: performance.now(), takeover, told, release })
      waitingBytes += bytes
      position = next
      kick()
    },
    greet: () => {
      const { committed, end } = options.takeover()
      if (committed === undefined || committed !== end || position !== undefined || queue.length > 0) return
      const told = { committed, repeatsBefore: end }
      queue.push({ records: [], bytes: 0, next: committed, cameAt: performance.now(), takeover: true, told, release: NOTHING_TO_RELEASE })
      kick()
    },
    position: () => position,
    queuedBytes: () => waitingBytes + pendingBytes,
    pendingSince: () => pendingSince,
    isIdle: () => running === undefined && queue.length === 0,
    oldest: () => {
      const timestampMs = (unsettled[0] ?? queue[0]?.records[0])?.origin.timestampMs
      return timestampMs === undefined || timestampMs < 0 ? undefined : timestampMs
    },
    kick,
    lose: (reason) => {
      for (const { release } of queue) release()
      queue = []
      waitingBytes = 0
      clearTimeout(waiting)
      lost.abort(reason)
    },
    idle: () => running ?? Promise.resolve(),
  }
}
