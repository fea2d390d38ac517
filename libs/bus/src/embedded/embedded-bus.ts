import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { errorMessage, PermanentError, RetryableError, type Bus, type Envelope, type PartitionLag } from '@clymene/model'

import { createAppender, type Appender } from './appender.ts'
import { createBusMetrics } from './bus-metrics.ts'
import { createConsumers } from './consumers.ts'
import { openGroupOffsets } from './group-offsets.ts'
import { acquireLock, type Lock } from './lock.ts'
import { readLogId } from './log-id.ts'
import { createLossReport } from './loss-report.ts'
import { checkedSettings, type EmbeddedBusOptions, type Settings } from './options.ts'
import { openPartitionLog, type PartitionLog } from './partition-log.ts'
import { encodeRecord, type EncodedRecord } from './record.ts'
import { createRetention } from './retention.ts'
import { openTopics } from './topics.ts'
import { createWriteTrouble } from './write-trouble.ts'

/** The log of one directory as a {@link Bus}. */
export type EmbeddedBus = Bus & {
  readonly logId: string
  /** Bytes on disk. */
  readonly bytes: () => number
  /** Deletes what is too old, looks at the disk and sets the gauges: done by itself every `housekeepingMs`. */
  readonly housekeep: () => Promise<void>
}

/** Most bytes of one write; a message alone may be longer. */
const MAX_FLUSH_BYTES = 4 * 1024 ** 2
/** More messages than these are not written in one interval between syncs, so so many offsets may be unknown after a power cut. */
const LOST_OFFSETS = 2 ** 20

/**
 * Opens the log in `directory`, mends what a crash left and keeps it within its bounds.
 *
 *     <directory>/lock                                     the process that has it
 *     <directory>/log.json                                 the log's own id
 *     <directory>/topics/<topic>/<partition>/<offset>.log  segments (segment-file.ts, record.ts)
 *     <directory>/groups/<group>/<topic>-<partition>.offset
 *
 * @throws ConfigError for options that do not fit together; Error when another process has the directory.
 */
