import { errorCode, type Logger } from '@clymene/model'

import { openArchiveTail } from './archive-tail.ts'
import { createCutOpening, type CutOpening } from './cut-opening.ts'
import { FINGERPRINT_BYTES, readHead } from './fingerprint.ts'
import { createLeftOffsets, positionOf } from './left-offsets.ts'
import type { FileMetrics } from './metrics.ts'
import type { OpenTails } from './open-tails.ts'
import type { PositionTable } from './position-table.ts'
import type { Position } from './positions.ts'
import { type Candidate, findRotated } from './rotated-files.ts'
import {
  contentOf,
  createFolderNames,
  fileAt,
  type FileAt,
  findSiblings,
  type FolderNames,
  isPassing,
  isSameOrder,
  MAX_TRIES,
  sameFile,
} from './siblings.ts'
import type { TailStart } from './tail-state.ts'
import { isTextOf, openTail, type Tail } from './tail.ts'

/** Opens the files of one path of one job. */
export type OpenFiles = {
  /** The file at `path` for the first time, after rotated files of it that were not read to their end. */
  readonly first: (path: string, names?: FolderNames) => readonly Tail[]
  /** The file that is at `path` now, after those that came and went since `before` was there. */
  readonly next: (path: string, before: Tail, own: readonly Tail[]) => readonly Tail[]
  readonly cut: CutOpening
  /** Copies that were made of the file at the path since that time, nanoseconds since the epoch; none when it is another by now. */
  readonly since: (path: string, at: Tail, sinceNs: bigint, own: readonly Tail[]) => readonly Tail[]
  /** As if they had not been opened. */
  readonly putBack: (path: string, opened: readonly Tail[]) => void
  /** Opens a file that rests, wherever it is now. False when it is nowhere. */
  readonly wake: (path: string, tail: Tail) => boolean
  /** The file at the path, unless it is read under another path. */
  readonly current: (path: string, own: readonly Tail[]) => FileAt | undefined
}

export type OpenFilesOptions = {
  readonly job: string
  readonly positions: PositionTable
  readonly tails: OpenTails
  readonly metrics: FileMetrics
  readonly logger: Logger
  readonly now: () => number
  /** Text of a compressed file is there to be read. */
  readonly onReady: (path: string) => void
  /** Whether the file at that path is looked for on its own. */
  readonly isWanted: (path: string) => boolean
  /** Where to begin in a file that is not known. */
  readonly startOf: (fd: number, path: string) => number
}

/** File systems note times by a coarse clock, which may be behind by this much. */
const CLOCK_TICK_MS = 10

