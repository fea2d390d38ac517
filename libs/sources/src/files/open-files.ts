import { fstatSync, statSync } from 'node:fs'

import { errorCode } from '@clymene/model'

import { isReadTo } from './fingerprint.ts'
import type { PositionTable } from './position-table.ts'
import type { Position } from './positions.ts'
import { findSiblings, type Sibling } from './siblings.ts'
import { openTail, type Tail } from './tail.ts'

export type OpenFiles = {
  /** Opens the file at `path` for the first time, after rotated files of it that were not read to their end. */
  readonly first: (path: string) => readonly Tail[]
  /** Opens the file that is at `path` now, after those that came and went since `before` was there. */
  readonly next: (path: string, before: Tail) => readonly Tail[]
}

/** File systems note times by a coarse clock, which may be behind by this much. */
const CLOCK_TICK_MS = 10
/** A path that is rotated again while its files are opened is searched anew so often. */
const MAX_TRIES = 5

/** @param isOpen whether the job reads that file already. */
export function createOpenFiles(
  job: string,
  positions: PositionTable,
  isOpen: (device: string, inode: string) => boolean,
  now: () => number,
): OpenFiles {
  const open = (path: string, labelledPath: string): Opened => {
    let known: Position | undefined
    const tail = openTail(
      path,
      (fd, device, inode) => {
        known = positions.peek(job, device, inode)
        return positions.resume({ job, path: labelledPath, fd, device, inode, size: fstatSync(fd).size })
      },
      now,
    )
    return { tail, known }
  }
  /** As if it had not been opened. */
  const putBack = (path: string, { tail, known }: Opened): void => {
    const position = tail.position(job, path, now())
    if (position.offset > 0) positions.put(position)
    else if (known !== undefined) positions.put(known)
    tail.close()
  }
  /** Rotated files, which may vanish meanwhile, and then the file at the path. */
  const openAll = (path: string, siblingsOf: (current: Sibling | undefined) => readonly Sibling[]): readonly Tail[] => {
    for (let tries = 1; ; tries++) {
      const opened: Opened[] = []
      const current = siblingAt(path)
      try {
        for (const sibling of siblingsOf(current)) {
          try {
            opened.push(open(sibling.path, path))
          } catch (error) {
            if (errorCode(error) !== 'ENOENT') throw error
          }
        }
        opened.push(open(path, path))
      } catch (error) {
        for (const one of opened) putBack(path, one)
        throw error
      }
      const tails = opened.map(({ tail }) => tail)
      if (tries === MAX_TRIES || current === undefined || same(current, tails.at(-1))) return tails
      // A rotation came between the search and the opening: the file that was found is among the rotated ones now.
      for (const one of opened) putBack(path, one)
    }
  }
  const isUnread = ({ device, inode, modifiedNs }: Sibling, sinceNs: bigint): boolean =>
    modifiedNs >= sinceNs && !isOpen(device, inode) && positions.peek(job, device, inode) === undefined
  const between = (path: string, current: Sibling | undefined, sinceNs: bigint): readonly Sibling[] =>
    findSiblings(path).filter((sibling) => !same(sibling, current) && isUnread(sibling, sinceNs))

  /** Rotated files that an earlier run had begun, or only opened, and did not hand over to their end. */
  const unfinished = (path: string, stored: readonly Position[]): readonly Sibling[] =>
    findSiblings(path).filter((sibling) => {
      const position = stored.find((one) => same(one, sibling))
      if (position === undefined || isOpen(sibling.device, sibling.inode)) return false
      return position.replayFrom < position.offset || !isReadTo(sibling.path, position, position.offset)
    })

  return {
    first: (path) =>
      openAll(path, (current) => {
        const stored = positions.ofPath(job, path)
        const begun = unfinished(path, stored).filter((sibling) => !same(sibling, current))
        if (current === undefined || stored.some((position) => same(position, current))) return begun
        // The file that was there last is under another name now: it is read to its end first, and those that came after it.
        const before = lastOf(path, stored)
        const missed = between(path, current, before?.modifiedNs ?? BigInt(Math.floor(positions.blindSinceMs - CLOCK_TICK_MS)) * 1_000_000n)
        return [...begun, ...(before === undefined || begun.some((one) => same(one, before)) ? [] : [before]), ...missed]
      }),
    next: (path, before) => openAll(path, (current) => between(path, current, before.modifiedNs())),
  }
}

type Opened = { readonly tail: Tail; readonly known: Position | undefined }

type Place = { readonly device: string; readonly inode: string }

const same = (a: Place, b: Place | undefined): boolean => a.device === b?.device && a.inode === b.inode

/** The newest rotated file of `path` that has a position. */
const lastOf = (path: string, stored: readonly Place[]): Sibling | undefined =>
  findSiblings(path).findLast((sibling) => stored.some((position) => same(position, sibling)))

export function siblingAt(path: string): Sibling | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (stat?.isFile() !== true) return undefined
  return { path, device: String(stat.dev), inode: String(stat.ino), modifiedNs: stat.mtimeNs }
}
