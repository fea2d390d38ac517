import { type BigIntStats, fstatSync, openSync, readSync, type Stats } from 'node:fs'

import { errorCode } from '@clymene/model'

import type { Followed } from '../lines/lane.ts'
import { closeFile } from './descriptors.ts'
import { beginsWith, END_BYTES, endsWith, FINGERPRINT_BYTES, readEnd, readHead } from './fingerprint.ts'
import type { LineReader } from './line-reader.ts'
import type { Position } from './positions.ts'
import type { Candidate } from './rotated-files.ts'
import { type Content, endAt, type Place, sameFile } from './siblings.ts'
import { createTailState, type Progress, type TailStart, type TailState } from './tail-state.ts'

/** What a reading met: nothing, something, all that there is, another beginning than before, or text that is still being unpacked. */
export type Reading = 'idle' | 'some' | 'end' | 'cut' | 'waiting'

/** One file: read from where it was left, to its end, however it is renamed meanwhile. */
export type Tail = Place &
  Followed<Progress> &
  Pick<TailState, 'cursor' | 'head' | 'progress' | 'acknowledged'> & {
    /** Reads once. With `final` what follows the last line feed is a line too. After `cut` it is read no more: another tail begins. */
    readonly read: (reader: LineReader, buffer: Buffer, final: boolean) => Reading
    /** Looks, without reading, whether it was cut. */
    readonly look: () => 'cut' | 'whole'
    /** The last bytes that were taken of it, and where they end. */
    readonly taken: () => { readonly end: Buffer; readonly length: number }
    /** Whether these are the last of its first `length` bytes; of a file that rests or was cut it is taken for granted. */
    readonly hasAt: (end: Buffer, length: number) => boolean
    /** The same open file from its start, after it was cut: this one is over then, unless it throws. @param copied what it had stands in a copy */
    readonly again: (copied: boolean) => Tail
    /** Whether it is as it was when its end was read, as far as a look at its path tells. */
    readonly unchanged: (file: Stats | undefined) => boolean
    /** Bytes when it was looked at last. */
    readonly size: () => number
    /** Bytes that it has now; when it was cut, what it had. */
    readonly sizeNow: () => number
    /** When it had been written to last when it was looked at, nanoseconds since the epoch. */
    readonly modifiedNs: () => bigint
    /** How far it is acknowledged, as it is stored. */
    readonly position: (job: string, path: string, seenMs: number) => Position
    /** Everything that was read of it is acknowledged, and no stage holds a line of it. */
    readonly settled: () => boolean
    /** Nobody writes to it: it need not be watched for late lines. */
    readonly complete: boolean
    /** Gives its descriptor back, until `reopen`. Only what is settled and `unchanged` may rest. */
    readonly rest: () => void
    readonly resting: () => boolean
    /** Why it cannot be read although it is open: the first error since it could be. */
    readonly fault: () => Error | undefined
    /** It is read no more, as if all of it had been. @returns bytes that are lost, as far as it is known how long it was */
    readonly giveUp: () => number
    /** Also one with a fault. False when another file is at the path. @throws a system error when it cannot be opened. */
    readonly reopen: (path: string) => boolean
    readonly close: () => void
  }

/** @throws a system error when the file cannot be opened. */
export function openTail(path: string, start: (fd: number, place: Place, size: number) => TailStart): Tail {
  const fd = openSync(path, 'r')
  try {
    return createTail(fd, start)
  } catch (error) {
    closeFile(fd)
    throw error
  }
}

