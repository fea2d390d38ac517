import type { BatchHandler } from '@clymene/model'
import { freeBuffer } from '@clymene/runtime'

import { createLogReader, type LogReader, type ReadBatch } from './log-reader.ts'
import type { PartitionLog } from './partition-log.ts'

export type PartitionConsumption = {
  readonly log: PartitionLog
  /** Offset of the first record to hand over. */
  readonly from: number
  /** Where the group stood; undefined when it is new. */
  readonly committed: number | undefined
  /** Bytes of a batch, about. As much again is read ahead while a call is pending. */
  readonly batchBytes: number
  readonly handle: BatchHandler
  /** Makes the offset the group's own; never rejects. */
  readonly commit: (offset: number) => Promise<void>
  /** Told when the oldest record was appended that `handle` has and that is not committed; undefined when it has none. */
  readonly waiting: (sinceMs: number | undefined) => void
}

/**
 * Hands the records to `handle`, a batch at a time, and commits behind it. Ends when `stop` aborts and the pending call is
 * done; rejects when a call rejects, unless its own `signal` was aborted.
 */
export async function consumePartition(
  { log, from, committed: stood, batchBytes, handle, commit, waiting }: PartitionConsumption,
  stop: AbortSignal,
  signal: AbortSignal,
): Promise<void> {
  const reader = createLogReader(log, from)
  const { topic, partition } = log.place
  let takeover = true
  let committed = from
  let ahead: Promise<Ahead> = Promise.resolve({})
  // Nothing is here for the group: who keeps books learns of the takeover all the same.
  if (stood !== undefined && log.end() === stood) await greet()
  while (!stop.aborted) {
    const { batch, next } = await fill(await ahead, reader, log, batchBytes)
    if (batch === undefined) {
      // What cannot be read any more is behind the group, or it would lag for ever.
      if (reader.offset() > committed) {
        committed = reader.offset()
        await commit(committed)
      }
      await log.arrival(reader.offset(), stop)
      continue
    }
    // It takes a while to read: the stop may have come meanwhile.
    if (stop.aborted) return
    ahead = next === undefined ? reader.next(batchBytes).then((read) => ({ batch: read })) : Promise.resolve({ batch: next })
    // A failure of the reading is looked at when the batch is wanted; until then it is not unhandled.
    ahead.catch(() => undefined)
    const commits = createCommits(batch, commit, waiting)
    waiting(batch.records[0]?.origin.timestampMs)
    try {
      const release = (): void => batch.buffers.forEach(freeBuffer)
      await handle({ topic, partition, records: batch.records, ...told(batch, takeover, stood), commit: commits.first, release }, signal)
    } catch (error) {
      await commits.settled()
      waiting(undefined)
      if (signal.aborted) return
      throw error
    }
    await commits.all()
    waiting(undefined)
    committed = batch.end
    takeover = false
  }

  async function greet(): Promise<void> {
    try {
      await handle({ topic, partition, records: [], takeover, committed: BigInt(from) }, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}

/** What a batch says beside its records. */
const told = ({ expired }: ReadBatch, takeover: boolean, stood: number | undefined) => ({
  takeover,
  ...(takeover && stood !== undefined ? { committed: BigInt(stood) } : {}),
  ...(expired > 0 ? { expired } : {}),
})

/** A batch to be handed over, and one that was read already and must not be joined to it. */
type Ahead = { readonly batch?: ReadBatch | undefined; readonly next?: ReadBatch }

/** Adds to what was read ahead what came since: a slow call is followed by a big batch, not by a small old one. */
async function fill({ batch }: Ahead, reader: LogReader, log: PartitionLog, batchBytes: number): Promise<Ahead> {
  if (batch === undefined) return { batch: await reader.next(batchBytes) }
  if (batch.bytes > batchBytes / 2 || log.end() <= reader.offset()) return { batch }
  const more = await reader.next(batchBytes - batch.bytes)
  if (more === undefined) return { batch }
  // What expired is told right before what follows it.
  if (more.expired > 0) return { batch, next: more }
  return {
    batch: {
      ...batch,
      records: [...batch.records, ...more.records],
      end: more.end,
      bytes: batch.bytes + more.bytes,
      buffers: [...batch.buffers, ...more.buffers],
    },
  }
}

/** The commits of one batch: one after the other, never backwards, none after the call has failed. */
function createCommits({ records, end }: ReadBatch, commit: (offset: number) => Promise<void>, waiting: PartitionConsumption['waiting']) {
  let done = 0
  let over = false
  let turn: Promise<void> = Promise.resolve()
  const to = (count: number, offset: number): Promise<void> => {
    if (over || count <= done) return turn
    done = count
    turn = turn.then(() => commit(offset))
    waiting(records[count]?.origin.timestampMs)
    return turn
  }
  return {
    first: async (count: number): Promise<void> => {
      if (!Number.isInteger(count) || count < 0 || count > records.length)
        throw new RangeError(`commit of ${count} records: expected 0 to ${records.length}, the batch has no more`)
      const last = records[count - 1]
      if (last !== undefined) await to(count, count === records.length ? end : Number(last.origin.offset) + 1)
    },
    all: async (): Promise<void> => {
      await to(records.length, end)
      over = true
    },
    settled: async (): Promise<void> => {
      over = true
      await turn
    },
  }
}
