import type { Bus, BusRecord, Envelope } from '@clymene/model'

export type LetterBus = Pick<Bus, 'produce' | 'lag' | 'read'> & {
  /** Puts a message on a partition as it is. */
  readonly put: (topic: string, envelope: Envelope, partition?: number) => void
  readonly records: (topic: string) => readonly BusRecord[]
  /** Deletes the topic: its offsets begin again. */
  readonly remove: (topic: string) => void
  /** Leaves out the oldest messages of partition 0, as retention does. */
  readonly expire: (topic: string, count: number) => void
}

/** A bus of two partitions in memory, for what reads dead letters. Its clock goes on by a second with each message. */
export function createLetterBus(): LetterBus {
  const topics = new Map<string, BusRecord[][]>()
  const starts = new Map<string, number>()
  let timestampMs = 1_000_000
  const partitionsOf = (topic: string): BusRecord[][] => {
    const known = topics.get(topic) ?? [[], []]
    topics.set(topic, known)
    return known
  }
  const put = (topic: string, envelope: Envelope, partition = 0): void => {
    const log = partitionsOf(topic)[partition] ?? []
    timestampMs += 1000
    log.push({ ...envelope, origin: { logId: 'log', topic, partition, offset: BigInt(log.length), timestampMs } })
  }
  return {
    put,
    records: (topic) => partitionsOf(topic).flat(),
    remove: (topic) => void topics.delete(topic),
    expire: (topic, count) => void starts.set(topic, count),
    produce: async (topic, envelopes) => {
      for (const envelope of envelopes) put(topic, envelope)
    },
    lag: async (topic) => {
      const partitions = topics.get(topic)
      if (partitions === undefined) throw Object.assign(new Error('no such topic'), { type: 'UNKNOWN_TOPIC_OR_PARTITION' })
      return partitions.map((log, partition) => ({
        partition,
        committed: BigInt(partition === 0 ? (starts.get(topic) ?? 0) : 0),
        end: BigInt(log.length),
      }))
    },
    async *read(topic, partition, from, to, signal) {
      const log = partitionsOf(topic)[partition] ?? []
      for (let at = Number(from); at < Number(to); at += 3) {
        signal.throwIfAborted()
        yield log.slice(at, Math.min(at + 3, Number(to)))
      }
    },
  }
}
