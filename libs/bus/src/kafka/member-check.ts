import { setTimeout as sleep } from 'node:timers/promises'

import { foreignMembers, ForeignMembersError, isSettled } from './foreign-members.ts'
import type { Cluster } from './internals.ts'

export type MemberCheckOptions = {
  readonly topic: string
  readonly group: string
  readonly cluster: () => Cluster | undefined
  readonly onForeign: (error: ForeignMembersError) => void
}

/** Looks at a group's members after each rebalance: one that came later and reads something else leaves partitions unread just as well. */
export type MemberCheck = {
  /** Partitions were dealt out. One request, and more while it is not settled who has them. */
  readonly look: () => void
  readonly stop: () => void
}

const ASK_MS = 1000
/** A group that is not settled by then has another rebalance, after which is looked again. */
const TRIES = 60

export function createMemberCheck({ topic, group, cluster, onForeign }: MemberCheckOptions): MemberCheck {
  /** A later look, or the end, ends those before. */
  let latest = 0

  const isTold = async (): Promise<boolean> => {
    const coordinator = await cluster()?.findGroupCoordinator({ groupId: group })
    const [found] = (await coordinator?.describeGroups({ groupIds: [group] }))?.groups ?? []
    if (found === undefined || !isSettled(found)) return false
    const mistake = foreignMembers(group, topic, found)
    if (mistake !== undefined) onForeign(new ForeignMembersError(mistake))
    return true
  }

  const look = async (): Promise<void> => {
    const own = ++latest
    for (let tries = 0; own === latest && tries < TRIES; tries++) {
      // A coordinator that cannot be asked shows elsewhere.
      if (await isTold().catch(() => false)) return
      await sleep(ASK_MS, undefined, { ref: false })
    }
  }

  return {
    look: () => void look(),
    stop: () => {
      latest++
    },
  }
}
