import type { Broker, Cluster, Joined, PartitionOffset } from './internals.ts'

export type GroupMember = {
  /** Sees the generations that the consumer of this cluster joins from now on. */
  readonly observe: (cluster: Cluster) => void
  /**
   * Commits in the name of a generation: the broker refuses when partitions were dealt out anew meanwhile (kafkajs's own
   * commit would send it again in the name of the new generation, kafkajs #1046).
   *
   * @throws kafkajs's errors.
   */
  readonly commit: (offsets: readonly PartitionOffset[], generation: Joined) => Promise<void>
}

export type GroupMemberOptions = {
  readonly topic: string
  readonly group: string
  /** Runs before each request to join and holds it up: what is being handled may finish and be committed. */
  readonly beforeJoin: () => Promise<void>
  readonly onJoined: (joined: Joined) => void
  readonly onJoinFailed: () => void
  /** Where the group stands in the partitions that the consumer will now fetch; they are fetched after it. */
  readonly onStanding: (committed: readonly PartitionOffset[]) => Promise<void>
}

export function createGroupMember({ topic, group, beforeJoin, onJoined, onJoinFailed, onStanding }: GroupMemberOptions): GroupMember {
  const observed = new WeakSet<Broker>()
  let members: Cluster | undefined
  let coordinator: Broker | undefined

  const observeBroker = (broker: Broker): Broker => {
    if (observed.has(broker)) return broker
    observed.add(broker)
    const join = broker.joinGroup.bind(broker)
    broker.joinGroup = async (request) => {
      await beforeJoin()
      const joined = await join(request).catch((error: unknown) => {
        onJoinFailed()
        throw error
      })
      onJoined({ generationId: joined.generationId, memberId: joined.memberId })
      return joined
    }
    const fetchOffsets = broker.offsetFetch.bind(broker)
    broker.offsetFetch = async (request) => {
      const answer = await fetchOffsets(request)
      await onStanding(answer.responses.find((one) => one.topic === topic)?.partitions ?? [])
      return answer
    }
    return broker
  }

  return {
    observe: (cluster) => {
      members = cluster
      const find = cluster.findGroupCoordinator.bind(cluster)
      cluster.findGroupCoordinator = async (request) => observeBroker(await find(request))
    },
    commit: async (offsets, { generationId, memberId }) => {
      if (members === undefined) throw new Error('a commit before the group was joined')
      coordinator ??= await members.findGroupCoordinator({ groupId: group })
      try {
        await coordinator.offsetCommit({
          groupId: group,
          groupGenerationId: generationId,
          memberId,
          topics: [{ topic, partitions: offsets }],
        })
      } catch (error) {
        coordinator = undefined
        throw error
      }
    },
  }
}
