import { beginsLike, type FileIdentity } from './fingerprint.ts'
import type { Position, StoredPositions } from './positions.ts'
import type { Place } from './siblings.ts'

/** Positions of files that are not open: from an earlier run, or closed with all of them handed over. */
export type PositionTable = {
  /** Where to begin in an open file of `size` bytes. What is known of it leaves the table: the open file tells from now on. */
  readonly resume: (file: OpenFile) => Resumed | undefined
  /** The position of a file by device and inode, whatever its beginning; undefined when there is none. */
  readonly peek: (job: string, place: Place) => Position | undefined
  /** Positions that were last stored for the path. Where the job has none it takes those that another one left to whoever follows it. */
  readonly ofPath: (job: string, path: string) => readonly Position[]
  /** Leaves positions to whichever job follows their path next: their own is no more. */
  readonly bequeath: (isLeft: (position: Position) => boolean) => void
  /** Positions of files that were not let go with all of them handed over. */
  readonly unfinished: () => readonly Position[]
  /** The search of an earlier run that its positions tell of, else the start of this one. Milliseconds since the epoch. */
  readonly searchedMs: number
  /** Since when nobody has looked, as far as can be relied on. */
  readonly blindSinceMs: number
  readonly put: (position: Position) => void
  readonly remove: (position: Position) => void
  /** A file that was read to its end is let go where it is now: its old place is another's, or soon will be. */
  readonly move: (position: Position, place: Place) => void
  readonly all: () => Iterable<Position>
  /** What Promtail left for a path that the job has not opened yet. */
  readonly leftOffset: (job: string, path: string) => LeftOffset | undefined
  /** It is a position by now. */
  readonly takeOffset: (job: string, path: string) => void
  /** What Promtail left for files that nobody has asked for yet, and what is no file's: cursors of the journal. */
  readonly others: () => Pick<StoredPositions, 'offsets' | 'offsetsMs' | 'others'>
  /** From time to time forgets files that nobody needs to know any more. */
  readonly prune: (options: PruneOptions) => void
}

/** All that Promtail says of a path: how far the file was read that was there at a time. */
export type LeftOffset = { readonly offset: number; readonly writtenNs: bigint }

export type OpenFile = Place & {
  readonly job: string
  readonly path: string
  readonly head: Buffer
  readonly size: number
}

export type Resumed = { readonly offset: number; readonly replayFrom: number }

