import type { PartitionLag } from '@clymene/model'

import type { GroupOffsets } from './group-offsets.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Topic } from './topics.ts'

/** {@link Bus.lag}. What was deleted before the group read it is behind it: it cannot catch that up. */
export const groupLag = ({ name, partitions }: Topic, group: string, offsets: GroupOffsets): readonly PartitionLag[] =>
  partitions.map(({ log }, partition) => {
    const committed = offsets.committed(group, name, partition)
    const deleted = Math.max(0, log.start() - (committed ?? log.start()))
    return {
      partition,
      committed: BigInt(standing(log, committed ?? 0)),
      end: BigInt(log.end()),
      ...(deleted === 0 ? {} : { deleted: BigInt(deleted) }),
    }
  })

/** The first offset from `committed` on that is there or will be: between two segments some may be left out. */
export function standing(log: PartitionLog, committed: number): number {
  const at = log.segments.findLastIndex(({ base }) => base <= committed)
  const segment = log.segments[at]
  if (segment === undefined) return log.start()
  const next = log.segments[at + 1]
  return next !== undefined && committed >= segment.end ? next.base : committed
}