export function createOpenFiles(options: OpenFilesOptions): OpenFiles {
  const { job, positions, tails, metrics, logger, now } = options
  const blindSinceNs = BigInt(Math.floor(positions.blindSinceMs - CLOCK_TICK_MS)) * 1_000_000n

  const openArchived = (path: string, { file, content }: Candidate, from: TailStart): Tail =>
    openArchiveTail({
      file,
      content,
      from,
      onReady: () => options.onReady(path),
      onBroken: (error, unreadBytes) => report(path, file.path, Math.max(1, unreadBytes), `cannot be unpacked: ${error.message}`),
    })
  const report = (path: string, file: string, bytes: number, reason: string): void => {
    metrics.lostBytes.inc(bytes)
    logger.error('lines of a file cannot be read any more', { path, file, lostBytes: bytes, reason, job })
  }
  /** The file at the path. */
  const openCurrent = (file: FileAt, isCut: boolean): Tail =>
    tails.open(job, () => {
      if (!file.archived) {
        return openTail(file.path, (fd, place, size) => {
          if (isCut) return START
          const head = readHead(fd, FINGERPRINT_BYTES)
          const offset = (): number => (positions.peek(job, place) === undefined ? options.startOf(fd, file.path) : 0)
          const start = offset()
          return positions.resume({ job, path: file.path, ...place, head, size }) ?? { offset: start, replayFrom: start }
        })
      }
      const content = contentOf(file)
      const known = positions.resume({ job, ...file, head: content.head, size: Number.MAX_SAFE_INTEGER })
      return openArchived(file.path, { file, content }, known ?? START)
    })
  const openRotated = (path: string, candidate: Candidate, from: TailStart): Tail =>
    tails.open(job, () => {
      if (candidate.file.archived) return openArchived(path, candidate, from)
      const tail = openTail(candidate.file.path, () => from)
      if (sameFile(tail, candidate.file)) return tail
      tail.close()
      throw Object.assign(new Error(`${candidate.file.path} was renamed`), { code: 'ENOENT' })
    })

  /** Files that are there, but cannot be read. */
  const unreadable = new WeakSet<FileAt>()
  const look = (file: FileAt): readonly Candidate[] => {
    try {
      return [{ file, content: contentOf(file) }]
    } catch (error) {
      if (isPassing(error)) throw error
      unreadable.add(file)
      return []
    }
  }
  /** Of files beside a path those that are not read. */
  const unreadOf = (files: readonly FileAt[], current: FileAt | undefined, own: readonly Tail[]): readonly Candidate[] =>
    files
      .filter((file) => !sameFile(file, current) && !tails.has(job, file))
      .flatMap(look)
      .filter((candidate) => !own.some((tail) => isTextOf(candidate.content, tail)))

  /** Rotated files that are owed, and then the file at the path when `withCurrent`; none when it is not the file that it should be. */
  const openAll = (path: string, sinceNs: bigint, which: boolean | Tail, names: FolderNames, own: readonly Tail[]): readonly Tail[] => {
    const withCurrent = which === true
    const isMeant = (file: FileAt | undefined): boolean => typeof which === 'boolean' || sameFile(which, file)
    for (let tries = 1; ; tries++) {
      const opened: Opened[] = []
      const current = fileAt(path)
      if (!isMeant(current)) return []
      const isOpen = current !== undefined && tails.has(job, current)
      const stored = positions.ofPath(job, path)
      const beside = findSiblings(path, names)
      const siblings = unreadOf(beside, current, own)
      const at = current === undefined || (stored.length === 0 && siblings.length === 0) ? undefined : look(current)[0]
      const found = findRotated({
        path,
        stored,
        current: at,
        siblings,
        peek: (place) => positions.peek(job, place),
        sinceNs,
      })
      let moved = false
      try {
        for (const { position, ...candidate } of found.unread) {
          try {
            if (position !== undefined) positions.remove(position)
            opened.push({ tail: openRotated(path, candidate, position ?? START), known: position })
          } catch (error) {
            if (position !== undefined) positions.put(position)
            if (errorCode(error) !== 'ENOENT') throw error
            moved = true
          }
        }
        if (withCurrent && current !== undefined && !isOpen)
          opened.push({ known: positions.peek(job, current), tail: openCurrent(current, found.isCut) })
      } catch (error) {
        for (const one of opened) putBack(path, one)
        throw error
      }
      const last = opened.at(-1)?.tail
      const isCurrent = !withCurrent || isOpen || current === undefined || sameFile(current, last)
      // Names move one after the other: a file may have been met twice meanwhile, and another not at all.
      const settled = !moved && isCurrent && isSameOrder(beside, findSiblings(path, names)) && isMeant(fileAt(path))
      if (settled || tries === MAX_TRIES) {
        const isThere = (position: Position): boolean => beside.some((file) => unreadable.has(file) && sameFile(file, position))
        for (const position of found.lost) if (!isThere(position)) giveUp(path, position)
        for (const one of found.read) positions.move(one.position, one.file)
        for (const candidate of found.passedOver) if (!options.isWanted(candidate.file.path)) positions.put(asRead(path, candidate))
        return opened.map(({ tail }) => tail)
      }
      // A rotation came between the search and the opening: the file that was found is among the rotated ones now.
      for (const one of opened) putBack(path, one)
    }
  }
  const giveUp = (path: string, position: Position): void => {
    positions.remove(position)
    report(path, path, position.size - position.replayFrom, 'the file was deleted, cut or compressed while it was not watched')
  }
  /** As if it had not been opened. */
  const putBack = (path: string, { tail, known }: Opened): void => {
    const position = tail.position(job, path, now())
    if (position.offset > 0) positions.put(position)
    else if (known !== undefined) positions.put(known)
    tail.close()
  }
  const asRead = (path: string, candidate: Candidate): Position => ({
    ...positionOf(job, path, candidate, candidate.content.length, now()),
    closed: true,
  })
  const leftOffsets = createLeftOffsets({ job, positions, look, logger, now })

  return {
    first: (path, names = createFolderNames()) => {
      const opened = openAll(path, leftOffsets.adopt(path, names) ?? blindSinceNs, true, names, [])
      leftOffsets.adopted(path)
      return opened
    },
    next: (path, before, own) => openAll(path, before.modifiedNs(), true, createFolderNames(), own),
    cut: createCutOpening({ job, positions, tails, unreadOf, openRotated, openAll, putBack, asRead, report }),
    since: (path, at, sinceNs, own) => openAll(path, sinceNs, at, createFolderNames(), own),
    putBack: (path, opened) => {
      for (const tail of opened) putBack(path, { tail, known: undefined })
    },
    wake: (path, tail) =>
      [path, ...findSiblings(path, createFolderNames()).flatMap((file) => (sameFile(file, tail) ? [file.path] : []))].some((place) => {
        try {
          return tails.reopen(tail, place)
        } catch (error) {
          if (errorCode(error) === 'ENOENT') return false
          throw error
        }
      }),
    current: (path, own) => {
      const file = fileAt(path)
      return file !== undefined && !own.some((tail) => sameFile(tail, file)) && tails.has(job, file) ? undefined : file
    },
  }
}

const START: TailStart = { offset: 0, replayFrom: 0 }
export type Opened = { readonly tail: Tail; readonly known: Position | undefined }
