import { hostname } from 'node:os'
import { setImmediate as breathe } from 'node:timers/promises'

import { LOKI_LABEL_LIMITS } from '../lines/label-limits.ts'
import { createReadClock } from '../lines/read-clock.ts'
import { createSteadyClock } from '../lines/steady-clock.ts'
import { maxOpenFiles } from './descriptors.ts'
import { createFolderWatch } from './folder-watch.ts'
import type { FollowedPath } from './followed-path.ts'
import { createFollower, type Follower } from './follower.ts'
import { createLanes, type Lanes } from './lanes.ts'
import { createFileMetrics, type FileLag, showState } from './metrics.ts'
import type { FileSourceOptions, FileSourceSettings } from './options.ts'
import { createPositionTable } from './position-table.ts'
import { createPositionWriter, withCursors } from './position-writer.ts'
import { loadPositions } from './positions.ts'
import { createSearch } from './search.ts'
import { createTargets } from './targets.ts'
import { type FileSource, viewFiles } from './view.ts'
import { createWaker } from './waker.ts'

/** Bytes read before the event loop gets its turn. */
const TURN_BYTES = 1024 * 1024
const READ_BYTES = 256 * 1024
/** New names come in bursts: one search for all of them. */
const NAMES_SETTLE_MS = 250

/**
 * Tails the files that its jobs' targets name. Every line is handed over at least once, in the order of its file, and once
 * only unless the process was killed: a position moves when the batch that holds its line was acknowledged.
 *
 * `run` rejects when emit rejects for another reason than the stop: delivery is the agent's, and nothing is read past a loss.
 */
export function createFileSource(options: FileSourceOptions): FileSource {
  const settings = withDefaults(options)
  const metrics = createFileMetrics(settings.metrics)
  let wake = (_delayMs: number): void => undefined
  const targets = createTargets({ ...settings, onChange: () => wake(0) })
  let follower: Follower | undefined
  let positionsTrouble = (): string | undefined => undefined

  return {
    files: () => viewFiles(follower?.paths() ?? [], settings.steadyNow()),
    targets: () =>
      targets.views().map((view) => {
        const error = view.dropped === undefined ? follower?.trouble(view.job, view.glob) : undefined
        return error === undefined ? view : { ...view, error }
      }),
    positionsTrouble: () => positionsTrouble(),
    reload: (jobs) => {
      targets.reload(jobs)
      follower?.reload(targets.jobs())
    },
    run: async (emit, signal) => {
      const startedMs = settings.now()
      const { positionsPath, formerPositionsPath, logger, steadyNow } = settings
      const stored = await loadPositions(formerPositionsPath === undefined ? [positionsPath] : [positionsPath, formerPositionsPath], logger)
      const table = createPositionTable(stored, startedMs)
      const waker = createWaker()
      const failures: unknown[] = []
      let touch = (): void => undefined
      let openFiles = 0
      let cursors = settings.cursors?.()
      const onSettled = (error: unknown): void => {
        if (error !== undefined) failures.push(error)
        touch()
        waker.wake()
      }
      const lanes = createLanes(settings, emit, onSettled)
      const clock = createReadClock(settings.now, steadyNow)
      const watch = createFolderWatch({
        onNames: () => wake(NAMES_SETTLE_MS),
        onFile: (path) => follower?.changed(path),
        onSilent: (folder) => follower?.silent(folder),
        logger,
        pollMs: Math.min(1000, settings.refreshMs),
      })
      const followed = createFollower({
        settings,
        table,
        metrics,
        clock,
        laneOf: lanes.of,
        jobs: targets.jobs(),
        wake: waker.wake,
        searchAgain: (delayMs = 0) => wake(delayMs),
        tells: (folder) => watch.tells(folder),
      })
      follower = followed
      const hide = showState(settings.metrics, {
        open: followed.descriptors,
        followed: followed.openFiles,
        behind: () => lagsOf(followed.paths(), steadyNow()),
      })
      const writer = createPositionWriter({
        path: positionsPath,
        everyMs: settings.positionsSyncMs,
        read: followed.positions,
        others: () => withCursors(table.others(), settings.cursors?.()),
        onWritten: settings.onPositions,
        searchedMs: followed.searchedMs,
        readers: settings.reader === undefined ? undefined : [settings.reader],
        logger,
        metrics,
      })
      touch = writer.touch
      positionsTrouble = writer.trouble
      const search = createSearch(settings.refreshMs)
      wake = (delayMs) => {
        search.soon(steadyNow(), delayMs)
        waker.wake()
      }
      const stop = new AbortController()
      const discovery = targets.run(stop.signal).catch(onSettled)
      const onStop = (): void => waker.wake()
      signal.addEventListener('abort', onStop, { once: true })
      const buffer = Buffer.allocUnsafeSlow(settings.maxLineBytes + READ_BYTES)

      try {
        while (!signal.aborted && failures.length === 0) {
          watch.tick(steadyNow())
          search.when(steadyNow(), () => watch.follow(followed.refresh(targets.current())))
          const busy = await readRound(followed.paths(), buffer, settings)
          for (const lane of lanes.all) lane.dispatch(steadyNow())
          followed.rest()
          if (openFiles !== followed.openFiles() || cursors !== settings.cursors?.()) touch()
          openFiles = followed.openFiles()
          cursors = settings.cursors?.()
          writer.tick(steadyNow())
          if (busy) await breathe()
          else await waker.wait(Math.max(0, Math.min(settings.pollMs, dueMs(lanes, followed.paths()) - steadyNow())))
        }
        if (failures.length === 0) for (const path of followed.paths()) path.stop()
        // What fails after the patience of the stop is what a stop looks like.
        if (failures.length === 0 && !(await lanes.handOver())) failures.length = 0
      } finally {
        signal.removeEventListener('abort', onStop)
        wake = () => undefined
        lanes.close()
        stop.abort()
        watch.close()
        await discovery
        await writer.finish()
        hide()
        followed.close()
        follower = undefined
        positionsTrouble = () => undefined
      }
      if (failures.length > 0) throw failures[0]
    },
  }
}

