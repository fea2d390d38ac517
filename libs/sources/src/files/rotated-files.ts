import { beginsLike } from './fingerprint.ts'
import type { Position } from './positions.ts'
import { type Content, endAt, type FileAt, isRotationOf, type Place, sameFile } from './siblings.ts'

/** A file that is there, with what it begins with. */
export type Candidate = { readonly file: FileAt; readonly content: Content }

export type RotatedFilesOptions = {
  readonly path: string
  /** Positions that were stored for the path. */
  readonly stored: readonly Position[]
  /** The file at the path; undefined when there is none. */
  readonly current: Candidate | undefined
  /** Files beside it, the oldest first, without those that are open. */
  readonly siblings: readonly Candidate[]
  /** The position of any path by device and inode. */
  readonly peek: (place: Place) => Position | undefined
  /** Files that nobody knows and that were written before it are of no interest, nanoseconds since the epoch. */
  readonly sinceNs: bigint
}

export type RotatedFiles = {
  /** To be read before the file at the path, the oldest first; `position` is where another file of the same text was left. */
  readonly unread: readonly (Candidate & { readonly position: Position | undefined })[]
  /** All of them was read before, whatever their place was then. */
  readonly read: readonly (Candidate & { readonly position: Position })[]
  /** Nobody knows them, and they are not to be read. */
  readonly passedOver: readonly Candidate[]
  /**
   * The file at the path was cut although it begins as it did: what it had is in a copy that cannot be a copy of what it has, so
   * it is new from its start.
   */
  readonly isCut: boolean
  /** Positions of files that are nowhere, with bytes that are owed. */
  readonly lost: readonly Position[]
}

/**
 * Which of the files beside a path were not read to their end. A file is first known by its inode and beginning, then, when that is gone, by
 * its text alone: it was compressed, or copied before it was cut.
 */
export function findRotated({ path, stored, current, siblings, peek, sinceNs }: RotatedFilesOptions): RotatedFiles {
  const claims = new Map<Candidate, Position>()
  const claimed = new Set<Position>()
  const claim = (candidate: Candidate, position: Position): void => {
    claims.set(candidate, position)
    claimed.add(position)
  }
  const open = (): readonly Candidate[] => siblings.filter((candidate) => !claims.has(candidate))
  const wasWritten = ({ file }: Candidate, since: bigint): boolean => file.modifiedNs >= since && isRotationOf(file.path, path)
  for (const candidate of siblings) {
    const position = ownPosition(candidate, peek)
    if (position !== undefined) claim(candidate, stored.find((one) => sameFile(one, position)) ?? position)
  }
  const own = current === undefined ? undefined : ownPosition(current, peek)
  const copied =
    own === undefined || current === undefined
      ? undefined
      : open().find((candidate) => {
          if (!wasWritten(candidate, sinceNs) || !isMoreOf(candidate, own) || mayBeCopyOf(candidate, current)) return false
          return !stored.some((one) => !sameFile(one, own) && !claimed.has(one) && isAllOf(candidate, one))
        })
  if (own !== undefined && current !== undefined) claim(copied ?? current, stored.find((one) => sameFile(one, own)) ?? own)
  const left = stored.filter((position) => position.fingerprintBytes > 0 && !claimed.has(position))
  for (const candidate of open()) {
    const position = left.find((one) => !claimed.has(one) && isAllOf(candidate, one))
    if (position !== undefined) claim(candidate, position)
  }
  // A file that was let go does not grow: what is longer and begins like it is another.
  const growing = left
    .filter(({ closed }) => closed !== true)
    .toSorted((a, b) => b.fingerprintBytes - a.fingerprintBytes || b.offset - a.offset)
  for (const candidate of open()) {
    const position = growing.find((one) => !claimed.has(one) && isMoreOf(candidate, one))
    if (position !== undefined) claim(candidate, position)
  }

  const since = sinceOf(sinceNs, claims, current)
  const isNew = (candidate: Candidate): boolean => since !== undefined && wasWritten(candidate, since)
  const unknown = open().filter((candidate) => !isCopyOf(candidate, current))
  const known = siblings.flatMap((candidate) => {
    const position = claims.get(candidate)
    return position?.path === path ? [{ ...candidate, position }] : []
  })
  return {
    unread: siblings.flatMap((candidate): RotatedFiles['unread'] => {
      const position = claims.get(candidate)
      if (position === undefined) return unknown.includes(candidate) && isNew(candidate) ? [{ ...candidate, position }] : []
      return position.path === path && isOwed(candidate, position) ? [{ ...candidate, position }] : []
    }),
    read: known.filter(({ position, ...candidate }) => !isOwed(candidate, position)),
    passedOver: unknown.filter((candidate) => !isNew(candidate)),
    isCut: copied !== undefined,
    lost: stored.filter((position) => !claimed.has(position) && position.replayFrom < position.size),
  }
}

/** An inode alone says nothing: a new file may have an old one's. Of a file that was empty nothing was read. */
function ownPosition({ file, content }: Candidate, peek: RotatedFilesOptions['peek']): Position | undefined {
  const position = peek(file)
  if (position === undefined || position.fingerprintBytes === 0 || !beginsLike(content.head, position)) return undefined
  return file.archived || position.offset <= content.length ? position : undefined
}

/** When the file that was read last is still at the path, nothing came between. */
function sinceOf(sinceNs: bigint, claims: ReadonlyMap<Candidate, Position>, current: Candidate | undefined): bigint | undefined {
  if (current !== undefined && claims.has(current)) return undefined
  const last = [...claims].findLast(([{ file }, { closed }]) => !file.archived && closed !== true)?.[0].file.modifiedNs
  return last !== undefined && last < sinceNs ? last : sinceNs
}

const isAllOf = ({ file, content }: Candidate, position: Position): boolean =>
  content.length === (file.archived ? position.offset % 2 ** 32 : position.offset) &&
  position.replayFrom === position.offset &&
  beginsLike(content.head, position)

const isMoreOf = ({ file, content }: Candidate, position: Position): boolean =>
  (file.archived || content.length >= position.offset) && beginsLike(content.head, position)

/** The position's own file: it says itself whether there is more; else, what is longer. */
function isOwed({ file, content }: Candidate, position: Position): boolean {
  if (position.replayFrom < position.offset) return true
  if (!file.archived) return content.length > position.offset
  return sameFile(file, position) ? position.offset < position.size : content.length !== position.offset % 2 ** 32
}

/** A copy of what is still at the path: about to be cut, or somebody's backup. */
export const isCopyOf = (candidate: Candidate, current: Candidate | undefined): boolean =>
  candidate.content.end !== undefined && current !== undefined && mayBeCopyOf(candidate, current)

/** As far as can be told: of a compressed file only how it begins and how long it is. */
function mayBeCopyOf({ content: { head, end, length } }: Candidate, { file, content }: Candidate): boolean {
  if (length > content.length || head.length === 0) return false
  return content.head.subarray(0, head.length).equals(head) && (end === undefined || endAt(file, length).equals(end))
}
