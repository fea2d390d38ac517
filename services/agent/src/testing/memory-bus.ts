import { setTimeout as sleep } from 'node:timers/promises'

import type { Bus, BusRecord, Envelope } from '@clymene/model'

export type MemoryBus = Bus & {
  /** What was produced to a topic, in order. */
  readonly produced: (topic: string) => readonly Envelope[]
  /** How many messages a group is done with. */
  readonly committed: (topic: string, group: string) => number
  /** What every produce rejects with from now on. */
  failure: Error | undefined
  /** What every consumption rejects with when it looks for messages next. */
  readFailure: Error | undefined
}

/** A bus of one partition a topic, in memory; calls come and go as on a real one. */
export function createMemoryBus(): MemoryBus {
  const topics = new Map<string, BusRecord[]>()
  const offsets = new Map<string, number>()
  const recordsOf = (topic: string): BusRecord[] => topics.get(topic) ?? topics.set(topic, []).get(topic) ?? []
  const keyOf = (topic: string, group: string): string => `${topic} ${group}`

  const bus: MemoryBus = {
    failure: undefined,
    readFailure: undefined,
    produced: recordsOf,
    committed: (topic, group) => offsets.get(keyOf(topic, group)) ?? 0,
    produce: async (topic, envelopes) => {
      if (bus.failure !== undefined) throw bus.failure
      const records = recordsOf(topic)
      for (const envelope of envelopes) {
        const offset = BigInt(records.length)
        records.push({ ...envelope, origin: { logId: 'memory', topic, partition: 0, offset, timestampMs: 0 } })
      }
    },
    consume: async (topic, group, handle, signal) => {
      let takeover = true
      while (!signal.aborted) {
        if (bus.readFailure !== undefined) throw bus.readFailure
        const from = bus.committed(topic, group)
        const records = recordsOf(topic).slice(from)
        if (records.length === 0) {
          await sleep(1)
          continue
        }
        const commit = (count: number): Promise<void> => {
          offsets.set(keyOf(topic, group), from + count)
          return Promise.resolve()
        }
        try {
          await handle({ topic, partition: 0, records, takeover, commit }, signal)
        } catch (error) {
          if (signal.aborted) return
          throw error
        }
        await commit(records.length)
        takeover = false
      }
    },
    read: async function* (topic, _partition, from, to) {
      const records = recordsOf(topic).slice(Number(from), Number(to))
      if (records.length > 0) yield records
    },
    unavailable: () => bus.failure?.message,
    lag: (topic, group) =>
      Promise.resolve([{ partition: 0, committed: BigInt(bus.committed(topic, group)), end: BigInt(recordsOf(topic).length) }]),
    close: () => Promise.resolve(),
  }
  return bus
}
