import { errorCode, errorMessage, type Logger } from '@clymene/model'
import type { LabelSet } from '@clymene/stages'

import type { Lane } from '../lines/lane.ts'
import type { LineReader } from './line-reader.ts'
import type { FileMetrics } from './metrics.ts'
import { type OpenFiles, siblingAt } from './open-files.ts'
import type { Position } from './positions.ts'
import type { Tail } from './tail.ts'

/** The lines of one path of one job, through all files that bear that name one after the other. */
export type FollowedPath = {
  readonly job: string
  readonly path: string
  readonly lane: Lane
  /** When it should be looked at next, milliseconds. */
  readonly nextPollMs: () => number
  /** Reads one buffer at most. True when there was something to read. */
  readonly poll: (nowMs: number, buffer: Buffer) => boolean
  readonly relabel: (labels: LabelSet) => void
  /** No target names the path any more: it is read to its end and then left. */
  readonly leave: (nowMs: number) => void
  readonly stay: () => void
  /** Everything is read and acknowledged, and the path is gone or left. */
  readonly finished: () => boolean
  readonly tails: () => readonly Tail[]
  readonly positions: (seenMs: number) => readonly Position[]
  /** When everything in it was read and acknowledged last, milliseconds. */
  readonly caughtUpMs: () => number
  readonly close: () => void
}

export type FollowedPathOptions = {
  readonly job: string
  readonly path: string
  readonly lane: Lane
  readonly reader: LineReader
  readonly files: OpenFiles
  readonly metrics: FileMetrics
  readonly logger: Logger
  readonly pollMs: number
  readonly lingerMs: number
  readonly nowMs: number
  /** A file was closed with all of it handed over; its position is the last word on it. */
  readonly onClosed: (position: Position, linked: boolean) => void
}

/** Quiet files are looked at this often, in units of the poll interval; so long may a rotation go unseen. */
const QUIET_POLLS = 4

/** @throws a system error when the file cannot be opened. */
export function followPath(options: FollowedPathOptions): FollowedPath {
  const { job, path, lane, reader, files, metrics, logger } = options
  /** The first is being read, the last is the file at the path. */
  const tails: Tail[] = [...files.first(path)]
  /** Read to their end, and watched a while for lines that come late. */
  const lingering: { readonly tail: Tail; untilMs: number }[] = []
  const quietMs = options.pollMs * QUIET_POLLS
  let nextPollMs = options.nowMs
  let waitMs = options.pollMs
  let checkedMs = options.nowMs
  let goneSinceMs: number | undefined
  let leftSinceMs: number | undefined
  let caughtUpMs = options.nowMs

  const advance = (tail: Tail): void => lane.advance(tail, tail.progress(reader.held()))
  /** Takes the rest of a file as its last line. False when the batch has no room for it now. */
  const finish = (tail: Tail, buffer: Buffer, nowMs: number): boolean => {
    const outcome = tail.read(reader, buffer, true)
    advance(tail)
    if (outcome !== 'idle' && outcome !== 'end') return false
    lingering.push({ tail, untilMs: nowMs + options.lingerMs })
    tails.shift()
    if (tails.length === 0) reader.flush(tail.cursor)
    return true
  }
  /** Is another file at the path? Files in between are put before it. */
  const check = (nowMs: number): void => {
    checkedMs = nowMs
    const current = siblingAt(path)
    const last = tails.at(-1) ?? lingering.at(-1)?.tail
    if (current === undefined) goneSinceMs ??= nowMs
    else {
      goneSinceMs = undefined
      if (current.device === last?.device && current.inode === last.inode) return
      metrics.rotations.inc()
      tails.push(...(last === undefined ? files.first(path) : files.next(path, last)))
    }
  }
  const linger = (buffer: Buffer, nowMs: number): void => {
    for (const late of lingering.slice()) {
      const { tail } = late
      const outcome = tail.read(reader, buffer, true)
      if (outcome === 'some' || outcome === 'end') late.untilMs = nowMs + options.lingerMs
      if (!tail.settled()) advance(tail)
      else if (nowMs >= late.untilMs) {
        options.onClosed(tail.position(job, path, nowMs), tail.linked())
        tail.close()
        lingering.splice(lingering.indexOf(late), 1)
      }
    }
  }
  const readNext = (tail: Tail, buffer: Buffer, nowMs: number): 'more' | 'end' | 'idle' => {
    const outcome = tail.read(reader, buffer, false)
    if (outcome === 'truncated') {
      metrics.truncations.inc()
      logger.info('file was cut, reading it from the start', { path })
    }
    if (outcome !== 'idle') advance(tail)
    if (outcome === 'some' || outcome === 'truncated') return 'more'
    // Just fallen silent: the writer may have moved on to another file.
    if (nowMs - checkedMs >= quietMs || (outcome === 'idle' && waitMs === options.pollMs)) check(nowMs)
    // The next file was there before this one was found read to its end: nobody writes to it any more.
    const over = tails.length > 1 || (closing() && nowMs >= (goneSinceMs ?? leftSinceMs ?? nowMs) + options.lingerMs)
    if (!over) return outcome
    if (outcome === 'idle') finish(tail, buffer, nowMs)
    return 'more'
  }
  const closing = (): boolean => (leftSinceMs ?? goneSinceMs) !== undefined

  const poll = (nowMs: number, buffer: Buffer): boolean => {
    try {
      const [tail] = tails
      if (tail === undefined && nowMs - checkedMs >= quietMs) check(nowMs)
      const outcome = tail === undefined ? 'idle' : readNext(tail, buffer, nowMs)
      if (outcome !== 'more') {
        linger(buffer, nowMs)
        if (all().every((each) => each.settled())) caughtUpMs = nowMs
      }
      nextPollMs = outcome === 'more' ? nowMs : nowMs + waitMs
      waitMs = outcome === 'idle' ? Math.min(waitMs * 2, quietMs) : options.pollMs
      return outcome === 'more'
    } catch (error) {
      metrics.errors.inc()
      logger.warn('file cannot be read, it is tried again', { path, error: errorMessage(error), code: errorCode(error) })
      nextPollMs = nowMs + quietMs
      return false
    }
  }
  const all = (): readonly Tail[] => [...lingering.map(({ tail }) => tail), ...tails]
  return {
    job,
    path,
    lane,
    poll,
    nextPollMs: () => nextPollMs,
    relabel: (labels) => reader.relabel(labels),
    leave: (nowMs) => {
      leftSinceMs ??= nowMs
    },
    stay: () => {
      leftSinceMs = undefined
    },
    finished: () => tails.length === 0 && lingering.length === 0 && closing(),
    tails: all,
    positions: (seenMs) => all().map((tail) => tail.position(job, path, seenMs)),
    caughtUpMs: () => caughtUpMs,
    close: () => {
      for (const tail of all()) tail.close()
    },
  }
}
