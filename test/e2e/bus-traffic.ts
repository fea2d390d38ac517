import { setTimeout as sleep } from 'node:timers/promises'

import { PROTOBUF, RetryableError, type BatchHandler, type Bus, type BusRecord, type Envelope, type PartitionBatch } from '@clymene/model'
import { vi } from 'vitest'

export const WAIT_MS = 120_000
export const never = (): AbortSignal => new AbortController().signal

/** `count` messages of each key, numbered from `first`. */
export const numbered = (keys: number, first: number, count: number): readonly Envelope[] =>
  Array.from({ length: count }, (_, index) => first + index).flatMap((sequence) =>
    Array.from({ length: keys }, (_, key) => ({
      kind: 'metrics' as const,
      key: `key-${key}`,
      value: Buffer.from(`key-${key} ${sequence}`),
      headers: { contentType: PROTOBUF, agent: 'a', epoch: 1, sequence },
    })),
  )

export type TrafficOptions = { readonly keys: number; readonly perKey: number; readonly pauseMs: number; readonly from?: number }

/** A sender for each key, as agents are: the next message goes when the one before is acknowledged; a retryable failure is sent again. */
export async function produceAll(bus: Bus, topic: string, { keys, perKey, pauseMs, from = 0 }: TrafficOptions): Promise<void> {
  await Promise.all(
    Array.from({ length: keys }, async (_, key) => {
      for (let sequence = from; sequence < from + perKey; sequence++) {
        const envelope = numbered(key + 1, sequence, 1)[key]!
        await untilTaken(bus, topic, envelope)
        if (pauseMs > 0) await sleep(pauseMs)
      }
    }),
  )
}

async function untilTaken(bus: Bus, topic: string, envelope: Envelope): Promise<void> {
  for (;;) {
    try {
      return await bus.produce(topic, [envelope], never())
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error
      await sleep(100)
    }
  }
}

/** Consumes into `records`, which may be shared by several members of a group. */
export function collect(bus: Bus, topic: string, group: string, records: BusRecord[] = [], handle: BatchHandler = () => Promise.resolve()) {
  const stop = new AbortController()
  const batches: PartitionBatch[] = []
  let count = 0
  let failure: unknown
  const done = bus
    .consume(
      topic,
      group,
      async (batch, signal) => {
        batches.push(batch)
        await handle(batch, signal)
        records.push(...batch.records)
        count += batch.records.length
      },
      stop.signal,
    )
    .catch((error: unknown) => {
      failure = error
    })
  return {
    records,
    batches,
    /** Messages that this member handled. */
    count: () => count,
    distinct: () => new Set(records.map(({ key, headers }) => `${key} ${headers.sequence}`)).size,
    until: (condition: () => boolean): Promise<void> =>
      vi.waitFor(
        () => {
          if (failure !== undefined) throw failure
          if (!condition()) throw new Error(`still waiting: ${count} messages of ${topic} came`)
        },
        { timeout: WAIT_MS, interval: 20 },
      ),
    stop: async (): Promise<void> => {
      stop.abort()
      await done
      if (failure !== undefined) throw failure
    },
  }
}

/** Sequence numbers of each key in the order in which they were handled. */
export function sequencesOf(records: readonly BusRecord[]): Map<string, number[]> {
  const found = new Map<string, number[]>()
  for (const { key, headers } of records) found.set(key, [...(found.get(key) ?? []), headers.sequence ?? -1])
  return found
}
