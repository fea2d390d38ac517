import { ConfigError, type Logger } from '@clymene/model'
import { createMetrics, silentLogger, type Metrics } from '@clymene/runtime'

import { openLogFile, type OpenLogFile } from './segment-file.ts'

export type EmbeddedBusOptions = {
  /** Everything is kept there; of one process only. Made when it is not there. */
  readonly directory: string
  /** Partitions of a topic that is made; default 1. */
  readonly partitions?: number
  /** Most bytes on disk, all topics together; default 512 MiB. */
  readonly maxBytes?: number
  /** Messages older than this are deleted; default 24 h. */
  readonly maxAgeMs?: number
  /** A segment, the unit of deletion, is about as long; never more than its share of `maxBytes`. Default 16 MiB. */
  readonly segmentBytes?: number
  /** When there is no room: delete the oldest, read or not (default), or refuse until every group has read it. */
  readonly full?: 'expire' | 'refuse'
  /** 0 (default): a message is acknowledged when it was synced to the disk. More: synced so often, acknowledged when written. */
  readonly fsyncIntervalMs?: number
  /** Largest message, with key and headers; default 8 MiB. */
  readonly maxMessageBytes?: number
  /** Most bytes of messages that wait to be written: beyond it produce rejects. Default 64 MiB. */
  readonly maxQueuedBytes?: number
  /** Bytes of a batch, about; each partition of a group holds up to twice as much. Default 2 MiB. */
  readonly batchBytes?: number
  /** Time that a pending call has after the stop before its signal is aborted; default 5 s. */
  readonly drainMs?: number
  /** A group that committed nothing for so long and is not at work is forgotten; default 7 days. */
  readonly groupRetentionMs?: number
  /** Time between two looks at age, disk and gauges; default 1 s, 0 is never by itself. */
  readonly housekeepingMs?: number
  /** What tells this log's metrics from another's in the same process: `clymene_<component>_bytes`; default `bus`. */
  readonly component?: string
  readonly metrics?: Metrics
  readonly logger?: Logger
  readonly now?: () => number
  /** Opens the files of messages and offsets. */
  readonly openFile?: OpenLogFile
}

export type Settings = Required<EmbeddedBusOptions>

const MIB = 1024 ** 2
const HOUR_MS = 3_600_000

/** Fills in the defaults. @throws ConfigError with everything that does not fit together. */
export function checkedSettings(options: EmbeddedBusOptions): Settings {
  const settings = settingsOf(options)
  const mistakes = mistakesOf(settings)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return settings
}

/** What `openEmbeddedBus` would find wrong with these, before there is a directory. @throws ConfigError with all of it */
export const checkEmbeddedBus = (options: Omit<EmbeddedBusOptions, 'directory'>): void =>
  void checkedSettings({ ...options, directory: '' })

const settingsOf = (options: EmbeddedBusOptions): Settings => ({
  partitions: 1,
  maxBytes: 512 * MIB,
  maxAgeMs: 24 * HOUR_MS,
  segmentBytes: 16 * MIB,
  full: 'expire',
  fsyncIntervalMs: 0,
  maxMessageBytes: 8 * MIB,
  maxQueuedBytes: 64 * MIB,
  batchBytes: 2 * MIB,
  drainMs: 5000,
  groupRetentionMs: 7 * 24 * HOUR_MS,
  housekeepingMs: 1000,
  component: 'bus',
  metrics: options.metrics ?? createMetrics(),
  logger: silentLogger,
  now: Date.now,
  openFile: openLogFile,
  ...options,
})

/** In the words of the flags. */
function mistakesOf(settings: Settings): readonly string[] {
  const { component, maxBytes, maxMessageBytes, maxAgeMs, partitions, segmentBytes, fsyncIntervalMs } = settings
  const mistakes: string[] = []
  const expect = (name: string, found: string, isRight: boolean, expected: string): void => {
    if (!isRight) mistakes.push(`--${component}.${name}=${found}: expected ${expected}`)
  }
  const least = 2 * maxMessageBytes
  expect('max-bytes', sizeText(maxBytes), maxBytes >= least, `at least ${sizeText(least)}, twice the largest message`)
  expect('max-age', `${maxAgeMs}ms`, maxAgeMs >= 1000, 'at least 1s')
  const isCount = Number.isInteger(partitions) && partitions >= 1 && partitions <= 256
  expect('partitions', String(partitions), isCount, 'a whole number between 1 and 256')
  expect('fsync-interval', `${fsyncIntervalMs}ms`, fsyncIntervalMs >= 0 && fsyncIntervalMs <= 60_000, 'between 0s and 1m')
  expect('segment-bytes', sizeText(segmentBytes), segmentBytes >= 1 && segmentBytes <= 256 * MIB, 'between 1 and 256MiB')
  return mistakes
}

/** As a flag takes it: `16MiB`, `1536KiB`, `1000`. */
function sizeText(bytes: number): string {
  const unit = [
    ['GiB', 1024 ** 3],
    ['MiB', MIB],
    ['KiB', 1024],
  ].find(([, size]) => bytes > 0 && bytes % Number(size) === 0)
  return unit === undefined ? String(bytes) : `${bytes / Number(unit[1])}${unit[0]}`
}
