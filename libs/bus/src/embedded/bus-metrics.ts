import type { Metrics } from '@clymene/runtime'

import type { PartitionLog } from './partition-log.ts'

export type BusMetrics = {
  readonly appended: (topic: string, records: number) => void
  readonly synced: (seconds: number) => void
  readonly expired: (topic: string, group: string, records: number) => void
  readonly damaged: (topic: string, records: number) => void
  readonly failed: () => void
  /** Sets the gauges to what the logs are now. */
  readonly observe: (logs: readonly PartitionLog[], nowMs: number) => void
}

/** @param component the part of the names that tells one log from another in the same process: `bus`, `buffer`. */
export function createBusMetrics(metrics: Metrics, component: string): BusMetrics {
  const name = (rest: string): string => `clymene_${component}_${rest}`
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
  const damaged = metrics.counter(name('damaged_records_total'), 'Messages lost because their bytes on disk are damaged', ['topic'])
  const failures = metrics.counter(name('append_failures_total'), 'Writes that failed or found no room; the sender was told to come again')
  return {
    appended: (topic, records) => appended.inc({ topic }, records),
    synced: (seconds) => fsync.observe(seconds),
    expired: (topic, group, records) => expired.inc({ topic, group }, records),
    damaged: (topic, records) => damaged.inc({ topic }, records),
    failed: () => failures.inc(),
    observe: (logs, nowMs) => {
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
