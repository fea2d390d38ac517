import { AssignerProtocol } from 'kafkajs'

/** A group as DescribeGroups tells it. */
export type GroupDescription = {
  /** `Stable`, `Empty` or `Dead`; otherwise partitions are being dealt out and the members' subscriptions are not told. */
  readonly state: string
  readonly protocolType: string
  /** Name of the assignor that the members agreed on. */
  readonly protocol: string
  readonly members: readonly { readonly clientId: string; readonly clientHost: string; readonly memberMetadata: Buffer }[]
}

/** Members that would leave partitions unread: nothing is to be joined beside them. */
export class ForeignMembersError extends Error {
  override readonly name = 'ForeignMembersError'
}

/** Do its members' subscriptions stand there? */
export const isSettled = ({ state }: GroupDescription): boolean => SETTLED.has(state)
const SETTLED: ReadonlySet<string> = new Set(['Stable', 'Empty', 'Dead'])

/** What kafkajs calls its assignor. */
const OURS = 'RoundRobinAssigner'

/**
 * Whom we must not join: in a group whose members read different topics kafkajs leaves partitions unread without a word, and members
 * with another assignor are refused by the broker with a text that names neither.
 *
 * @returns what is wrong, undefined when all members read just this topic.
 */
export function foreignMembers(group: string, topic: string, { protocolType, protocol, members }: GroupDescription): string | undefined {
  if (members.length === 0) return undefined
  const others = `the group ${group} has other members, expected none but readers of topic ${topic} alone`
  const instead = 'stop them, or choose another --kafka.consumer.group-id'
  if (protocolType !== 'consumer' || protocol !== OURS) {
    const [first] = members
    return `${others}: ${nameOf(first)} deals out partitions by "${protocol}", this client by "${OURS}"; ${instead}`
  }
  for (const member of members) {
    const topics = topicsOf(member.memberMetadata)
    if (topics.length === 1 && topics[0] === topic) continue
    return `${others}: ${nameOf(member)} reads ${topics.join(', ') || 'what cannot be told'}; ${instead}`
  }
  return undefined
}

const nameOf = (member: GroupDescription['members'][number] | undefined): string => `${member?.clientId} at ${member?.clientHost}`

function topicsOf(metadata: Buffer): readonly string[] {
  try {
    return AssignerProtocol.MemberMetadata.decode(metadata)?.topics ?? []
  } catch {
    return []
  }
}