/** @param wroteBack without a copy it had another end than before, and was begun anew for that. */
function createTail(opened: number, start: (fd: number, place: Place, size: number) => TailStart, wroteBack = false): Tail {
  let fd: number | undefined = opened
  const place = placeOf(opened)
  const from = start(opened, place, fstatSync(opened).size)
  const state = createTailState(from, readHead(opened, FINGERPRINT_BYTES))
  const { cursor } = state
  let fault: Error | undefined
  /** It begins as before, and has something else where reading goes on. */
  let endDiffers = false
  /** What stands before the place where reading goes on. */
  const endBytes = Buffer.allocUnsafeSlow(END_BYTES)
  let end = endBytes.subarray(0, readEnd(opened, cursor.offset).copy(endBytes))
  let endOffset = cursor.offset
  let { size, mtimeNs } = fstatSync(opened, { bigint: true })
  /** Size and time when all was read; -1 while there is more. */
  let readSize = -1n
  let readMtimeNs = -1n
  let readMtimeMs = -1
  const [device, inode] = [Number(place.device), Number(place.inode)]

  const isCut = (stat: BigIntStats): boolean => stat.size < size || stat.size < cursor.offset
  /** Only of a file that was not cut: what it was before stays known then. */
  const keep = (stat: BigIntStats): void => {
    size = stat.size
    mtimeNs = stat.mtimeNs
  }
  /** A file that was cut, and has grown past the old offset since, begins otherwise, or has something else where reading goes on (1.5 µs each). */
  const isReplaced = (open: number): boolean => {
    const beginsOtherwise = !beginsWith(open, state.head())
    endDiffers = !beginsOtherwise && endOffset > state.head().length && !endsWith(open, end, endOffset)
    // Whose writer puts its last line anew behind each record would be sent whole with each; NULs are the hole of one that was cut.
    return beginsOtherwise || (endDiffers && !(wroteBack && readEnd(open, endOffset).some((byte) => byte !== 0)))
  }
  const keepEnd = (bytes: Buffer, taken: number): void => {
    const more = bytes.subarray(Math.max(0, taken - END_BYTES), taken)
    const before = end.subarray(Math.max(0, end.length + more.length - END_BYTES))
    // They lie in the same bytes: first what stays moves to the front.
    endBytes.set(before)
    endBytes.set(more, before.length)
    end = endBytes.subarray(0, before.length + more.length)
    endOffset = cursor.offset
  }
  const look = (): 'cut' | 'whole' => {
    if (fd === undefined) return 'whole'
    const stat = fstatSync(fd, { bigint: true })
    if (isCut(stat) || isReplaced(fd)) return 'cut'
    keep(stat)
    if (state.head().length < FINGERPRINT_BYTES && size > state.head().length) state.note(readHead(fd, FINGERPRINT_BYTES), 0)
    return 'whole'
  }
  const read = (reader: LineReader, buffer: Buffer, final: boolean): Reading => {
    if (fd === undefined) return 'idle'
    const stat = fstatSync(fd, { bigint: true })
    if (isCut(stat)) return 'cut'
    const length = Number(stat.size)
    if (stat.size === readSize && stat.mtimeNs === readMtimeNs && !(final && length > cursor.offset)) return 'idle'
    const offset = cursor.offset
    const bytes = buffer.subarray(0, readSync(fd, buffer, 0, Math.min(buffer.length, length - offset), offset))
    // After the reading, so that nothing of what is there now is taken for a part of what was.
    if (isReplaced(fd)) return 'cut'
    keep(stat)
    state.note(bytes, offset)
    reader.read(bytes, cursor, final && offset + bytes.length >= length)
    // What was set aside beforehand is filled without growing.
    const wasQuiet = bytes.length === 0 || (size === readSize && cursor.offset === offset)
    keepEnd(bytes, cursor.offset - offset)
    // All of it was looked at: what is left is a line without its end, and waits for more.
    const untilEnd =
      offset + bytes.length >= length && (cursor.offset === offset + bytes.length || bytes.indexOf(0x0a, cursor.offset - offset) === -1)
    readSize = untilEnd ? size : -1n
    readMtimeNs = mtimeNs
    // As libuv makes a number of it.
    readMtimeMs = Number(mtimeNs / 1_000_000_000n) * 1000 + Number(mtimeNs % 1_000_000_000n) / 1e6
    if (!untilEnd) return 'some'
    return wasQuiet && !final ? 'idle' : 'end'
  }
  const noting =
    <Given extends readonly unknown[], Found>(act: (...given: Given) => Found) =>
    (...given: Given): Found => {
      try {
        const found = act(...given)
        fault = undefined
        return found
      } catch (error) {
        // Stages have no such codes.
        if (error instanceof Error && /^E[A-Z0-9]+$/.test(errorCode(error))) fault ??= error
        throw error
      }
    }
  const release = (): void => {
    const given = fd
    fd = undefined
    if (given !== undefined) closeFile(given)
  }
  return {
    ...place,
    ...state,
    read: noting(read),
    look: noting(look),
    taken: () => ({ end, length: endOffset }),
    hasAt: (text, length) =>
      fd === undefined || fault !== undefined || fstatSync(fd).size < length || isReplaced(fd) || readEnd(fd, length).equals(text),
    again: (copied) => {
      if (fd === undefined) throw new Error('a file that rests has not been looked at')
      const next = createTail(fd, () => ({ offset: 0, replayFrom: 0 }), endDiffers && !copied)
      fd = undefined
      return next
    },
    complete: false,
    // Numbers, not the exact 64 bits: with 10,000 files it is asked often, and size and time are compared too.
    unchanged: (file) =>
      file !== undefined && file.size === Number(readSize) && file.ino === inode && file.dev === device && file.mtimeMs === readMtimeMs,
    size: () => Number(size),
    sizeNow: () => Math.max(Number(size), fd === undefined || fault !== undefined ? 0 : fstatSync(fd).size),
    modifiedNs: () => mtimeNs,
    position: (job, path, seenMs) => state.position({ job, path, ...place, size: Number(size), seenMs }),
    rest: release,
    resting: () => fd === undefined,
    fault: () => fault,
    giveUp: () => {
      release()
      const lost = Math.max(0, Number(size) - cursor.offset)
      cursor.offset += lost
      cursor.skipping = false
      readSize = -1n
      fault = undefined
      return lost
    },
    reopen: (path) => {
      if (fd !== undefined && fault === undefined) return true
      const again = openSync(path, 'r')
      if (!sameFile(placeOf(again), place)) {
        closeFile(again)
        return false
      }
      release()
      fd = again
      return true
    },
    close: release,
  }
}

/** Whether what a file has is in the one that is read: it is a copy of it, or it compressed. */
export function isTextOf({ head, end, length }: Content, tail: Tail): boolean {
  const own = tail.head()
  const bytes = Math.min(head.length, own.length)
  if (bytes === 0 || !own.subarray(0, bytes).equals(head.subarray(0, bytes))) return false
  // It may have grown since it was looked at: it was compressed when nobody wrote to it any more.
  const size = tail.sizeNow()
  return end === undefined ? length === size % 2 ** 32 : length <= size && tail.hasAt(end, length)
}

/** Whether a file may be the copy of what another had before it was cut: it begins as that did, and has what was taken of that where it was taken. */
export function mayHaveBeen({ file, content }: Candidate, cut: Tail): boolean {
  const head = cut.head()
  if (head.length === 0 || !content.head.subarray(0, head.length).equals(head)) return false
  const { end, length } = cut.taken()
  if (file.archived || content.length < length) return true
  const found = endAt(file, length)
  return found.length === 0 || found.equals(end)
}

function placeOf(fd: number): Place {
  const { dev, ino } = fstatSync(fd, { bigint: true })
  return { device: String(dev), inode: String(ino) }
}
