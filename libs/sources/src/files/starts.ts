import { fstatSync, readSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'

import { changedAt, realPathOf } from './siblings.ts'

/** Where to begin in files that no position knows. */
export type Starts = {
  /** The files of this glob are opened from now on. */
  readonly search: (glob: string) => void
  /** The search is over: what its globs find later is new. */
  readonly searched: () => void
  readonly startOf: (fd: number, path: string) => number
}

/**
 * With `end`, files that were there when nobody had looked yet are read from their last line on: those of the first search of a glob that are older
 * than `blindSinceMs`. All others are read whole.
 *
 * @param statOf looks at an open file
 */
export function createStarts(
  from: 'beginning' | 'end',
  blindSinceMs: number,
  statOf: (fd: number) => Stats = (fd) => fstatSync(fd),
): Starts {
  let known: ReadonlySet<string> = new Set()
  let begun = new Set<string>()
  let isFirst = false
  return {
    search: (glob) => {
      isFirst = !known.has(glob)
      begun.add(glob)
    },
    searched: () => {
      // Globs of pods come and go without end.
      known = begun
      begun = new Set()
    },
    startOf: (fd, path) => {
      if (from === 'beginning' || !isFirst) return 0
      const stat = statOf(fd)
      return latestBirthMs(stat, path) < blindSinceMs ? endOfLines(fd, stat.size) : 0
    },
  }
}

/** Where times of birth are not kept: not after the last change of the file, nor after a name came to its folder last. */
function latestBirthMs({ birthtimeMs, ctimeMs }: Stats, path: string): number {
  if (birthtimeMs > 0) return birthtimeMs
  const namesMs = Number(changedAt(dirname(realPathOf(path)))) / 1e6
  return namesMs > 0 ? Math.min(ctimeMs, namesMs) : ctimeMs
}

/** The last line of an open file when it has no end yet, else the end of the file. */
function endOfLines(fd: number, size: number): number {
  const bytes = Buffer.alloc(Math.min(size, LAST_LINE_BYTES))
  const start = size - bytes.length
  const length = readSync(fd, bytes, 0, bytes.length, start)
  const feed = bytes.subarray(0, length).lastIndexOf(0x0a)
  return feed === -1 ? (start === 0 ? 0 : size) : start + feed + 1
}
const LAST_LINE_BYTES = 64 * 1024
