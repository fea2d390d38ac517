import { parseBytes } from '@clymene/runtime'
import type { FileSourceOptions } from '@clymene/sources'

import type { Section } from './section.ts'

/** How files are read, as far as a log configuration says it; what it leaves out is what the flags say. */
export type ReadingSettings = Pick<FileSourceOptions, 'pollMs' | 'positionsSyncMs' | 'maxLineBytes' | 'longLines' | 'readlineRate'>

export type LogSettings = {
  readonly positionsPath: string
  /** How often targets are looked at anew. */
  readonly refreshMs: number
  /** Lines of standard input are wanted. */
  readonly stdin: boolean
  readonly reading: ReadingSettings
}

/** The sections of Promtail beside its jobs and clients that say how files are read. */
export function readLogSettings(root: Section, warnings: string[]): LogSettings {
  const positions = root.section('positions')
  const target = root.section('target_config')
  const positionsPath = positions?.string('filename', POSITIONS_PATH) ?? POSITIONS_PATH
  const positionsSyncMs = readInterval(positions, 'sync_period')
  // A broken file is always reported and never stops the start.
  positions?.bool('ignore_invalid_yaml', true)
  positions?.finish()
  const refreshMs = readInterval(target, 'sync_period') ?? 10_000
  const stdin = target?.bool('stdin', false) ?? false
  target?.finish()
  const pollMs = readWatch(root.section('global'))
  return {
    positionsPath,
    refreshMs,
    stdin,
    reading: {
      ...(pollMs === undefined ? {} : { pollMs }),
      ...(positionsSyncMs === undefined ? {} : { positionsSyncMs }),
      ...readLimits(root, warnings),
    },
  }
}

/** Where Promtail keeps them when it is not told. */
export const POSITIONS_PATH = '/var/log/positions.yaml'

function readWatch(global: Section | undefined): number | undefined {
  const watch = global?.section('file_watch_config')
  const shortest = readInterval(watch, 'min_poll_frequency')
  const longest = readInterval(watch, 'max_poll_frequency')
  if (shortest !== undefined && longest !== undefined && shortest > longest)
    watch?.mistake('max_poll_frequency', `${longest} ms is shorter than min_poll_frequency, ${shortest} ms`)
  watch?.finish()
  global?.finish()
  return shortest
}

function readInterval(section: Section | undefined, key: string): number | undefined {
  if (section?.has(key) !== true) return undefined
  const milliseconds = section.duration(key, 0)
  return milliseconds > 0 ? milliseconds : undefined
}

/** `limits_config`, which was `limit_config` in earlier versions and in the original. */
function readLimits(root: Section, warnings: string[]): ReadingSettings {
  if (root.has('limits_config') && root.has('limit_config'))
    root.mistake('limit_config', 'is limits_config under its earlier name, expected one of them')
  const earlier = root.section('limit_config')
  const limits = root.section('limits_config') ?? earlier
  if (limits === undefined) return {}
  const isEnabled = limits.bool('readline_rate_enabled', false)
  const linesPerSecond = limits.scalar('readline_rate', 10_000, 'a number above 0', parseRate)
  const burst = limits.scalar('readline_burst', 10_000, 'a whole number above 0', parseBurst)
  const drop = limits.bool('readline_rate_drop', true)
  const maxLineBytes = limits.scalar('max_line_size', 0, 'a size such as 256KB', parseBytes)
  const isCut = limits.bool('max_line_size_truncate', false)
  if (maxLineBytes > 0 && !isCut)
    warnings.push(`${limits.where('max_line_size')}: a longer line is cut there, as --logs.long-lines says: none is dropped`)
  if (limits.int('max_streams', 0) > 0)
    warnings.push(
      `${limits.where('max_streams')}: has no effect: a storage says how many streams it takes, and what it refuses is kept as a dead letter`,
    )
  limits.finish()
  return {
    ...(isEnabled ? { readlineRate: { linesPerSecond, burst, drop } } : {}),
    ...(maxLineBytes > 0 ? { maxLineBytes, ...(isCut ? { longLines: 'truncate' } : {}) } : {}),
  }
}

function parseRate(text: string): number {
  const rate = Number(text)
  if (!/^[\d.]+(e\d+)?$/i.test(text) || !(rate > 0) || !Number.isFinite(rate)) throw new Error('expected a number above 0')
  return rate
}

function parseBurst(text: string): number {
  const burst = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(burst) || burst < 1) throw new Error('expected a whole number above 0')
  return burst
}
