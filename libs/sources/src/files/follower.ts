import { errorCode, errorMessage } from '@clymene/model'

import type { Lane } from '../lines/lane.ts'
import type { ReadClock } from '../lines/read-clock.ts'
import { createCutLines } from './cut-lines.ts'
import { isReadTo } from './fingerprint.ts'
import { followPath, type FollowedPath } from './followed-path.ts'
import { createFolders } from './glob.ts'
import { createLineReader } from './line-reader.ts'
import type { FileMetrics } from './metrics.ts'
import { createOpenFiles, siblingAt } from './open-files.ts'
import type { FileSourceSettings } from './options.ts'
import type { PositionTable } from './position-table.ts'
import type { Position } from './positions.ts'
import type { FileTarget } from './targets.ts'

/** The paths that are followed, by job. */
export type Follower = {
  /** Searches for the files of the targets: follows new ones, leaves those nobody wants. Gives the folders it searched. */
  readonly refresh: (targets: readonly FileTarget[]) => Iterable<string>
  readonly paths: () => Iterable<FollowedPath>
  readonly positions: () => readonly Position[]
  readonly openFiles: () => number
  /** When files of any target were searched for last, milliseconds since the epoch. */
  readonly searchedMs: () => number
  readonly close: () => void
}

export type FollowerOptions = {
  readonly settings: FileSourceSettings
  readonly table: PositionTable
  readonly metrics: FileMetrics
  readonly clock: ReadClock
  readonly laneOf: (path: string) => Lane
}

/** Entries that one search may see: a glob such as `/**` ends here. */
const MAX_ENTRIES = 200_000
/** A file that was read to its end and not written for so long is not opened again until it grows. */
const QUIET_FILE_MS = 600_000
/** Positions of files that nobody saw for a week are forgotten. */
const FORGET_MS = 7 * 24 * 3600 * 1000

export function createFollower({ settings, table, metrics, clock, laneOf }: FollowerOptions): Follower {
  const { logger, now } = settings
  const cutLinesOf = createCutLines(settings)
  const followed = new Map<string, FollowedPath>()
  let searchedMs = table.blindSinceMs
  /** Paths that could not be opened or were too many, so that each is logged once. */
  const complained = new Set<string>()

  const isOpen = (job: string, device: string, inode: string): boolean =>
    [...followed.values()].some((path) => path.job === job && path.tails().some((tail) => tail.device === device && tail.inode === inode))
  const openFiles = (): number => [...followed.values()].reduce((sum, path) => sum + path.tails().length, 0)

  const follow = (key: string, target: FileTarget, path: string): void => {
    const job = target.job.name
    const lane = laneOf(path)
    const reader = createLineReader({
      stages: target.job.pipeline,
      labels: target.labelsOf(path),
      lane,
      clock,
      maxLineBytes: settings.maxLineBytes,
      metrics,
      onCut: cutLinesOf(path),
      inspect: settings.inspect,
    })
    followed.set(
      key,
      followPath({
        job,
        path,
        lane,
        reader,
        files: createOpenFiles(job, table, (device, inode) => isOpen(job, device, inode), now),
        metrics,
        logger,
        pollMs: settings.pollMs,
        lingerMs: settings.lingerMs,
        nowMs: now(),
        onClosed: (position, linked) => (linked ? table.put(position) : table.remove(position)),
      }),
    )
  }
  /** A file that a rotation renamed is known under its old name, one that was read to its end has nothing new. */
  const isKnown = (job: string, path: string, files: ReadonlySet<string>): boolean => {
    const file = siblingAt(path)
    if (file === undefined) return true
    if (files.has(`${job}\n${file.device}:${file.inode}`)) return true
    const position = table.peek(job, file.device, file.inode)
    if (position === undefined) return false
    table.put({ ...position, seenMs: now() })
    return now() - Number(file.modifiedNs / 1_000_000n) > QUIET_FILE_MS && isReadTo(path, position, position.offset)
  }
  const tryFollow = (key: string, target: FileTarget, path: string): void => {
    try {
      if (openFiles() >= settings.maxFiles) throw new Error(`${settings.maxFiles} files are open, the most allowed`)
      follow(key, target, path)
      complained.delete(key)
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || complained.has(key)) return
      complained.add(key)
      metrics.errors.inc()
      logger.error('file cannot be followed, its lines are not collected', { path, job: target.job.name, error: errorMessage(error) })
    }
  }

  return {
    openFiles,
    searchedMs: () => searchedMs,
    paths: () => followed.values(),
    positions: () => [...table.all(), ...[...followed.values()].flatMap((path) => path.positions(now()))],
    refresh: (targets) => {
      if (targets.length > 0) searchedMs = now()
      const folders = createFolders(MAX_ENTRIES, (path) =>
        logger.error('search for files stopped, too many entries', { path, limit: MAX_ENTRIES }),
      )
      const wanted = new Set<string>()
      const open = new Set<string>(
        [...followed.values()].flatMap((path) => path.tails().map(({ device, inode }) => `${path.job}\n${device}:${inode}`)),
      )
      for (const target of targets) {
        for (const path of target.glob.find(folders)) {
          const key = `${target.job.name}\n${path}`
          if (wanted.has(key) || target.exclude?.matches(path) === true) continue
          wanted.add(key)
          const before = followed.get(key)
          before?.stay()
          before?.relabel(target.labelsOf(path))
          if (before !== undefined || isKnown(target.job.name, path, open)) continue
          tryFollow(key, target, path)
          for (const { device, inode } of followed.get(key)?.tails() ?? []) open.add(`${target.job.name}\n${device}:${inode}`)
        }
      }
      for (const [key, path] of followed) {
        if (!wanted.has(key)) path.leave(now())
        if (path.finished()) followed.delete(key)
      }
      table.prune(now() - FORGET_MS, settings.maxFiles * 4)
      return folders.seen()
    },
    close: () => {
      for (const path of followed.values()) path.close()
      followed.clear()
    },
  }
}
