import type { LagWatch } from './lag-watch.ts'
import type { PartitionReader } from './partition-reader.ts'

/** There are messages, nothing is being handled, and none comes: the client has lost the partition from sight (kafkajs #659). */
export class StalledError extends Error {
  override readonly name = 'StalledError'
  readonly partition: number
  constructor(message: string, partition: number) {
    super(message)
    this.partition = partition
  }
}

/** So often in a row a partition may look the same. */
const LOOKS = 12

/** Progress against lag. A partition whose messages wait for their storage makes none either, and is no stall: it holds messages. */
export function createStallWatch({ topic, group }: { readonly topic: string; readonly group: string }) {
  const seen = new Map<number, { readonly next: bigint; readonly looks: number }>()
  return {
    /**
     * Call with ends that are new.
     *
     * @returns the first partition that has stood still for too many looks.
     */
    look: (readers: Iterable<PartitionReader>, lagOf: LagWatch['lagOf']): StalledError | undefined => {
      for (const reader of readers) {
        const { partition } = reader
        const lag = reader.isIdle() ? lagOf(reader) : undefined
        const before = seen.get(partition)
        if (lag === undefined || lag.messages === 0) {
          seen.delete(partition)
          continue
        }
        const looks = before?.next === lag.next ? before.looks + 1 : 1
        seen.set(partition, { next: lag.next, looks })
        if (looks >= LOOKS) {
          const where = `group ${group}, topic ${topic}, partition ${partition}`
          return new StalledError(`${where}: ${lag.messages} messages wait and none is fetched`, partition)
        }
      }
      return undefined
    },
  }
}
