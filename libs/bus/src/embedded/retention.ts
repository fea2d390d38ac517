import { RetryableError } from '@clymene/model'

import type { Appender } from './appender.ts'
import type { GroupOffsets } from './group-offsets.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import { unreadOf, type Unread } from './unread.ts'

export type RetentionOptions = {
  readonly appenders: () => readonly Appender[]
  readonly offsets: GroupOffsets
  /** Start of the names of the flags that say what may be kept: `bus`, `buffer`. */
  readonly component: string
  readonly maxBytes: number
  readonly maxAgeMs: number
  /** What happens when there is no room: `expire` deletes the oldest, read or not; `refuse` deletes only what every group has read. */
  readonly full: 'expire' | 'refuse'
  readonly now: () => number
  /** Records are deleted that the group has not read. */
  readonly expired: (topic: string, group: string, unread: Unread) => void
}

/** Keeps all topics together within their bounds, by deleting whole segments, the oldest first. */
export type Retention = {
  /**
   * Makes room for so many bytes in the log, whose turn to write it is; gives what ends the reservation.
   *
   * @throws RetryableError when there is none.
   */
  readonly reserve: (bytes: number, log?: PartitionLog) => Promise<() => void>
  /** Deletes what is too old. */
  readonly expire: () => Promise<void>
  /** Begins new segments where the last one gets old, so that {@link expire} can delete it in time. */
  readonly closeAged: () => Promise<void>
  readonly bytes: () => number
}

/** The last segment of a partition is closed after this part of the greatest age. */
const ROLLS_PER_AGE = 8

export function createRetention(options: RetentionOptions): Retention {
  const { appenders, offsets, component, maxBytes, maxAgeMs, full, now } = options
  let reserved = 0
  /** Ends when those who look for room have had theirs: one at a time, or two would count and delete the same. */
  let turn: Promise<unknown> = Promise.resolve()

  const bytes = (): number => appenders().reduce((sum, { log }) => sum + log.bytes(), 0)
  const unread = ({ place }: PartitionLog, { base, end }: Segment, group: string): number =>
    Math.max(0, end - Math.max(base, offsets.committed(group, place.topic, place.partition) ?? 0))
  const mayGo = (log: PartitionLog, segment: Segment): boolean => {
    if (full === 'expire' || segment.end === segment.base) return true
    const groups = offsets.groups(log.place.topic)
    return groups.length > 0 && groups.every((group) => unread(log, segment, group) === 0)
  }
  const removeOldest = async (log: PartitionLog): Promise<void> => {
    const [segment] = log.segments
    if (segment === undefined) return
    for (const group of offsets.groups(log.place.topic)) {
      if (unread(log, segment, group) === 0) continue
      const { topic, partition } = log.place
      options.expired(topic, group, await unreadOf(segment, offsets.committed(group, topic, partition) ?? 0))
    }
    await log.removeOldest()
  }
  /** Deletes one segment, or closes the writer's own last one so that it can be; false when neither is possible. */
  const makeRoom = async (own: PartitionLog | undefined): Promise<boolean> => {
    const closed = oldestFirst(appenders().map(({ log }) => log)).find(
      (log) => log.segments.length > 1 && log.segments[0] !== undefined && mayGo(log, log.segments[0]),
    )
    if (closed !== undefined) {
      await removeOldest(closed)
      return true
    }
    if (own !== undefined && lastMayGo(own)) {
      await own.roll()
      return true
    }
    // The other partitions are closed in their own turn: this caller comes again.
    for (const { log, between } of appenders()) if (log !== own && lastMayGo(log)) void between(() => log.roll()).catch(() => undefined)
    return false
  }
  const lastMayGo = (log: PartitionLog): boolean => {
    const last = log.segments.at(-1)
    return last !== undefined && last.end > last.base && mayGo(log, last)
  }
  const alone = <T>(act: () => Promise<T>): Promise<T> => {
    const done = turn.then(act)
    turn = done.catch(() => undefined)
    return done
  }
  return {
    bytes,
    reserve: async (wanted, log) => {
      reserved += wanted
      const release = (): void => {
        reserved -= wanted
      }
      try {
        if (bytes() + reserved > maxBytes)
          await alone(async () => {
            while (bytes() + reserved > maxBytes) if (!(await makeRoom(log))) throw fullError(component, maxBytes, full)
          })
      } catch (error) {
        release()
        throw error
      }
      return release
    },
    expire: () =>
      alone(async () => {
        for (const { log } of appenders()) {
          for (;;) {
            const [oldest] = log.segments
            if (log.segments.length < 2 || oldest === undefined) break
            if ((oldest.newestMs ?? -Infinity) > now() - maxAgeMs || !mayGo(log, oldest)) break
            await removeOldest(log)
          }
        }
      }),
    closeAged: async () => {
      for (const { log, between } of appenders())
        if ((log.segments.at(-1)?.oldestMs ?? Infinity) <= now() - maxAgeMs / ROLLS_PER_AGE) await between(() => log.roll())
    },
  }
}

const oldestFirst = (logs: readonly PartitionLog[]): readonly PartitionLog[] =>
  logs.toSorted((a, b) => (a.segments[0]?.oldestMs ?? -Infinity) - (b.segments[0]?.oldestMs ?? -Infinity))

const fullError = (component: string, maxBytes: number, full: 'expire' | 'refuse'): RetryableError =>
  full === 'refuse'
    ? new RetryableError(
        `the ${component} is full: ${maxBytes} bytes are there that not every group has read (--${component}.max-bytes, --${component}.full)`,
      )
    : new RetryableError(`the ${component} is full: ${maxBytes} bytes (--${component}.max-bytes), the oldest are being deleted`)
