import { existsSync } from 'node:fs'
import { dirname } from 'node:path'

import { errorCode } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

import type { Lane } from '../lines/lane.ts'
import type { ReadClock } from '../lines/read-clock.ts'
import type { FollowedPath } from './followed-path.ts'
import { createFolders, type Folders } from './glob.ts'
import { createLinkedPaths } from './linked-paths.ts'
import type { FileMetrics } from './metrics.ts'
import { createOpenFiles, type OpenFiles } from './open-files.ts'
import { createOpenPath } from './open-path.ts'
import { createOpenTails } from './open-tails.ts'
import type { FileJob, FileSourceSettings } from './options.ts'
import { createOwnLog, tellOnce } from './own-log.ts'
import { createOwnState } from './own-state.ts'
import type { PositionTable } from './position-table.ts'
import type { Position } from './positions.ts'
import { createReadElsewhere } from './read-elsewhere.ts'
import { createRetiredPaths } from './retired-paths.ts'
import { createSearchTroubles } from './search-troubles.ts'
import { createFolderNames, fileAt, type FolderNames, realPathOf } from './siblings.ts'
import { createStarts } from './starts.ts'
import type { FileTarget } from './targets.ts'

/** The paths that are followed, by job. */
export type Follower = {
  /** Searches for the files of the targets: follows new ones, leaves those nobody wants. Gives the folders it searched. */
  readonly refresh: (targets: readonly FileTarget[]) => Iterable<string>
  /** Leaves the paths of other jobs as they are: hands over what stages hold, and lets the files of `jobs` begin when that is acknowledged. */
  readonly reload: (jobs: readonly FileJob[]) => void
  readonly paths: () => Iterable<FollowedPath>
  readonly positions: () => readonly Position[]
  /** Descriptors that they take. */
  readonly descriptors: () => number
  /** Lets quiet files give descriptors back when there are too many. */
  readonly rest: () => void
  /** Files that they read, rotated ones among them. */
  readonly openFiles: () => number
  /**
   * When files of any target were searched for, milliseconds since the epoch; not the last time, but the regular one before: a path that is
   * being rotated may be missed once, and nothing knows then what was rotated before that.
   */
  readonly searchedMs: () => number
  /** Why files that a glob of a job may mean are not read. */
  readonly trouble: (job: string, pattern: string) => string | undefined
  /** A file was written to, or its name came or went. */
  readonly changed: (path: string) => void
  /** Writes to files of the folder are not told any more: those that slept until they would be are looked at. */
  readonly silent: (folder: string) => void
  readonly close: () => void
}

export type FollowerOptions = {
  readonly settings: FileSourceSettings
  readonly table: PositionTable
  readonly metrics: FileMetrics
  readonly clock: ReadClock
  readonly laneOf: (path: string) => Lane
  /** To begin with. */
  readonly jobs: readonly FileJob[]
  /** Something can be read before its time. */
  readonly wake: () => void
  /** Files are to be searched for again, by default as soon as possible: some could not be opened yet. */
  readonly searchAgain: (delayMs?: number) => void
  /** Whether writes to files of the folder are told by `changed`. */
  readonly tells: (folder: string) => boolean
}

/** Files that could not be opened for want of descriptors are tried again. */
const AGAIN_MS = 1000

