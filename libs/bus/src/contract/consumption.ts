import type { BatchHandler, Bus, BusRecord, PartitionBatch } from '@clymene/model'
import { expect, vi } from 'vitest'

/** Longest wait for a condition: a broker under load on a busy machine needs much of it. */
export const WAIT_MS = 60_000

export const never = (): AbortSignal => new AbortController().signal
export const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)))

/** Reads until `count` messages have come, then stops: what was handled is committed when this resolves. */
export async function readAll(bus: Bus, topic: string, group: string, count: number): Promise<readonly BusRecord[]> {
  const reading = consumption(bus, topic, group)
  await reading.until(() => reading.records.length >= count)
  await reading.stop()
  expect(reading.records).toHaveLength(count)
  return reading.records
}

export type Consumption = {
  readonly records: BusRecord[]
  readonly batches: PartitionBatch[]
  /** Waits for the condition; rejects with the consumption's error when it ends first. */
  readonly until: (condition: () => boolean) => Promise<void>
  readonly stop: () => Promise<void>
}

/** Starts to consume and keeps what comes. */
export function consumption(bus: Bus, topic: string, group: string, handle: BatchHandler = () => Promise.resolve()): Consumption {
  const stop = new AbortController()
  const records: BusRecord[] = []
  const batches: PartitionBatch[] = []
  let failure: unknown
  const done = bus
    .consume(
      topic,
      group,
      async (batch, signal) => {
        batches.push(batch)
        // A value may be a view of memory that the bus uses again after the call.
        records.push(...batch.records.map((record) => ({ ...record, value: Buffer.from(record.value) })))
        await handle(batch, signal)
      },
      stop.signal,
    )
    .catch((error: unknown) => {
      failure = error
    })
  const rethrow = (): void => {
    if (failure !== undefined) throw asError(failure)
  }
  return {
    records,
    batches,
    until: async (condition) => {
      await vi.waitFor(
        () => {
          if (failure === undefined && !condition()) throw new Error(`still waiting, ${records.length} messages of ${topic} came`)
        },
        { timeout: WAIT_MS, interval: 10 },
      )
      rethrow()
    },
    stop: async () => {
      stop.abort()
      await done
      rethrow()
    },
  }
}
