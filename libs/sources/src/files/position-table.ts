import { type FileIdentity, sameBeginning } from './fingerprint.ts'
import type { Position, StoredPositions } from './positions.ts'
import type { TailStart } from './tail.ts'

/** Positions of files that are not open: from an earlier run, or closed with all of them handed over. */
export type PositionTable = {
  /** Where to begin in an open file of `size` bytes. What is known of it leaves the table: the open file tells from now on. */
  readonly resume: (file: OpenFile) => TailStart
  /** The position of a file by device and inode, whatever its beginning; undefined when there is none. */
  readonly peek: (job: string, device: string, inode: string) => Position | undefined
  /** Positions that were last stored for the path. */
  readonly ofPath: (job: string, path: string) => readonly Position[]
  /** Since when nobody has looked: the last search of an earlier run, else the start of this one. Milliseconds since the epoch. */
  readonly blindSinceMs: number
  readonly put: (position: Position) => void
  readonly remove: (position: Position) => void
  readonly all: () => Iterable<Position>
  /** Forgets files not seen since, and the longest unseen beyond `max`. */
  readonly prune: (notSeenSinceMs: number, max: number) => void
}

export type OpenFile = {
  readonly job: string
  readonly path: string
  readonly fd: number
  readonly device: string
  readonly inode: string
  readonly size: number
}

const START: TailStart = { offset: 0, replayFrom: 0 }

export function createPositionTable(stored: StoredPositions, startedMs: number): PositionTable {
  const table = new Map(stored.files.map((position) => [keyOf(position.job, position), position]))
  const ours = new Set(stored.files.map(({ path }) => path))
  // What Promtail left: of our own files more is known.
  const offsets = new Map([...stored.offsets].filter(([path]) => !ours.has(path)))

  return {
    blindSinceMs: stored.searchedMs ?? startedMs,
    resume: (file) => {
      const usable = (position: Position): boolean => position.offset <= file.size && sameBeginning(file.fd, position)
      const own = table.get(keyOf(file.job, file))
      // A volume may come back under another device number, and a job under another name; the beginning still tells.
      const position =
        own !== undefined && usable(own)
          ? own
          : [...table.values()].find((candidate) => candidate.fingerprintBytes > 0 && isLike(candidate, file) && usable(candidate))
      table.delete(keyOf(file.job, file))
      if (position !== undefined) {
        if (position.job === file.job) table.delete(keyOf(position.job, position))
        return { offset: position.offset, replayFrom: position.replayFrom }
      }
      const offset = offsets.get(file.path) ?? 0
      offsets.delete(file.path)
      return offset <= file.size ? { offset, replayFrom: offset } : START
    },
    peek: (job, device, inode) => table.get(keyOf(job, { device, inode })),
    ofPath: (job, path) => [...table.values()].filter((position) => position.job === job && position.path === path),
    put: (position) => void table.set(keyOf(position.job, position), position),
    remove: (position) => void table.delete(keyOf(position.job, position)),
    all: () => table.values(),
    prune: (notSeenSinceMs, max) => {
      const byAge = [...table].toSorted(([, a], [, b]) => b.seenMs - a.seenMs)
      for (const [index, [key, { seenMs }]] of byAge.entries()) if (seenMs < notSeenSinceMs || index >= max) table.delete(key)
    },
  }
}

/** Another inode is another file, also when it begins with the same lines. */
const isLike = (position: Position, { path, device, inode }: OpenFile): boolean =>
  position.inode === inode && (position.path === path || position.device === device)

const keyOf = (job: string, { device, inode }: Pick<FileIdentity, 'device' | 'inode'>): string => JSON.stringify([job, device, inode])
