import type { Logger } from '@clymene/model'

import { fingerprintOf } from './fingerprint.ts'
import type { LeftOffset, PositionTable } from './position-table.ts'
import type { Position } from './positions.ts'
import { type Candidate, isCopyOf } from './rotated-files.ts'
import { fileAt, type FileAt, findSiblings, type FolderNames, isRotationOf, sameFile } from './siblings.ts'

/** Gives what Promtail left for a path to the file that was meant, which another may have replaced since. */
export type LeftOffsets = {
  /** Makes positions of it. @returns since when files beside the path are owed, nanoseconds since the epoch; undefined: Promtail left nothing */
  readonly adopt: (path: string, names: FolderNames) => bigint | undefined
  /** The files of the path are open: it is not asked for again. */
  readonly adopted: (path: string) => void
}

export type LeftOffsetsOptions = {
  readonly job: string
  readonly positions: PositionTable
  /** None when it cannot be read. @throws a system error of the moment */
  readonly look: (file: FileAt) => readonly Candidate[]
  readonly logger: Logger
  readonly now: () => number
}

export function createLeftOffsets({ job, positions, look, logger, now }: LeftOffsetsOptions): LeftOffsets {
  const put = (path: string, candidate: Candidate, offset: number, more?: { readonly closed: true }): void => {
    if (positions.peek(job, candidate.file) === undefined) positions.put({ ...positionOf(job, path, candidate, offset, now()), ...more })
  }
  return {
    adopted: (path) => positions.takeOffset(job, path),
    adopt: (path, names) => {
      const left = positions.leftOffset(job, path)
      if (left === undefined) return undefined
      const at = fileAt(path)
      const current = at === undefined ? undefined : look(at)[0]
      const siblings = findSiblings(path, names)
        .filter((file) => isRotationOf(file.path, path) && !sameFile(file, at))
        .flatMap(look)
      const meant = findMeant(siblings, current, left)
      // What was rotated before it, Promtail had read.
      for (const older of siblings.slice(
        0,
        Math.max(
          0,
          siblings.findIndex((one) => one === meant),
        ),
      ))
        put(path, older, older.content.length, { closed: true })
      if (meant !== undefined) put(path, meant, left.offset)
      if (current === meant) return left.writtenNs
      // It is new, wherever files that are not known begin.
      if (current !== undefined) put(path, { ...current, content: EMPTY }, 0)
      const fields = { path, job, offset: left.offset, positionsWritten: new Date(Number(left.writtenNs / 1_000_000n)).toISOString() }
      if (meant === undefined)
        logger.warn("no file is the one that Promtail's position was in, lines before its rotation may be lost", fields)
      else
        logger.warn("the file was rotated after Promtail's position was written, which is taken for the rotated one", {
          ...fields,
          file: meant.file.path,
        })
      return left.writtenNs
    },
  }
}

/** A position of as much of a file as has been looked at. */
export const positionOf = (job: string, path: string, { file, content }: Candidate, offset: number, seenMs: number): Position => ({
  job,
  path,
  device: file.device,
  inode: file.inode,
  fingerprint: fingerprintOf(content.head),
  fingerprintBytes: content.head.length,
  offset,
  replayFrom: offset,
  size: content.length,
  seenMs,
})

/**
 * Which file was at the path when its offset was written. It is not shorter, and was there: of those the newest, as the others were rotated before. A
 * copy of the file at the path which was made since, and is no copy of what it has now, was made when it was cut. Where times of birth are not kept, and of
 * compressed files, the first that was written to since; of the file at the path not, when the newest rotated one was renamed since.
 */
export function findMeant(
  siblings: readonly Candidate[],
  current: Candidate | undefined,
  { offset, writtenNs }: LeftOffset,
): Candidate | undefined {
  const all = current === undefined ? siblings : [...siblings, current]
  const fitting = all.filter(({ content }) => content.length >= offset)
  // The time was written in whole milliseconds.
  const atNs = writtenNs + 1_000_000n
  const wasThere = ({ file }: Candidate): boolean | undefined =>
    file.archived || file.bornNs === undefined ? undefined : file.bornNs <= atNs
  const isNew = ({ file }: Candidate): boolean => file.modifiedNs > atNs
  const copy =
    current !== undefined && wasThere(current) === true
      ? fitting.find((one) => one !== current && wasThere(one) !== true && isNew(one) && !isCopyOf(one, current))
      : undefined
  const newest = siblings.findLast(({ file }) => !file.archived)
  const isRenamed = newest !== undefined && newest.file.changedNs > atNs
  const unsure = fitting.filter((one) => wasThere(one) === undefined && !(one === current && isRenamed))
  return copy ?? fitting.findLast((one) => wasThere(one) === true) ?? unsure.find(isNew) ?? unsure.at(-1)
}

const EMPTY = { head: Buffer.alloc(0), end: undefined, length: 0 }
