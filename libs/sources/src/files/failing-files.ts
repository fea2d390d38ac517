import { errorCode, errorMessage } from '@clymene/model'

import type { LateLines } from './late-lines.ts'
import type { FollowedPathOptions } from './path-options.ts'
import type { Tail } from './tail.ts'

/** Files that are open and cannot be read: a server knows the descriptor no more (ESTALE), or a disk is broken (EIO). They hold up what follows them, and nothing that is before them. */
export type FailingFiles = {
  /** A reading failed. @throws a system error: it is to be tried again */
  readonly look: (nowMs: number) => void
}

export type FailingFilesOptions = Pick<
  FollowedPathOptions,
  'job' | 'path' | 'lingerMs' | 'reader' | 'files' | 'metrics' | 'logger' | 'onClosed'
> & {
  /** Files in the order of reading. */
  readonly tails: Tail[]
  readonly late: Pick<LateLines, 'remove' | 'tails'>
  readonly advance: () => void
  /** Looks for another file at the path. */
  readonly check: (nowMs: number) => void
  readonly isAtPath: (tail: Tail) => boolean
}

export function createFailingFiles(options: FailingFilesOptions): FailingFiles {
  const { job, path, lingerMs, reader, files, metrics, logger, tails, late, advance, check, isAtPath } = options
  const sinceMs = new WeakMap<Error, number>()
  const all = (): readonly Tail[] => [...late.tails(), ...tails]

  /** It has no name here any more, as far as can be seen: its text may be in a compressed file, or it is lost; a start would have to find out, too. */
  const close = (tail: Tail, nowMs: number): void => {
    if (tail === tails[0]) reader.flush(tail.cursor)
    tail.cursor.skipping = false
    // Of what an earlier run had handed over nothing comes.
    if (!tail.settled() && tail.cursor.offset >= tail.cursor.quietUntil) return advance()
    options.onClosed(tail.position(job, path, nowMs))
    tail.close()
    const place = late.remove(tail) ? 0 : tails.indexOf(tail)
    tails.splice(place, tails[place] === tail ? 1 : 0)
    tails.splice(place, 0, ...files.next(path, tail, all()))
  }
  const giveUp = (tail: Tail, fault: Error): void => {
    const lostBytes = tail.giveUp()
    if (lostBytes === 0) return
    metrics.lostBytes.inc(lostBytes)
    logger.error('lines of a file cannot be read any more', { path, lostBytes, reason: errorMessage(fault), job })
  }
  return {
    look: (nowMs) => {
      for (const tail of all()) {
        const fault = tail.fault()
        if (fault === undefined) continue
        const firstMs = sinceMs.get(fault) ?? nowMs
        sinceMs.set(fault, firstMs)
        if (errorCode(fault) === 'ESTALE' && !files.wake(path, tail)) {
          close(tail, nowMs)
          continue
        }
        check(nowMs)
        if (nowMs >= firstMs + lingerMs && !isAtPath(tail)) giveUp(tail, fault)
      }
    },
  }
}
