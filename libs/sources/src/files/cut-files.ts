import { dirname } from 'node:path'

import type { LateLines } from './late-lines.ts'
import type { FollowedPathOptions } from './path-options.ts'
import { changedAt, realPathOf } from './siblings.ts'
import type { Tail } from './tail.ts'

/** Files of a path that are cut where they stand, as copytruncate does, and the copies of what they had. */
export type CutFiles = {
  /** A file was cut: what it had is read in its copy, where there is one, and then it from its start. */
  readonly cut: (tail: Tail) => void
  /** Files were added. */
  readonly note: () => void
  /** Before anything is read: looks at the files whose turn has not come, which may be cut meanwhile. @returns why one of them could not be looked at */
  readonly look: () => unknown
}

export type CutFilesOptions = Pick<FollowedPathOptions, 'job' | 'path' | 'reader' | 'files' | 'metrics' | 'logger'> & {
  /** Files in the order of reading; copies are put among them. */
  readonly tails: Tail[]
  readonly late: Pick<LateLines, 'remove' | 'tails'>
  readonly advance: () => void
}

export function createCutFiles({ job, path, reader, files, metrics, logger, tails, late, advance }: CutFilesOptions): CutFiles {
  /** Files that had nothing when they were looked at last. */
  const empty = new Map<Tail, Empty>()
  const noted = new WeakSet<Tail>()
  const all = (): readonly Tail[] => [...late.tails(), ...tails]

  const cut = (tail: Tail): void => {
    const { copy, later, again } = files.cut(path, tail, all())
    metrics.truncations.inc()
    empty.delete(tail)
    noted.add(again)
    empty.set(again, { sinceNs: tail.modifiedNs(), seenNs: 0n, folders: '' })
    const place = late.remove(tail) ? 0 : tails.indexOf(tail)
    tails.splice(place, tails[place] === tail ? 1 : 0, ...(copy === undefined ? [] : [copy]), ...later, again)
    logger.info('file was cut, reading it from the start', { path, job, copied: copy !== undefined })
    if (copy === undefined) reader.flush(tail.cursor)
    else advance()
  }
  const note = (): void => {
    for (const tail of tails) {
      if (noted.has(tail)) continue
      noted.add(tail)
      if (tail.head().length === 0 && !tail.complete)
        empty.set(tail, { sinceNs: tail.modifiedNs(), seenNs: tail.modifiedNs(), folders: foldersOf(path) })
    }
  }
  /** What begins it is known from here on. Before, it may have been written, copied and cut again without a trace but its time. */
  const lookAt = (tail: Tail, { sinceNs, seenNs, folders }: Empty): void => {
    const seen = tail.modifiedNs()
    if (tail.size() === 0 && seen === seenNs) return
    const now = foldersOf(path)
    const found = now === folders ? [] : files.since(path, tail, sinceNs, all())
    if (found.length > 0 && tail.look() === 'cut') {
      // Cut after the last look at it: they are copies of what came since, and its own copy is read before them.
      files.putBack(path, found)
      return cut(tail)
    }
    tails.splice(tails.indexOf(tail), 0, ...found)
    if (tail.size() === 0) empty.set(tail, { sinceNs, seenNs: seen, folders: now })
    else empty.delete(tail)
  }
  note()
  return {
    cut,
    note,
    look: () => {
      note()
      let failure: unknown
      // One that fails hides none of the others, and those before it can be read.
      const trying = (act: () => void): void => {
        try {
          act()
        } catch (error) {
          failure ??= error
        }
      }
      for (const tail of tails.slice(1)) {
        trying(() => {
          if (tail.look() === 'cut') cut(tail)
        })
      }
      for (const [tail, before] of empty) {
        trying(() => {
          if (!tails.includes(tail)) empty.delete(tail)
          else if (tail.look() === 'cut') cut(tail)
          else lookAt(tail, before)
        })
      }
      return failure
    },
  }
}

/** When a file that has nothing was written to last, before that and as it was seen, nanoseconds since the epoch; and when names beside it came or went. */
type Empty = { readonly sinceNs: bigint; readonly seenNs: bigint; readonly folders: string }

const foldersOf = (path: string): string => [path, realPathOf(path)].map((one) => changedAt(dirname(one))).join(' ')
