import { hash } from 'node:crypto'
import { hostname } from 'node:os'
import { setImmediate as breathe } from 'node:timers/promises'

import type { Emit, Source } from '@clymene/model'

import { LOKI_LABEL_LIMITS } from '../lines/label-limits.ts'
import { createLane, type Lane } from '../lines/lane.ts'
import { createOffendedLabels } from '../lines/offended-labels.ts'
import { createReadClock } from '../lines/read-clock.ts'
import { createFolderWatch } from './folder-watch.ts'
import type { FollowedPath } from './followed-path.ts'
import { createFollower, type Follower } from './follower.ts'
import { createFileMetrics } from './metrics.ts'
import type { FileSourceOptions, FileSourceSettings } from './options.ts'
import { createPositionTable } from './position-table.ts'
import { createPositionWriter } from './position-writer.ts'
import { loadPositions } from './positions.ts'
import { createTargets } from './targets.ts'
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
export function createFileSource(options: FileSourceOptions): Source {
  const settings = withDefaults(options)
  // One for the life of the source, so that gauges are registered once.
  let follower: Follower | undefined
  const metrics = createFileMetrics(settings.metrics, {
    active: () => follower?.openFiles() ?? 0,
    oldestUnreadSeconds: () => oldestUnread(follower?.paths() ?? [], settings.now()),
  })

  return {
    run: async (emit, signal) => {
      const startedMs = settings.now()
      const table = createPositionTable(await loadPositions(settings.positionsPath, settings.logger), startedMs)
      const drain = new AbortController()
      const waker = createWaker()
      const failures: unknown[] = []
      const lanes = createLanes(settings, emit, drain.signal, (error) => {
        if (error !== undefined) failures.push(error)
        waker.wake()
      })
      const followed = createFollower({ settings, table, metrics, clock: createReadClock(settings.now), laneOf: laneChooser(lanes) })
      follower = followed
      const writer = createPositionWriter({
        path: settings.positionsPath,
        everyMs: settings.positionsSyncMs,
        read: () => followed.positions(),
        searchedMs: () => followed.searchedMs(),
        logger: settings.logger,
        metrics,
      })
      let searchAtMs = 0
      const soon = (delayMs: number) => (): void => {
        searchAtMs = Math.min(searchAtMs, settings.now() + delayMs)
        waker.wake()
      }
      const watch = createFolderWatch(soon(NAMES_SETTLE_MS), settings.logger)
      const targets = createTargets({ ...settings, onChange: soon(0) })
      const stop = new AbortController()
      const discovery = targets.run(stop.signal).catch((error: unknown) => {
        failures.push(error)
        waker.wake()
      })
      const wake = (): void => waker.wake()
      signal.addEventListener('abort', wake, { once: true })
      const buffer = Buffer.allocUnsafeSlow(settings.maxLineBytes + READ_BYTES)

      try {
        while (!signal.aborted && failures.length === 0) {
          const nowMs = settings.now()
          if (nowMs >= searchAtMs) {
            searchAtMs = nowMs + settings.refreshMs
            watch.follow(followed.refresh(targets.current()))
          }
          const busy = await readRound(followed.paths(), buffer, settings)
          for (const lane of lanes) lane.dispatch(settings.now())
          writer.tick(settings.now())
          if (busy) await breathe()
          else await waker.wait(Math.max(0, Math.min(settings.pollMs, ...lanes.map((lane) => lane.dueMs() - settings.now()))))
        }
        await handOver(lanes, drain, settings.stopWaitMs, failures)
      } finally {
        signal.removeEventListener('abort', wake)
        drain.abort()
        stop.abort()
        watch.close()
        await discovery
        await writer.finish()
        followed.close()
        follower = undefined
      }
      if (failures.length > 0) throw failures[0]
    },
  }
}

/** Reads one buffer of every path that is due and has room in its lane. True when there is more to read at once. */
async function readRound(paths: Iterable<FollowedPath>, buffer: Buffer, settings: FileSourceSettings): Promise<boolean> {
  let busy = false
  let turn = 0
  for (const path of paths) {
    const nowMs = settings.now()
    if (path.lane.full()) path.lane.dispatch(nowMs)
    if (path.lane.full() || nowMs < path.nextPollMs()) continue
    if (!path.poll(nowMs, buffer)) continue
    busy = true
    turn += READ_BYTES
    if (turn < TURN_BYTES) continue
    turn = 0
    await breathe()
  }
  return busy
}

/** The last batches, within the patience of a stop. Failures after it are what a stop looks like. */
async function handOver(lanes: readonly Lane[], drain: AbortController, patienceMs: number, failures: unknown[]): Promise<void> {
  if (failures.length > 0) return
  const timer = setTimeout(() => drain.abort(), patienceMs)
  try {
    for (const lane of lanes) await lane.settled()
    for (const lane of lanes) lane.dispatch(undefined)
    for (const lane of lanes) await lane.settled()
  } catch (error) {
    if (!drain.signal.aborted) throw error
    failures.length = 0
  } finally {
    clearTimeout(timer)
  }
}

function createLanes(settings: FileSourceSettings, emit: Emit, signal: AbortSignal, onSettled: (error: unknown) => void): readonly Lane[] {
  const offended = createOffendedLabels(settings)
  return Array.from({ length: settings.streams }, (_, index) =>
    createLane({ ...settings, stream: String(index), offended, emit, signal, onSettled }),
  )
}

/** Files keep their lane over restarts and rotations: it goes by the hash of the path. */
function laneChooser(lanes: readonly Lane[]): (path: string) => Lane {
  return (path) => {
    const index = Number.parseInt(hash('sha1', path).slice(0, 8), 16) % lanes.length
    const lane = lanes[index]
    if (lane === undefined) throw new RangeError('a file source needs at least one stream')
    return lane
  }
}

function oldestUnread(paths: Iterable<FollowedPath>, nowMs: number): number {
  let oldest = 0
  for (const path of paths) oldest = Math.max(oldest, nowMs - path.caughtUpMs())
  return oldest / 1000
}

const withDefaults = (options: FileSourceOptions): FileSourceSettings => ({
  streams: 1,
  hostname: hostname(),
  batchBytes: 1024 * 1024,
  batchWaitMs: 1000,
  maxLineBytes: 256 * 1024,
  longLines: 'truncate',
  labelLimits: LOKI_LABEL_LIMITS,
  pollMs: 250,
  refreshMs: 10_000,
  positionsSyncMs: 1000,
  lingerMs: 10_000,
  stopWaitMs: 5000,
  maxFiles: 10_000,
  now: Date.now,
  ...options,
})
