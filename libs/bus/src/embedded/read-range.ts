import { RetryableError, type BusRecord } from '@clymene/model'

import { createLogReader } from './log-reader.ts'
import type { Topic } from './topics.ts'

export type RecordRange = { readonly partition: number; readonly from: bigint; readonly to: bigint; readonly batchBytes: number }

/** The part of {@link Bus.read} that knows the log: steps of about `batchBytes`. */
export async function* readRange(
  { name, partitions }: Topic,
  { partition, from, to, batchBytes }: RecordRange,
  signal: AbortSignal,
): AsyncGenerator<readonly BusRecord[]> {
  const log = partitions[partition]?.log
  if (log === undefined) throw new RetryableError(`topic ${name} has no partition ${partition}, only ${partitions.length}`)
  const reader = createLogReader(log, Number(from))
  while (reader.offset() < to) {
    signal.throwIfAborted()
    const batch = await reader.next(batchBytes)
    if (batch === undefined) return
    const records = batch.records.filter(({ origin }) => origin.offset < to)
    if (records.length > 0) yield records
  }
}
