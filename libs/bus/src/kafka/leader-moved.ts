import { setTimeout as sleep } from 'node:timers/promises'

/** UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE, NOT_LEADER_OR_FOLLOWER, REPLICA_NOT_AVAILABLE, FENCED_ and UNKNOWN_LEADER_EPOCH. */
export const LEADER_MOVED: ReadonlySet<number> = new Set([3, 5, 6, 9, 74, 75])

/** What a broker says that does not lead a partition any more, or not yet: a new topic's brokers learn of it one after the other. */
export const isLeaderMoved = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' && LEADER_MOVED.has(error.code)

const TRIES = 20
const PAUSE_MS = 100

/** Asks again for two seconds while leaders move; `lookAgain` finds the new ones. @throws what `ask` throws, also that at the end. */
export async function whileLeadersMove<T>(ask: () => Promise<T>, lookAgain: () => Promise<void>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      if (!isLeaderMoved(error) || tries >= TRIES) throw error
      await sleep(PAUSE_MS)
      await lookAgain()
    }
  }
}