export function createPositionTable(stored: StoredPositions, startedMs: number): PositionTable {
  const table = new Map<string, Position>()
  const byPath = new Map<string, Map<string, Position>>()
  const byInode = new Map<string, Map<string, Position>>()
  const put = (position: Position): void => {
    const key = keyOfPosition(position)
    const before = table.get(key)
    if (before !== undefined && isOther(before, position)) leave(before)
    else remove(position)
    table.set(key, position)
    inner(byPath, pathKey(position.job, position.path)).set(key, position)
    if (position.inode !== '') inner(byInode, position.inode).set(key, position)
  }
  /** Another file has its place: its own text may be elsewhere, compressed or copied. */
  const leave = (position: Position): void => {
    remove(position)
    if (position.fingerprintBytes > 0 && position.inode !== '') put({ ...position, device: '', inode: '' })
  }
  const remove = (place: Place & { readonly job: string; readonly path: string; readonly fingerprint?: string }): void => {
    const key = keyOfPosition(place)
    const position = table.get(key)
    if (position === undefined) return
    table.delete(key)
    for (const [index, name] of [[byPath, pathKey(position.job, position.path)] as const, [byInode, position.inode] as const]) {
      const group = index.get(name)
      group?.delete(key)
      if (group?.size === 0) index.delete(name)
    }
  }
  for (const position of stored.files) put(position)
  const ours = new Set(stored.files.map(({ path }) => path))
  // What Promtail left: of our own files more is known.
  const offsets = new Map([...stored.offsets].filter(([path]) => !ours.has(path)))
  const writtenNs = BigInt(Math.floor(stored.offsetsMs ?? startedMs)) * 1_000_000n
  /** Jobs that have the offset of a path by now: Promtail's are for all jobs. */
  const taken = new Map<string, Set<string>>()

  /** By path. */
  let left = new Map<string, readonly Position[]>()
  let prunedMs = startedMs

  return {
    searchedMs: stored.searchedMs ?? startedMs,
    blindSinceMs: stored.searchedMs === undefined ? startedMs : stored.searchedMs - UNSEEN_MS,
    put,
    remove,
    move: (position, { device, inode }) => {
      remove(position)
      put({ ...position, device, inode, closed: true })
    },
    resume: (file) => {
      const usable = (position: Position): boolean => position.offset <= file.size && beginsLike(file.head, position)
      const own = table.get(keyOf(file.job, file))
      // A volume may come back under another device number, and a job under another name; the beginning still tells.
      const position =
        own !== undefined && usable(own)
          ? own
          : [...(byInode.get(file.inode)?.values() ?? [])].find(
              (candidate) => candidate.fingerprintBytes > 0 && isLike(candidate, file) && usable(candidate),
            )
      if (own !== undefined && own !== position) leave(own)
      if (position === undefined) return undefined
      if (position.job === file.job) remove(position)
      return { offset: position.offset, replayFrom: position.replayFrom }
    },
    leftOffset: (job, path) => {
      const offset = taken.get(path)?.has(job) === true ? undefined : offsets.get(path)
      return offset === undefined ? undefined : { offset, writtenNs }
    },
    takeOffset: (job, path) => {
      if (offsets.has(path)) taken.set(path, (taken.get(path) ?? new Set()).add(job))
    },
    peek: (job, place) => table.get(keyOf(job, place)),
    ofPath: (job, path) => {
      const own = [...(byPath.get(pathKey(job, path))?.values() ?? [])]
      const inherited =
        own.length > 0 ? [] : (left.get(path) ?? []).filter((position) => table.get(keyOf(position.job, position)) === position)
      if (inherited.length > 0) left.delete(path)
      for (const position of inherited) remove(position)
      for (const position of inherited) put({ ...position, job })
      return [...own, ...inherited.map((position) => ({ ...position, job }))]
    },
    bequeath: (isLeft) => {
      left = Map.groupBy([...table.values()].filter(isLeft), ({ path }) => path)
    },
    unfinished: () => [...table.values()].filter(({ closed }) => closed !== true),
    all: () => table.values(),
    others: () => ({
      offsets: new Map([...offsets].filter(([path]) => !taken.has(path))),
      offsetsMs: stored.offsetsMs,
      others: stored.others,
    }),
    prune: ({ nowMs, isFollowed, isThere }) => {
      if (nowMs - prunedMs < PRUNE_EVERY_MS && table.size <= MAX_POSITIONS) return
      prunedMs = nowMs
      for (const group of byPath.values()) {
        const positions = [...group.values()].toSorted((a, b) => b.seenMs - a.seenMs)
        const [newest] = positions
        if (newest === undefined) continue
        const keep = isFollowed(newest.job, newest.path)
        const gone = !keep && nowMs - newest.seenMs > PRUNE_EVERY_MS && !isThere(newest.path)
        for (const position of gone ? positions : positions.slice(MAX_OF_PATH)) remove(position)
        if (!keep) for (const position of positions) if (nowMs - position.seenMs > FORGET_MS) remove(position)
      }
      if (table.size <= MAX_POSITIONS) return
      for (const position of [...table.values()].toSorted((a, b) => b.seenMs - a.seenMs).slice(MAX_POSITIONS / 2)) remove(position)
    },
  }
}

export type PruneOptions = {
  readonly nowMs: number
  readonly isFollowed: (job: string, path: string) => boolean
  /** Whether the folder of the path is there. */
  readonly isThere: (path: string) => boolean
}

/** A rotation before the last search may not have been met by a look at its file. */
const UNSEEN_MS = 5000
const PRUNE_EVERY_MS = 600_000
/** Positions of files that nobody saw for a week are forgotten, while their path is not followed. */
const FORGET_MS = 7 * 24 * 3600 * 1000
/** Rotated files of one path that are known at most. */
const MAX_OF_PATH = 64
const MAX_POSITIONS = 80_000

/** Another inode is another file, also when it begins with the same lines. */
const isLike = (position: Position, { path, device, inode }: OpenFile): boolean =>
  position.inode === inode && (position.path === path || position.device === device)

/** Whether another file has the place of one that was known: what was read of a file stays as it was while it grows. */
function isOther(before: Position, after: Position): boolean {
  if (before.path !== after.path) return true
  if (before.fingerprintBytes === after.fingerprintBytes) return before.fingerprint !== after.fingerprint
  return before.closed === true || before.fingerprintBytes > after.fingerprintBytes
}

/** A file without a place is known by its path and beginning. */
const keyOfPosition = ({
  job,
  path,
  fingerprint,
  ...place
}: Place & { readonly job: string; readonly path: string; readonly fingerprint?: string }): string =>
  place.inode === '' ? `${fingerprint} ${path}\n${job}` : keyOf(job, place)
const keyOf = (job: string, { device, inode }: Pick<FileIdentity, 'device' | 'inode'>): string => `${device}:${inode}\n${job}`
const pathKey = (job: string, path: string): string => `${path}\n${job.length}\n${job}`

function inner(index: Map<string, Map<string, Position>>, key: string): Map<string, Position> {
  const known = index.get(key)
  if (known !== undefined) return known
  const made = new Map<string, Position>()
  index.set(key, made)
  return made
}
