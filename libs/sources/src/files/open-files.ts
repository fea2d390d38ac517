import { fstatSync, statSync } from 'node:fs'

import { errorCode } from '@clymene/model'

import type { PositionTable } from './position-table.ts'
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

/** @param isOpen whether the job reads that file already. */
export function createOpenFiles(
  job: string,
  positions: PositionTable,
  isOpen: (device: string, inode: string) => boolean,
  now: () => number,
): OpenFiles {
  const open = (path: string, labelledPath: string): Tail =>
    openTail(path, (fd, device, inode) => positions.resume({ job, path: labelledPath, fd, device, inode, size: fstatSync(fd).size }), now)
  /** Rotated files, which may vanish meanwhile, and then the file at the path. */
  const openAll = (path: string, siblings: readonly Sibling[]): readonly Tail[] => {
    const tails: Tail[] = []
    try {
      for (const sibling of siblings) {
        try {
          tails.push(open(sibling.path, path))
        } catch (error) {
          if (errorCode(error) !== 'ENOENT') throw error
        }
      }
      return [...tails, open(path, path)]
    } catch (error) {
      for (const tail of tails) {
        positions.put(tail.position(job, path, now()))
        tail.close()
      }
      throw error
    }
  }
  const isUnread = ({ device, inode, modifiedNs }: Sibling, sinceNs: bigint): boolean =>
    modifiedNs >= sinceNs && !isOpen(device, inode) && positions.peek(job, device, inode) === undefined
  const between = (path: string, current: Sibling | undefined, sinceNs: bigint): readonly Sibling[] =>
    findSiblings(path).filter((sibling) => !same(sibling, current) && isUnread(sibling, sinceNs))

  return {
    first: (path) => {
      const current = siblingAt(path)
      const stored = positions.ofPath(job, path)
      if (current === undefined || stored.some((position) => same(position, current))) return openAll(path, [])
      // The file that was there last is under another name now: it is read to its end first, and those that came after it.
      const before = lastOf(path, stored)
      const missed = between(path, current, before?.modifiedNs ?? BigInt(Math.floor(positions.blindSinceMs - CLOCK_TICK_MS)) * 1_000_000n)
      return openAll(path, before === undefined ? missed : [before, ...missed])
    },
    next: (path, before) => openAll(path, between(path, siblingAt(path), before.modifiedNs())),
  }
}

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
