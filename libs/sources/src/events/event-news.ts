import type { Change } from '@clymene/discovery'

import { isUpTo } from './api-version.ts'
import type { ClusterEvent } from './read-event.ts'

/** How far events were collected before. */
export type EventsReached = {
  /** The version up to which all were; '' when there is no earlier time. */
  readonly version: string
  /** When the newest of them occurred, nanoseconds since the epoch. */
  readonly newestNs: bigint
}

export type EventNews = {
  /** Whether the change is an occurrence that was not told yet. Says so once. @param listVersion of the list that it stands in */
  readonly isNews: (change: Change<ClusterEvent>, reached: EventsReached, listVersion: string | undefined) => boolean
  /** Events that are remembered. */
  readonly size: () => number
}

/** Events that are remembered: an hour of a busy cluster. Of one that was forgotten a mere edit would be told as an occurrence. */
const MOST = 20_000

/** Tells occurrences from repeats of what was told: after a list, after another agent, and when an event is edited without occurring. */
export function createEventNews({ oldestNs, most = MOST }: { readonly oldestNs: bigint; readonly most?: number }): EventNews {
  const told = new Map<string, Pick<ClusterEvent, 'count' | 'lastNs'>>()

  const wasListedBefore = ({ version, lastNs }: ClusterEvent, reached: EventsReached, listVersion: string): boolean => {
    if (reached.version === '') return lastNs < oldestNs
    // A store that was restored from a backup counts anew from there: only times can tell.
    const wentBack = isUpTo(reached.version, listVersion) === false
    return (wentBack ? undefined : isUpTo(version, reached.version)) ?? lastNs <= reached.newestNs
  }

  return {
    isNews: ({ type, object }, reached, listVersion) => {
      const { uid, count, lastNs } = object
      const before = told.get(uid)
      // What was last told of comes last.
      told.delete(uid)
      if (type === 'DELETED') return false
      told.set(uid, { count, lastNs })
      for (const [oldest] of told) {
        if (told.size <= most) break
        told.delete(oldest)
      }
      if (before !== undefined) return count > before.count || lastNs > before.lastNs
      return type !== 'LISTED' || !wasListedBefore(object, reached, listVersion ?? '')
    },
    size: () => told.size,
  }
}
