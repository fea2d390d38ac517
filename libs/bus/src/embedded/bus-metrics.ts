import type { Metrics } from '@clymene/runtime'

import type { PartitionLog } from './partition-log.ts'
import type { Unread } from './unread.ts'

export type BusMetrics = {
  readonly appended: (topic: string, records: number) => void
  readonly synced: (seconds: number) => void
  readonly expired: (topic: string, group: string, unread: Unread) => void
  readonly damaged: (topic: string, records: number) => void
  readonly torn: (topic: string, bytes: number) => void
  readonly failed: () => void
  /** Sets the gauges to what the logs are now. */
  readonly observe: (logs: readonly PartitionLog[], standings: readonly Standing[], nowMs: number) => void
}

/** Where a group stands in all partitions of a topic. */
export type Standing = {
  readonly topic: string
  readonly group: string
  /** Messages that it is not done with. */
  readonly waiting: number
  /** When the oldest of them was appended; undefined when there is none. */
  readonly sinceMs: number | undefined
}

/** @param component the part of the names that tells one log from another in the same process: `bus`, `buffer`. */
export function createBusMetrics(metrics: Metrics, component: string, maxBytes: number): BusMetrics {
  const name = (rest: string): string => `clymene_${component}_${rest}`
  metrics.gauge(name('max_bytes'), 'Most bytes on disk, all topics together').set(maxBytes)
  const bytes = metrics.gauge(name('bytes'), 'Bytes on disk', ['topic'])
  const oldest = metrics.gauge(name('oldest_record_seconds'), 'Age of the oldest record on the disk, read or not: not of what waits', [
    'topic',
  ])
  const appended = metrics.counter(name('appended_records_total'), 'Messages written', ['topic'])
  const fsync = metrics.histogram(name('fsync_seconds'), 'Time of one sync to the disk')
  const expired = metrics.counter(name('expired_records_total'), 'Messages deleted by size or age that the group had not read', [
    'topic',
    'group',
  ])
  const expiredSamples = metrics.counter(
    name('expired_samples_total'),
    'Samples or log entries in messages that were deleted by size or age and that the group had not read',
    ['topic', 'group'],
  )
  const waiting = metrics.gauge(name('waiting_records'), 'Messages that the group is not done with', ['topic', 'group'])
  const oldestWaiting = metrics.gauge(
    name('oldest_waiting_seconds'),
    'Age of the oldest message that the group is not done with, 0 when there is none; of a group that is not at work up to a segment more',
    ['topic', 'group'],
  )
  const damaged = metrics.counter(name('damaged_records_total'), 'Messages lost because their bytes on disk are damaged', ['topic'])
  const torn = metrics.counter(name('torn_bytes_total'), 'Bytes of a last write that a crash cut short, cut off at the start', ['topic'])
  const failures = metrics.counter(name('append_failures_total'), 'Writes that failed or found no room; the sender was told to come again')
  return {
    appended: (topic, records) => appended.inc({ topic }, records),
    synced: (seconds) => fsync.observe(seconds),
    expired: (topic, group, { messages, samples }) => {
      expired.inc({ topic, group }, messages)
      expiredSamples.inc({ topic, group }, samples)
    },
    damaged: (topic, records) => damaged.inc({ topic }, records),
    torn: (topic, count) => torn.inc({ topic }, count),
    failed: () => failures.inc(),
    observe: (logs, standings, nowMs) => {
      // A group that was forgotten is not shown any more.
      waiting.reset()
      oldestWaiting.reset()
      for (const { topic, group, waiting: count, sinceMs = nowMs } of standings) {
        waiting.set({ topic, group }, count)
        oldestWaiting.set({ topic, group }, Math.max(0, nowMs - sinceMs) / 1000)
      }
      for (const [topic, ofTopic] of Map.groupBy(logs, ({ place }) => place.topic)) {
        bytes.set(
          { topic },
          ofTopic.reduce((sum, log) => sum + log.bytes(), 0),
        )
        const oldestMs = Math.min(...ofTopic.map(({ segments }) => segments[0]?.oldestMs ?? nowMs))
        oldest.set({ topic }, Math.max(0, nowMs - oldestMs) / 1000)
      }
    },
  }
}
