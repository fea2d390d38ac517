import type { Logger, PartitionLag } from '@clymene/model'

import { abortable } from './abortable.ts'
import type { KafkaConnection } from './client.ts'
import { createClusterAccess, partitionsOf } from './cluster-access.ts'
import type { GroupDescription } from './foreign-members.ts'
import type { Cluster, PartitionOffset } from './internals.ts'
import { whileLeadersMove } from './leader-moved.ts'

/** Questions to the cluster that are asked now and then, over connections of their own. */
export type ClusterQueries = {
  /** @throws kafkajs's errors. */
  readonly lag: (topic: string, group: string, signal: AbortSignal) => Promise<readonly PartitionLag[]>
  /**
   * Lets a group that has no offsets for a topic start where another group stands; without those it starts at the oldest
   * message. Does nothing when the group has offsets already.
   *
   * @throws kafkajs's errors, UNKNOWN_MEMBER_ID when the group has members and no offsets yet.
   */
  readonly seedGroupOffsets: (from: string, to: string, topic: string, signal: AbortSignal) => Promise<void>
  /** @throws kafkajs's errors. */
  readonly describeGroup: (group: string, signal: AbortSignal) => Promise<GroupDescription | undefined>
  /** @throws kafkajs's errors when no broker answers. */
  readonly ping: () => Promise<void>
  readonly close: () => void
}

const REQUEST_TIMEOUT_MS = 10_000

export function createClusterQueries(connection: KafkaConnection, logger: Logger): ClusterQueries {
  const { ask, close } = createClusterAccess({ connection, requestTimeoutMs: REQUEST_TIMEOUT_MS, logger })
  return {
    lag: (topic, group, signal) =>
      abortable(
        () =>
          ask(async (cluster) => {
            const committed = new Map(
              (await committedOffsets(cluster, group, topic)).map(({ partition, offset }) => [partition, BigInt(offset)]),
            )
            const oldest = await offsets(cluster, topic, true)
            const ends = await offsets(cluster, topic, false)
            return [...ends]
              .toSorted(([a], [b]) => a - b)
              .map(([partition, end]): PartitionLag => {
                const first = oldest.get(partition) ?? 0n
                const own = committed.get(partition) ?? -1n
                return { partition, committed: own < first ? first : own, end }
              })
          }),
        signal,
      ),
    seedGroupOffsets: (from, to, topic, signal) =>
      abortable(
        () =>
          ask(async (cluster) => {
            if ((await committedOffsets(cluster, to, topic)).some(isSet)) return
            const found = (await committedOffsets(cluster, from, topic)).filter(isSet)
            if (found.length === 0) return
            const coordinator = await cluster.findGroupCoordinator({ groupId: to })
            const partitions = found.map(({ partition, offset }) => ({ partition, offset }))
            await coordinator.offsetCommit({ groupId: to, groupGenerationId: NO_MEMBER, memberId: '', topics: [{ topic, partitions }] })
            logger.info('a new group starts where another one stands', { group: to, from, topic })
          }),
        signal,
      ),
    describeGroup: (group, signal) =>
      abortable(
        () =>
          ask(async (cluster) => {
            const coordinator = await cluster.findGroupCoordinator({ groupId: group })
            return (await coordinator.describeGroups({ groupIds: [group] })).groups[0]
          }),
        signal,
      ),
    ping: () => ask((cluster) => cluster.refreshMetadata()),
    close,
  }
}

/** A commit without membership, which a group takes while it has no members. */
const NO_MEMBER = -1

async function committedOffsets(cluster: Cluster, group: string, topic: string): Promise<readonly PartitionOffset[]> {
  const partitions = await partitionsIn(cluster, topic)
  const coordinator = await cluster.findGroupCoordinator({ groupId: group })
  const { responses } = await coordinator.offsetFetch({ groupId: group, topics: [{ topic, partitions }] })
  return responses[0]?.partitions ?? []
}

async function offsets(cluster: Cluster, topic: string, fromBeginning: boolean): Promise<ReadonlyMap<number, bigint>> {
  const partitions = await partitionsIn(cluster, topic)
  const answer = await whileLeadersMove(
    () => cluster.fetchTopicsOffset([{ topic, fromBeginning, partitions }]),
    () => cluster.refreshMetadata(),
  )
  return new Map(answer[0]?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]))
}

const isSet = ({ offset }: PartitionOffset): boolean => Number(offset) >= 0

const partitionsIn = async (cluster: Cluster, topic: string): Promise<readonly { readonly partition: number }[]> =>
  (await partitionsOf(cluster, topic)).map(({ partitionId }) => ({ partition: partitionId }))