/** Reads one buffer of every path that is due and has room in its lane, and looks at the others. True when there is more to read at once. */
async function readRound(paths: Iterable<FollowedPath>, buffer: Buffer, settings: FileSourceSettings): Promise<boolean> {
  let busy = false
  let turn = 0
  for (const path of paths) {
    const nowMs = settings.steadyNow()
    if (nowMs < path.nextPollMs()) continue
    if (path.lane.full()) path.lane.dispatch(nowMs)
    if (!path.poll(nowMs, path.lane.full() ? undefined : buffer)) continue
    busy = true
    turn += READ_BYTES
    if (turn < TURN_BYTES) continue
    turn = 0
    await breathe()
  }
  return busy
}

/** When a batch is due, or a file that a limit of the rate holds back. */
function dueMs(lanes: Lanes, paths: Iterable<FollowedPath>): number {
  let due = Number.POSITIVE_INFINITY
  for (const lane of lanes.all) due = Math.min(due, lane.dueMs())
  for (const path of paths) due = Math.min(due, path.resumesMs())
  return due
}

function* lagsOf(paths: Iterable<FollowedPath>, nowMs: number): Iterable<FileLag> {
  for (const path of paths) {
    const since = path.behindSinceMs()
    if (since !== undefined) yield { job: path.job, filename: path.path, seconds: Math.max(0, nowMs - since) / 1000 }
  }
}

const withDefaults = (options: FileSourceOptions): FileSourceSettings => ({
  ownFiles: [],
  ownFolders: [],
  streams: 1,
  hostname: hostname(),
  batchBytes: 1024 * 1024,
  batchWaitMs: 1000,
  maxLineBytes: 256 * 1024,
  longLines: 'truncate',
  labelLimits: LOKI_LABEL_LIMITS,
  pollMs: 250,
  refreshMs: 10_000,
  positionsSyncMs: 200,
  lingerMs: 10_000,
  stopWaitMs: 5000,
  maxFiles: 20_000,
  maxSearchEntries: 200_000,
  maxOpenFiles: maxOpenFiles(),
  from: 'beginning',
  countsLines: true,
  now: Date.now,
  steadyNow: createSteadyClock(options.now ?? Date.now),
  ...options,
})
