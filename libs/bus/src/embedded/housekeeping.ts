import { errorMessage, type Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

import type { BusMetrics, Standing } from './bus-metrics.ts'
import type { Consumers } from './consumers.ts'
import { standing } from './group-lag.ts'
import type { GroupOffsets } from './group-offsets.ts'
import type { LossReport } from './loss-report.ts'
import type { Settings } from './options.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Retention } from './retention.ts'
import type { Topics } from './topics.ts'
import type { Waiting } from './waiting.ts'
import type { WriteTrouble } from './write-trouble.ts'

export type Housekeeping = {
  /** Deletes what is too old, forgets groups that are gone, looks at the disk, sets the gauges. */
  readonly run: () => Promise<void>
  /** No more runs by itself; resolves when none is under way. */
  readonly end: () => Promise<void>
}

export type HousekeepingOptions = {
  readonly settings: Settings
  readonly topics: Topics
  readonly offsets: GroupOffsets
  readonly consumers: Consumers
  readonly retention: Retention
  readonly trouble: WriteTrouble
  readonly expiredReport: LossReport
  readonly metrics: BusMetrics
  readonly waiting: Waiting
}

/** What a log does by the clock: `run` every `housekeepingMs`, a sync every `fsyncIntervalMs`. */
export function startHousekeeping(options: HousekeepingOptions): Housekeeping {
  const { settings, topics, offsets, retention, trouble, metrics } = options
  const { directory, logger, now } = settings
  const once = createOnceIn(60_000)

  const run = async (): Promise<void> => {
    await retention.expire()
    await trouble.probe(async () => (await retention.reserve(settings.maxMessageBytes))())
    await forgetGroups(options, logger)
    options.expiredReport.flush()
    const logs = topics.appenders().map(({ log }) => log)
    metrics.observe(logs, standingsOf(logs, options), now())
    // Last: it writes, which a full disk refuses, and all the rest is to be done then too.
    await retention.closeAged()
  }
  const sync = async (): Promise<void> => {
    for (const { between, log } of topics.appenders()) await between(() => log.sync())
    await offsets.sync()
  }
  const ends = [
    repeat(settings.housekeepingMs, run, (error) =>
      once('run', (heldBack) => logger.error('housekeeping failed', { path: directory, error: errorMessage(error), heldBack })),
    ),
    repeat(settings.fsyncIntervalMs, sync, trouble.failed),
  ]
  return {
    run,
    end: async () => {
      await Promise.all(ends.map((end) => end()))
    },
  }
}

function standingsOf(logs: readonly PartitionLog[], { offsets, waiting, consumers }: HousekeepingOptions): readonly Standing[] {
  // Who is at work and was handed nothing is just reading: the segment it stands in may be hours old.
  const sinceMs = (log: PartitionLog, topic: string, group: string, committed: number): number | undefined =>
    consumers.isAtWork(topic, group)
      ? waiting.sinceMs(group, topic, log.place.partition)
      : log.segments.find(({ end }) => end > committed)?.oldestMs
  return [...Map.groupBy(logs, ({ place }) => place.topic)].flatMap(([topic, partitions]) =>
    offsets.groups(topic).map((group) => {
      const left = partitions.map((log) => {
        const committed = offsets.committed(group, topic, log.place.partition) ?? 0
        return { count: log.end() - standing(log, committed), since: sinceMs(log, topic, group, committed) }
      })
      const times = left.flatMap(({ count, since }) => (count > 0 && since !== undefined ? [since] : []))
      return {
        topic,
        group,
        waiting: left.reduce((sum, { count }) => sum + count, 0),
        sinceMs: times.length === 0 ? undefined : Math.min(...times),
      }
    }),
  )
}

/** A storage that is not selected any more would else keep what it has not read for ever, or lose it again and again. */
async function forgetGroups({ settings, topics, offsets, consumers }: HousekeepingOptions, logger: Logger): Promise<void> {
  const before = settings.now() - settings.groupRetentionMs
  for (const topic of new Set(topics.appenders().map(({ log }) => log.place.topic)))
    for (const group of offsets.groups(topic)) {
      if (consumers.isAtWork(topic, group) || offsets.lastCommitMs(group, topic) >= before) continue
      logger.warn('a group that was long not at work is forgotten: it would start at the oldest message', { topic, group })
      await offsets.forget(group, topic)
    }
}

/** Calls `act` every `intervalMs`, never twice at a time; 0 is never. Gives what ends it. */
function repeat(intervalMs: number, act: () => Promise<void>, failed: (error: unknown) => unknown): () => Promise<void> {
  if (intervalMs === 0) return () => Promise.resolve()
  let running: Promise<void> | undefined
  const timer = setInterval(() => {
    running ??= act()
      .catch(failed)
      .then(() => {
        running = undefined
      })
  }, intervalMs).unref()
  return async () => {
    clearInterval(timer)
    await running
  }
}
