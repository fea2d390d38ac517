import { fstatSync, readSync } from 'node:fs'

/** Where to begin in files that no position knows. */
export type Starts = {
  /** The files of this glob are opened from now on. */
  readonly search: (glob: string) => void
  /** The search is over: what its globs find later is new. */
  readonly searched: () => void
  readonly startOf: (fd: number) => number
}

/**
 * With `end`, files that were there when nobody had looked yet are read from their last line on: those of the first search of a glob that are older
 * than `blindSinceMs`. All others are read whole.
 */
export function createStarts(from: 'beginning' | 'end', blindSinceMs: number): Starts {
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
    startOf: (fd) => {
      if (from === 'beginning' || !isFirst) return 0
      const { birthtimeMs, size } = fstatSync(fd)
      return birthtimeMs < blindSinceMs ? endOfLines(fd, size) : 0
    },
  }
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
