import { errorCode, errorMessage } from '@clymene/model'

import { beginsLike } from './fingerprint.ts'
import type { OpenTails } from './open-tails.ts'
import type { PositionTable } from './position-table.ts'
import type { Position } from './positions.ts'
import type { Candidate } from './rotated-files.ts'
import { createFolderNames, type FileAt, findSiblings, type FolderNames, isSameOrder, MAX_TRIES, sameFile } from './siblings.ts'
import type { TailStart } from './tail-state.ts'
import { mayHaveBeen, type Tail } from './tail.ts'

/**
 * Opens what a file had that was cut: the copy, from where it was read to, when there is one and more to be had of it; files that came later;
 * and the file from its start. When it throws, nothing was opened: it can be tried again.
 */
export type CutOpening = (
  path: string,
  cut: Tail,
  own: readonly Tail[],
) => { readonly copy: Tail | undefined; readonly later: readonly Tail[]; readonly again: Tail }

export type CutOpeningOptions = {
  readonly job: string
  readonly positions: Pick<PositionTable, 'peek' | 'put'>
  readonly tails: Pick<OpenTails, 'open'>
  /** Of files beside a path those that are not read. */
  readonly unreadOf: (files: readonly FileAt[], current: undefined, own: readonly Tail[]) => readonly Candidate[]
  readonly openRotated: (path: string, candidate: Candidate, from: TailStart) => Tail
  /** Rotated files that are owed. */
  readonly openAll: (path: string, sinceNs: bigint, which: false, names: FolderNames, own: readonly Tail[]) => readonly Tail[]
  /** As if it had not been opened. */
  readonly putBack: (path: string, opened: { readonly tail: Tail; readonly known: undefined }) => void
  readonly asRead: (path: string, candidate: Candidate) => Position
  readonly report: (path: string, file: string, bytes: number, reason: string) => void
}

export function createCutOpening(options: CutOpeningOptions): CutOpening {
  const { job, positions, tails, unreadOf, openRotated, openAll, putBack, asRead, report } = options

  /** Files that begin as the one that was cut did, the oldest first. */
  const findCopies = (path: string, cut: Tail, own: readonly Tail[]): readonly Candidate[] => {
    const isKnown = ({ file, content }: Candidate): boolean => {
      const position = positions.peek(job, file)
      return position !== undefined && position.fingerprintBytes > 0 && beginsLike(content.head, position)
    }
    for (let tries = 1; ; tries++) {
      const beside = findSiblings(path, createFolderNames())
      const copies = unreadOf(beside, undefined, own).filter((one) => mayHaveBeen(one, cut) && !isKnown(one))
      if (tries === MAX_TRIES || isSameOrder(beside, findSiblings(path, createFolderNames()))) return copies
    }
  }
  const openCopy = (path: string, copy: Candidate, cut: Tail, tries = 1): Tail | undefined => {
    try {
      return openRotated(path, copy, { ...cut.acknowledged(), cursor: cut.cursor })
    } catch (error) {
      const moved = findSiblings(path, createFolderNames()).find((file) => sameFile(file, copy.file))
      if (errorCode(error) === 'ENOENT' && moved !== undefined && tries < MAX_TRIES)
        return openCopy(path, { ...copy, file: moved }, cut, tries + 1)
      report(path, copy.file.path, copy.content.length - cut.cursor.offset, `the copy of a file that was cut: ${errorMessage(error)}`)
      return undefined
    }
  }
  return (path, cut, own) => {
    const others = own.filter((tail) => tail !== cut)
    const copies = findCopies(path, cut, others)
    // All of it may be read, but not all acknowledged: only the copy has it then.
    const needed = cut.settled() ? cut.cursor.offset + 1 : cut.cursor.offset
    const copy = copies.findLast(({ content }) => content.length >= needed)
    const carried = copy === undefined ? undefined : openCopy(path, copy, cut)
    const known = [...others, ...(carried === undefined ? [] : [carried])]
    for (const read of copies) if (read.content.length < needed) positions.put(asRead(path, read))
    let later: readonly Tail[] = []
    try {
      later = openAll(path, cut.modifiedNs(), false, createFolderNames(), known)
      const again = tails.open(job, () => cut.again(copies.length > 0))
      const missing = cut.size() - Math.max(cut.cursor.offset, copy?.content.length ?? 0)
      if (missing > 0) report(path, copy?.file.path ?? path, missing, 'the file was cut, and no copy has them')
      return { copy: carried, later, again }
    } catch (error) {
      carried?.close()
      for (const tail of later) putBack(path, { tail, known: undefined })
      throw error
    }
  }
}