export function createFollower(options: FollowerOptions): Follower {
  const { settings, table, metrics, wake, searchAgain } = options
  const { logger, now, steadyNow } = settings
  const openPath = createOpenPath(options)
  const isOwn = tellOnce(createOwnLog(), logger)
  const ownState = createOwnState({ files: [settings.positionsPath, ...settings.ownFiles], folders: settings.ownFolders, logger })
  const starts = createStarts(settings.from, table.blindSinceMs)
  const followed = new Map<string, FollowedPath>()
  /** Jobs that paths are followed for, and those that wait for their predecessors' last lines to be acknowledged. */
  let jobs: ReadonlySet<FileJob> = new Set(options.jobs)
  let waiting: ReadonlySet<FileJob> = new Set()
  const targetOf = new WeakMap<FollowedPath, FileTarget>()
  const isKnown = (name: string): boolean => [...jobs].some((job) => job.name === name)
  table.bequeath((position) => !isKnown(position.job))
  const retired = createRetiredPaths(table, now, () => {
    waiting = new Set()
    table.bequeath((position) => !isKnown(position.job))
    searchAgain()
  })
  const restable = () => [...followed.values()].flatMap((path) => path.restable() ?? [])
  const tails = createOpenTails(settings.maxOpenFiles, restable)
  const elsewhere = createReadElsewhere({ table, tails, tailsOf: (job, path) => followed.get(keyOf(job, path))?.tails() ?? [] })
  const links = createLinkedPaths((job, path) => followed.has(keyOf(job, path)))
  const files = new Map<string, OpenFiles>()
  let current: readonly FileTarget[] = []
  let [searchedMs, lastMs] = [table.searchedMs, table.searchedMs]
  const troubles = createSearchTroubles(logger, metrics)
  const complain = createOnceIn(60_000)

  const filesOf = (job: string): OpenFiles => {
    const known = files.get(job)
    if (known !== undefined) return known
    const isWanted = (path: string): boolean => current.some((target) => target.job.name === job && isOf(target, path))
    const onReady = (path: string): void => {
      followed.get(keyOf(job, path))?.ready()
      wake()
    }
    const made = createOpenFiles({ job, positions: table, tails, metrics, logger, now, isWanted, onReady, startOf: starts.startOf })
    files.set(job, made)
    return made
  }
  const follow = (key: string, target: FileTarget, path: string, names: FolderNames): void => {
    const job = target.job.name
    if (followed.size >= settings.maxFiles) throw new Error(`${settings.maxFiles} files are followed, the most allowed`)
    tails.needRoom()
    const first = filesOf(job).first(path, names)
    if (first.length === 0) return
    links.add(job, path, realPathOf(path))
    const made = openPath(target, path, filesOf(job), first)
    targetOf.set(made, target)
    followed.set(key, made)
  }
  /** Logs that somebody keeps where this program keeps its own would be missed without a word. */
  const tellAllIsOwn = (target: FileTarget): void => {
    const folder = ownState.folderOf(realPathOf(target.glob.root))
    if (folder === undefined) return
    const reason = new Error(`${folder} is for what this program keeps itself, nothing below it is read: it needs a folder without logs`)
    troubles.add(target, folder, reason, 'files cannot be followed, their lines are not collected')
  }
  const newFile = (target: FileTarget, path: string, names: FolderNames): void => {
    const job = target.job.name
    const file = fileAt(path)
    if (file === undefined || elsewhere(job, file)) return
    const real = realPathOf(path)
    if (ownState.has(real)) return tellAllIsOwn(target)
    if (isOwn(path, real, file) || links.isFollowed(job, path, real)) return
    follow(keyOf(job, path), target, path, names)
  }
  /** A path that cannot be looked at or opened hurts no other. */
  const attempt = (target: FileTarget, path: string, act: () => void): void => {
    try {
      act()
    } catch (error) {
      if (errorCode(error) === 'EMFILE') searchAgain(AGAIN_MS)
      else if (errorCode(error) !== 'ENOENT') troubles.add(target, path, error, 'file cannot be followed, its lines are not collected')
    }
  }
  const find = (target: FileTarget, folders: Folders, names: FolderNames, wanted: Set<string>): void => {
    const job = target.job.name
    starts.search(target.glob.pattern)
    const onTrouble = (path: string, error: unknown): void =>
      troubles.add(target, path, error, 'files cannot be searched for, their lines are not collected')
    for (const path of target.glob.find(folders, onTrouble)) {
      const key = keyOf(job, path)
      if (wanted.has(key) || target.excludes(path)) continue
      wanted.add(key)
      const before = followed.get(key)
      before?.stay()
      if (before !== undefined) {
        if (targetOf.get(before) !== target) before.relabel(target.labelsOf(path))
        targetOf.set(before, target)
        continue
      }
      attempt(target, path, () => newFile(target, path, names))
    }
  }
  /** Paths with positions whose file is gone: what a rotation made of it may be owed. */
  const findGone = (targets: readonly FileTarget[], names: FolderNames, wanted: ReadonlySet<string>): void => {
    for (const { job, path } of table.unfinished()) {
      const key = keyOf(job, path)
      if (wanted.has(key) || followed.has(key)) continue
      const target = targets.find((one) => (one.job.name === job || !isKnown(job)) && isOf(one, path))
      if (target === undefined) continue
      attempt(target, path, () => {
        if (fileAt(path) === undefined) follow(keyOf(target.job.name, path), target, path, names)
      })
    }
  }

  /** Its target could not look everywhere: what is open is read on. */
  const isHidden = ({ job, path }: FollowedPath): boolean =>
    current.some((one) => one.job.name === job && troubles.of(job, one.glob.pattern) !== undefined && isOf(one, path))

  return {
    trouble: troubles.of,
    descriptors: tails.descriptors,
    rest: tails.rest,
    openFiles: tails.count,
    searchedMs: () => searchedMs,
    paths: () => followed.values(),
    positions: () => [...table.all(), ...[...followed.values()].flatMap((path) => path.positions(now())), ...retired.positions(now())],
    reload: (next) => {
      const before = jobs
      jobs = new Set(next)
      waiting = new Set([...waiting, ...next].filter((job) => jobs.has(job) && (waiting.has(job) || !before.has(job))))
      const stays = (job: FileJob | undefined): boolean => job !== undefined && jobs.has(job)
      const left = [...followed].filter(([, path]) => !stays(targetOf.get(path)?.job))
      for (const [key] of left) followed.delete(key)
      for (const name of files.keys()) if (!isKnown(name)) files.delete(name)
      retired.add(left.map(([, path]) => path))
    },
    refresh: (found) => {
      const targets = found.filter(({ job }) => !waiting.has(job))
      current = targets
      const atMs = now()
      // A clock that was put back begins anew.
      if (targets.length > 0 && (atMs >= lastMs + settings.refreshMs || atMs < lastMs))
        [searchedMs, lastMs] = [Math.min(lastMs, atMs), atMs]
      const folders = createFolders(settings.maxSearchEntries, (path) => {
        metrics.cutSearches.inc()
        complain('', (heldBack) =>
          logger.error('search for files stopped, too many entries', { path, limit: settings.maxSearchEntries, heldBack }),
        )
      })
      const names = createFolderNames()
      const wanted = new Set<string>()
      links.search()
      ownState.search()
      troubles.search()
      for (const target of targets) find(target, folders, names, wanted)
      starts.searched()
      findGone(targets, names, wanted)
      troubles.searched()
      for (const [key, path] of followed) {
        if (!wanted.has(key) && !isHidden(path)) path.leave(steadyNow())
        if (path.finished()) followed.delete(key)
      }
      table.prune({ nowMs: now(), isFollowed: (job, path) => followed.has(keyOf(job, path)), isThere: (path) => existsSync(dirname(path)) })
      return folders.seen()
    },
    changed: (path) => {
      for (const job of files.keys()) if (followed.get(keyOf(job, path))?.told() === true) wake()
    },
    silent: (folder) => {
      for (const path of followed.values()) if (dirname(path.path) === folder && path.told()) wake()
    },
    close: () => {
      for (const path of followed.values()) path.close()
      followed.clear()
      retired.close()
    },
  }
}

const keyOf = (job: string, path: string): string => `${job}\n${path}`
const isOf = ({ glob, excludes }: FileTarget, path: string): boolean => glob.matches(path) && !excludes(path)