export async function openEmbeddedBus(options: EmbeddedBusOptions): Promise<EmbeddedBus> {
  const settings = checkedSettings(options)
  const { directory, fsyncIntervalMs } = settings
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const lock = await acquireLock(directory, { syncedLater: fsyncIntervalMs > 0 })
  try {
    return await openLocked(settings, lock)
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function openLocked(settings: Settings, lock: Lock): Promise<EmbeddedBus> {
  const { directory, logger, now, openFile, maxBytes, maxMessageBytes, fsyncIntervalMs, housekeepingMs } = settings
  const logId = await readLogId(directory)
  for (const name of ['topics', 'groups']) await mkdir(join(directory, name), { recursive: true, mode: 0o700 })
  const metrics = createBusMetrics(settings.metrics, settings.component)
  const trouble = createWriteTrouble({ directory, logger, now })
  const expiredReport = createLossReport('messages were deleted that a group had not read', logger, now)
  const mayLackRecords = lock.predecessor.restarted && lock.predecessor.syncedLater
  if (mayLackRecords) logger.error('the machine stopped: messages of the last fsync interval may be lost', { path: directory })
  const offsets = await openGroupOffsets(join(directory, 'groups'), { syncCommits: fsyncIntervalMs === 0, open: openFile, now })

  const openPartition = async (topic: string, partition: number, path: string): Promise<Appender> => {
    const log = await openPartitionLog({
      place: { logId, topic, partition },
      directory: path,
      syncAppends: fsyncIntervalMs === 0,
      minimumEnd: Math.max(0, ...offsets.groups(topic).map((group) => offsets.committed(group, topic, partition) ?? 0)),
      skipOffsets: mayLackRecords ? LOST_OFFSETS : 0,
      open: openFile,
      now,
      synced: metrics.synced,
      damaged: (file, { position, firstOffset, records }) => {
        metrics.damaged(topic, records)
        logger.error('messages are lost: their bytes on disk are damaged', { topic, partition, path: file, position, firstOffset, records })
      },
    })
    return createAppender({
      log,
      maxFlushBytes: MAX_FLUSH_BYTES,
      // Closed segments alone can be deleted: all the last ones together stay below a quarter of the whole.
      segmentBytes: () => Math.min(settings.segmentBytes, maxBytes / 4 / Math.max(1, topics.appenders().length)),
      reserve: (bytes, own) => retention.reserve(bytes, own),
      flushed: (records, error) => {
        if (error === undefined) {
          trouble.worked()
          metrics.appended(topic, records)
          return undefined
        }
        metrics.failed()
        return trouble.failed(error)
      },
    })
  }
  const topics = await openTopics({ directory: join(directory, 'topics'), partitions: settings.partitions, openPartition, logger })
  const logs = (): readonly PartitionLog[] => topics.appenders().map(({ log }) => log)
  const retention = createRetention({
    appenders: topics.appenders,
    offsets,
    maxBytes,
    maxAgeMs: settings.maxAgeMs,
    full: settings.full,
    now,
    expired: (topic, group, records) => {
      metrics.expired(topic, group, records)
      expiredReport.add(JSON.stringify([topic, group]), records, { topic, group })
    },
  })
  const consumers = createConsumers({ offsets, batchBytes: settings.batchBytes, drainMs: settings.drainMs, logger, now })

  const encode = (envelope: Envelope): EncodedRecord => {
    const record = encodeRecord(envelope)
    if (record.bytes > maxMessageBytes)
      throw new PermanentError(
        `a message of ${record.bytes} bytes, at most ${maxMessageBytes} are taken (key ${envelope.key.slice(0, 200)})`,
      )
    return record
  }
  const produce = async (topicName: string, envelopes: readonly Envelope[], signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    if (closing !== undefined) throw new RetryableError('the bus is closed')
    const records = envelopes.map((envelope) => ({ key: envelope.key, record: encode(envelope) }))
    const topic = await openTopic(topicName)
    const queued = topics.appenders().reduce((sum, appender) => sum + appender.queuedBytes(), 0)
    if (queued > settings.maxQueuedBytes) throw new RetryableError(`${queued} bytes wait to be written: the disk is slow`)
    const byPartition = Map.groupBy(records, ({ key }) => topic.partitionOf(key))
    await Promise.all(
      [...byPartition].map(([appender, list]) =>
        appender.append(
          list.map(({ record }) => record),
          signal,
        ),
      ),
    )
  }
  const openTopic = async (name: string) => {
    try {
      return await topics.open(name)
    } catch (error) {
      throw trouble.failed(error)
    }
  }
  const lag = async (topic: string, group: string): Promise<readonly PartitionLag[]> =>
    (await openTopic(topic)).partitions.map(({ log }, partition) => ({
      partition,
      committed: BigInt(standing(log, offsets.committed(group, topic, partition) ?? 0)),
      end: BigInt(log.end()),
    }))
  const housekeep = async (): Promise<void> => {
    await retention.expire()
    await trouble.probe(async () => (await retention.reserve(maxMessageBytes))())
    for (const { name, group } of idleGroups()) {
      logger.warn('a group that is not at work is forgotten: it would start at the oldest message', { topic: name, group })
      await offsets.forget(group, name)
    }
    expiredReport.flush()
    metrics.observe(logs(), now())
  }
  const idleGroups = (): readonly { readonly name: string; readonly group: string }[] =>
    [...new Set(logs().map(({ place }) => place.topic))].flatMap((name) =>
      offsets
        .groups(name)
        .filter((group) => !consumers.isAtWork(name, group) && offsets.lastCommitMs(group, name) < now() - settings.groupRetentionMs)
        .map((group) => ({ name, group })),
    )
  const sync = async (): Promise<void> => {
    for (const { between, log } of topics.appenders()) await between(() => log.sync())
    await offsets.sync()
  }
  const endings = [
    repeat(housekeepingMs, housekeep, (error) => logger.error('housekeeping failed', { path: directory, error: errorMessage(error) })),
    repeat(fsyncIntervalMs, sync, trouble.failed),
  ]
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await consumers.stop()
    for (const end of endings) await end()
    for (const { idle } of topics.appenders()) await idle()
    expiredReport.flush(true)
    try {
      for (const log of logs()) await log.close()
      await offsets.close()
    } finally {
      await lock.release()
    }
  }
  return {
    produce,
    consume: async (topic, group, handle, signal) => {
      if (closing !== undefined) throw new RetryableError('the bus is closed')
      if (!signal.aborted) await consumers.consume(await openTopic(topic), group, handle, signal)
    },
    unavailable: () => (closing === undefined ? trouble.reason() : 'the bus is closed'),
    lag,
    close: () => (closing ??= close()),
    logId,
    bytes: retention.bytes,
    housekeep,
  }
}

/** Where a group stands, without the offsets that are not there: deleted ones and those that a power cut left out. */
function standing(log: PartitionLog, committed: number): number {
  const segment = log.segments.findLast(({ base }) => base <= committed)
  if (segment === undefined) return log.start()
  const next = log.segments[log.segments.indexOf(segment) + 1]
  return next !== undefined && committed >= segment.end ? next.base : committed
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
