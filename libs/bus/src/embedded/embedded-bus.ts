import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { ConfigError, errorMessage, RetryableError, type Bus } from '@clymene/model'

import { createAppender, type Appender } from './appender.ts'
import { createBusMetrics } from './bus-metrics.ts'
import { createConsumers } from './consumers.ts'
import { fencedBy } from './fenced-file.ts'
import { groupLag } from './group-lag.ts'
import { openGroupOffsets } from './group-offsets.ts'
import { startHousekeeping } from './housekeeping.ts'
import { acquireLock, type Lock } from './lock.ts'
import { readLogId } from './log-id.ts'
import { createLossReport } from './loss-report.ts'
import { makeFolder } from './make-folder.ts'
import { checkedSettings, type EmbeddedBusOptions, type Settings } from './options.ts'
import { openPartitionLog } from './partition-log.ts'
import { createProducer } from './producer.ts'
import { readRange } from './read-range.ts'
import { createRetention } from './retention.ts'
import { openTopics, type Topics } from './topics.ts'
import { createWaiting } from './waiting.ts'
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
 * A process that is taken for dead, as it was silent for seconds, and sees another one in its place writes nothing any more: calls reject,
 * consumptions too, so that their process ends.
 *
 * @throws ConfigError for options that do not fit together; Error when another process has the directory.
 */
export async function openEmbeddedBus(options: EmbeddedBusOptions): Promise<EmbeddedBus> {
  const settings = checkedSettings(options)
  const { directory, fsyncIntervalMs } = settings
  await makeFolder(directory, 0o700)
  const lock = await acquireLock(directory, { syncedLater: fsyncIntervalMs > 0 })
  try {
    return await openLocked(settings, lock)
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function openLocked(settings: Settings, lock: Lock): Promise<EmbeddedBus> {
  const { directory, logger, now, maxBytes, maxAgeMs, fsyncIntervalMs } = settings
  const openFile = fencedBy(lock.assertHeld, settings.openFile)
  const logId = await readLogId(directory)
  for (const name of ['topics', 'groups']) await mkdir(join(directory, name), { recursive: true, mode: 0o700 })
  const metrics = createBusMetrics(settings.metrics, settings.component, maxBytes)
  const trouble = createWriteTrouble({ directory, logger })
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
      torn: (file, bytes) => {
        metrics.torn(topic, bytes)
        logger.warn('the last write was cut short: what there was of it is cut off', { topic, partition, path: file, bytes })
      },
    })
    return createAppender({
      log,
      maxFlushBytes: MAX_FLUSH_BYTES,
      // Only closed segments can be deleted: the open ones together stay below a quarter of the whole.
      segmentBytes: () => Math.min(settings.segmentBytes, maxBytes / 4 / Math.max(1, topics.appenders().length)),
      reserve: async (bytes, own) => {
        // Making room deletes.
        lock.assertHeld()
        return retention.reserve(bytes, own)
      },
      written: (records) => {
        trouble.worked()
        metrics.appended(topic, records)
      },
      failed: (error) => {
        metrics.failed()
        return trouble.failed(error)
      },
    })
  }
  const made = await openTopics({ ...settings, directory: join(directory, 'topics'), openPartition }).catch(async (error: unknown) => {
    await offsets.close()
    throw error
  })
  const topics: Topics = {
    ...made,
    open: (name) =>
      made.open(name).catch((error: unknown) => {
        throw error instanceof ConfigError ? error : trouble.failed(error)
      }),
  }
  const retention = createRetention({
    appenders: topics.appenders,
    offsets,
    component: settings.component,
    maxBytes,
    maxAgeMs,
    full: settings.full,
    now,
    expired: (topic, group, unread) => {
      metrics.expired(topic, group, unread)
      expiredReport.add(JSON.stringify([topic, group]), unread, { topic, group })
    },
  })
  const waiting = createWaiting()
  const consumers = createConsumers({ ...settings, openTopic: topics.open, offsets, waiting })
  const produce = createProducer({ ...settings, topics })
  const housekeeping = startHousekeeping({ settings, topics, offsets, consumers, retention, trouble, expiredReport, metrics, waiting })

  const onLost = (): void => {
    const { reason } = lock.lost
    logger.error('another process writes the log: this one has stopped to', { path: directory, error: errorMessage(reason) })
    void housekeeping.end()
    void consumers.stop(reason)
  }
  lock.lost.addEventListener('abort', onLost, { once: true })
  if (lock.lost.aborted) onLost()

  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await consumers.stop()
    await housekeeping.end()
    for (const { idle } of topics.appenders()) await idle()
    expiredReport.flush(true)
    const ends = await Promise.allSettled([...topics.appenders().map(({ log }) => log.close()), offsets.close()])
    for (const end of ends) {
      if (end.status === 'rejected') logger.error('not everything could be synced', { path: directory, error: errorMessage(end.reason) })
    }
    await lock.release()
  }
  const orClosed = async <T>(act: () => Promise<T>): Promise<T> => {
    if (closing !== undefined) throw new RetryableError(`the bus in ${directory} is closed`)
    lock.assertHeld()
    return act()
  }
  return {
    produce: (topic, envelopes, signal) => orClosed(() => produce(topic, envelopes, signal)),
    consume: (topic, group, handle, signal) => orClosed(() => consumers.consume(topic, group, handle, signal)),
    read: async function* (topic, partition, from, to, signal) {
      signal.throwIfAborted()
      yield* readRange(await orClosed(() => topics.open(topic)), { partition, from, to, batchBytes: settings.batchBytes }, signal)
    },
    unavailable: () => {
      if (closing !== undefined) return 'the bus is closed'
      return lock.lost.aborted ? errorMessage(lock.lost.reason) : trouble.reason()
    },
    lag: (topic, group) => orClosed(async () => groupLag(await topics.open(topic), group, offsets)),
    close: () => (closing ??= close()),
    logId,
    bytes: retention.bytes,
    housekeep: housekeeping.run,
  }
}
