import { statSync } from 'node:fs'

import { createCaughtUp } from './caught-up.ts'
import { createCutFiles } from './cut-files.ts'
import { createFailingFiles } from './failing-files.ts'
import { createLateLines } from './late-lines.ts'
import type { FollowedPath, FollowedPathOptions } from './path-options.ts'
import { createPathTrouble, FAILED } from './path-trouble.ts'
import { sameFile } from './siblings.ts'
import type { Tail } from './tail.ts'

export type { FollowedPath } from './path-options.ts'

/** Quiet files are looked at this often, in units of the poll interval; so long may a rotation go unseen. */
const QUIET_POLLS = 4
/** And so often when a write to them is told. */
const TOLD_POLLS = 40
/** How long a rotated file's last line may wait for its end. */
const LINE_END_MS = 2000

export function followPath(options: FollowedPathOptions): FollowedPath {
  const { job, path, lane, reader, files, metrics, logger, pollMs, lingerMs } = options
  /** The first is being read, the last is the file at the path. */
  const tails: Tail[] = [...options.first]
  const quietMs = pollMs * QUIET_POLLS
  let labels = options.labels
  let [nextPollMs, nextLookMs] = [options.nowMs, options.nowMs]
  let [resumesMs, waitMs] = [0, pollMs]
  let [checkedMs, wroteMs] = [options.nowMs, options.nowMs]
  let goneSinceMs: number | undefined
  let leftSinceMs: number | undefined
  const caughtUp = createCaughtUp(options.nowMs)
  let unread = true
  const trouble = createPathTrouble(path, logger, metrics)

  /** All of them: a line that begins in one file may end in the next, and is acknowledged for both at once. */
  const advance = (): void => {
    for (const each of all()) if (!each.settled()) lane.advance(each, each.progress(reader.held()))
  }
  const onOver = (tail: Tail, nowMs: number): void => {
    options.onClosed({ ...tail.position(job, path, nowMs), closed: true })
    tail.close()
  }
  const late = createLateLines({ reader, lingerMs, advance, onCut: (tail) => cuts.cut(tail), onOver })
  const cuts = createCutFiles({ ...options, tails, late, advance })
  const all = (): readonly Tail[] => [...late.tails(), ...tails]
  const behind = (): boolean => unread || !all().every((each) => each.settled())

  /** Is another file at the path? Files in between are put before it. */
  const check = (nowMs: number): void => {
    checkedMs = nowMs
    const current = trouble.of(() => files.current(path, all()))
    if (current === FAILED) return
    const last = tails.at(-1) ?? late.tails().at(-1)
    if (current === undefined) goneSinceMs ??= nowMs
    else {
      goneSinceMs = undefined
      if (last !== undefined && sameFile(current, last)) return
      metrics.rotations.inc()
      tails.push(...(last === undefined ? files.first(path) : files.next(path, last, all())))
      cuts.note()
    }
  }
  const isAtPath = (tail: Tail): boolean => tail === tails.at(-1) && !closing()
  const failing = createFailingFiles({ ...options, tails, late, advance, check, isAtPath })
  const closing = (): boolean => (leftSinceMs ?? goneSinceMs) !== undefined
  /** Whether nobody writes to the file any more, as far as can be known. */
  const isOver = (tail: Tail, nowMs: number): boolean => {
    // The next file was there before this one was found read to its end.
    if (tail.complete || tails.length > 1) return true
    return closing() && nowMs >= (goneSinceMs ?? leftSinceMs ?? nowMs) + lingerMs
  }
  const readNext = (tail: Tail, buffer: Buffer, nowMs: number): 'more' | 'end' | 'idle' | 'waiting' => {
    if (isStill(tail, nowMs)) return 'idle'
    const outcome = tail.read(reader, buffer, false)
    if (outcome === 'cut') cuts.cut(tail)
    else if (outcome !== 'idle') advance()
    if (outcome !== 'idle') wroteMs = nowMs
    if (outcome === 'some' || outcome === 'cut') return 'more'
    if (outcome === 'waiting') return outcome
    // Just fallen silent: the writer may have moved on to another file. So it may before a long sleep, which each write that is told made longer.
    if (nowMs - checkedMs >= quietMs || (outcome === 'idle' && (waitMs === pollMs || waitMs >= quietMs))) check(nowMs)
    if (!isOver(tail, nowMs)) {
      // Not before all that is there was read, here and in a file that follows: what is held may go on there.
      flushHeld(tail, nowMs)
      return outcome
    }
    const waitsForLineEnd = !tail.complete && tail.cursor.offset < tail.size() && nowMs < wroteMs + Math.min(lingerMs, LINE_END_MS)
    if (outcome === 'idle' && waitsForLineEnd) return outcome
    if (outcome === 'idle') finish(tail, buffer, nowMs)
    return 'more'
  }
  /** Takes the rest of a file as its last line. */
  const finish = (tail: Tail, buffer: Buffer, nowMs: number): void => {
    const outcome = tail.read(reader, buffer, true)
    if (outcome === 'cut') return cuts.cut(tail)
    advance()
    if (outcome !== 'idle' && outcome !== 'end') return
    late.add(tail, nowMs)
    tails.shift()
    if (tails.length === 0) reader.flush(tail.cursor)
  }
  /** A file that is as it was needs no more than a look at its path. */
  const isStill = (tail: Tail, nowMs: number): boolean => {
    if (tails.length > 1 || tail.complete || closing() || (waitMs < quietMs && !tail.resting())) return false
    const file = trouble.of(() => statSync(path, { throwIfNoEntry: false }))
    if (file !== FAILED && tail.unchanged(file)) {
      checkedMs = nowMs
      flushHeld(tail, nowMs)
      return true
    }
    if (!tail.resting() || files.wake(path, tail)) return false
    // All of it was handed over before its descriptor was given back.
    tails.shift()
    onOver(tail, nowMs)
    check(nowMs)
    return true
  }
  const flushHeld = (tail: Tail, nowMs: number): void => {
    if (reader.held() === 0) return
    reader.flush(tail.cursor, BigInt(Math.floor(nowMs)) * 1_000_000n)
    advance()
  }
  /** The batch has no room: nothing is read, but a file that is replaced or cut now is still had. True when there is more to read. */
  const look = (nowMs: number): boolean => {
    if (tails[0] !== undefined && isStill(tails[0], nowMs)) return false
    for (const each of tails.slice(0, 1)) if (each.look() === 'cut') cuts.cut(each)
    check(nowMs)
    return tails.length > 1 || tails.some((each) => each.cursor.offset < each.size())
  }
  const step = (nowMs: number, buffer: Buffer | undefined): ReturnType<typeof readNext> => {
    const failure = cuts.look()
    const [tail] = tails
    const owed = buffer === undefined && look(nowMs)
    const outcome = buffer === undefined || tail === undefined ? 'idle' : readNext(tail, buffer, nowMs)
    if (tail === undefined && nowMs - checkedMs >= quietMs) check(nowMs)
    if (buffer !== undefined && outcome !== 'more') late.read(buffer, nowMs)
    unread = owed || outcome === 'more' || outcome === 'waiting'
    caughtUp.looked(nowMs, all(), { isEnd: !unread, settled: !behind() })
    if (failure !== undefined && outcome !== 'more') throw failure
    trouble.reading(failure)
    return outcome
  }
  const lookForOthers = (nowMs: number): void => {
    try {
      failing.look(nowMs)
    } catch {
      // Why nothing can be read is told, and it is tried again.
    }
  }
  const poll = (nowMs: number, buffer: Buffer | undefined): boolean => {
    // A look is no reading: the path stays due, and is read as soon as the batch has room.
    if (buffer === undefined && nowMs < nextLookMs) return false
    nextLookMs = nowMs + pollMs
    try {
      const outcome = step(nowMs, buffer)
      if (buffer === undefined) return false
      // A stage or a flag may say how many lines a second are read.
      resumesMs = outcome === 'more' ? reader.waitUntilMs() : 0
      // What was just written may go on at once, however long it was quiet before. Stages let go of what they hold when it is looked at.
      const sleepMs = { more: 0, waiting: Number.POSITIVE_INFINITY, idle: waitMs, end: pollMs }[outcome]
      nextPollMs = Math.max(resumesMs, nowMs + sleepMs)
      const maxMs = reader.held() === 0 && options.isTold() ? pollMs * TOLD_POLLS : quietMs
      waitMs = outcome === 'idle' ? Math.min(waitMs * 2, maxMs) : pollMs
      return outcome === 'more' && nextPollMs <= nowMs
    } catch (error) {
      trouble.reading(error)
      nextPollMs = nowMs + quietMs
      lookForOthers(nowMs)
      return false
    }
  }
  return {
    job,
    path,
    lane,
    poll,
    labels: () => labels,
    nextPollMs: () => nextPollMs,
    resumesMs: () => (nextPollMs === resumesMs ? resumesMs : Number.POSITIVE_INFINITY),
    stop: () => {
      const isRead = trouble.of(() => tails.every((each) => each.look() === 'whole' && each.cursor.offset === each.size()))
      if (isRead === true && reader.stop()) advance()
    },
    ready: () => {
      nextPollMs = resumesMs
      waitMs = pollMs
    },
    told: () => {
      // One that is being written is looked at in its own time: each write on its own would cost more.
      if (waitMs <= pollMs || nextPollMs === Number.POSITIVE_INFINITY) return false
      nextPollMs = resumesMs
      return true
    },
    relabel: (next) => {
      labels = next
      reader.relabel(next)
    },
    leave: (nowMs) => {
      leftSinceMs ??= nowMs
    },
    stay: () => {
      leftSinceMs = undefined
    },
    finished: () => all().length === 0 && closing(),
    tails: all,
    rotated: (tail) => goneSinceMs !== undefined || tail !== tails.at(-1),
    restable: () => (waitMs < quietMs || behind() || all().length > 1 || tails[0]?.complete === true ? undefined : tails[0]),
    positions: (seenMs) => all().map((tail) => tail.position(job, path, seenMs)),
    behindSinceMs: () => (behind() ? caughtUp.atMs() : undefined),
    trouble: trouble.text,
    close: () => {
      for (const tail of all()) tail.close()
    },
  }
}
