import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

import type { Followed } from '../lines/lane.ts'
import { FINGERPRINT_BYTES, fingerprintOf, readHead } from './fingerprint.ts'
import type { Cursor, LineReader } from './line-reader.ts'
import type { Position } from './positions.ts'

/** Where a file stands once what was collected of it is acknowledged. */
export type Progress = {
  readonly offset: number
  readonly replayFrom: number
  /** Counts how often the file was cut: progress before a cut says nothing about what is there now. */
  readonly generation: number
}

/** One open file: read from where it was left, to its end, however it is renamed meanwhile. */
export type Tail = Followed<Progress> & {
  readonly device: string
  readonly inode: string
  readonly cursor: Cursor
  /** When it was last written to, nanoseconds since the epoch. */
  readonly modifiedNs: () => bigint
  /** Reads once. Gives what happened: `idle` when there was nothing, `end` when all is read. With `final` the rest is a line. */
  readonly read: (reader: LineReader, buffer: Buffer, final: boolean) => 'idle' | 'some' | 'end' | 'truncated'
  /** How far it is read now. */
  readonly progress: (held: number) => Progress
  /** How far it is acknowledged, as it is stored. */
  readonly position: (job: string, path: string, seenMs: number) => Position
  /** Everything that was read of it is acknowledged, and no stage holds a line of it. */
  readonly settled: () => boolean
  readonly linked: () => boolean
  readonly close: () => void
}

export type TailStart = { readonly offset: number; readonly replayFrom: number }

const HEAD_CHECK_MS = 1000

/** @throws a system error when the file cannot be opened. */
export function openTail(path: string, start: (fd: number, device: string, inode: string) => TailStart, now: () => number): Tail {
  const fd = openSync(path, 'r')
  try {
    return createTail(fd, start, now)
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function createTail(fd: number, start: (fd: number, device: string, inode: string) => TailStart, now: () => number): Tail {
  const stat = fstatSync(fd, { bigint: true })
  const [device, inode] = [String(stat.dev), String(stat.ino)]
  const from = start(fd, device, inode)
  const cursor: Cursor = { offset: from.replayFrom, heldFrom: from.replayFrom, skipping: false, quietUntil: from.offset }
  let head = readHead(fd, from.offset)
  let acknowledged: Progress = { ...from, generation: 0 }
  let generation = 0
  let seenSize = -1
  let headCheckedMs = now()
  let fingerprint = { bytes: head.length, generation, text: fingerprintOf(head) }

  const progress = (held: number): Progress => {
    const offset = Math.max(cursor.offset, cursor.quietUntil)
    const waits = held > 0 || cursor.skipping || cursor.offset < cursor.quietUntil
    return { offset, replayFrom: waits ? Math.min(cursor.heldFrom, cursor.offset) : offset, generation }
  }
  /** The file was cut and may have grown past the old offset since: its beginning tells. */
  const replaced = (): boolean => {
    if (now() - headCheckedMs < HEAD_CHECK_MS) return false
    headCheckedMs = now()
    return !readHead(fd, head.length).equals(head)
  }
  const restart = (reader: LineReader): void => {
    reader.flush(cursor)
    Object.assign(cursor, { offset: 0, heldFrom: 0, skipping: false, quietUntil: 0 })
    head = Buffer.alloc(0)
    seenSize = -1
    generation++
  }
  const read = (reader: LineReader, buffer: Buffer, final: boolean): ReturnType<Tail['read']> => {
    const { size } = fstatSync(fd)
    if (size < cursor.offset || (size !== seenSize && replaced())) {
      restart(reader)
      return 'truncated'
    }
    if (size === seenSize && !(final && size > cursor.offset)) return 'idle'
    const offset = cursor.offset
    const length = readSync(fd, buffer, 0, Math.min(buffer.length, size - offset), offset)
    const bytes = buffer.subarray(0, length)
    if (head.length < FINGERPRINT_BYTES && offset <= head.length) {
      head = Buffer.concat([head, bytes.subarray(head.length - offset, FINGERPRINT_BYTES - offset)])
    }
    reader.read(bytes, cursor, final && offset + length >= size)
    // All of it was looked at: what is left is a line without its end, and waits for more.
    const untilEnd = offset + length >= size && (cursor.offset === offset + length || bytes.indexOf(0x0a, cursor.offset - offset) === -1)
    seenSize = untilEnd ? size : -1
    return untilEnd ? 'end' : 'some'
  }

  return {
    device,
    inode,
    cursor,
    read,
    progress,
    modifiedNs: () => fstatSync(fd, { bigint: true }).mtimeNs,
    linked: () => fstatSync(fd).nlink > 0,
    acknowledge: (reached) => {
      if (reached.generation === generation) acknowledged = reached
    },
    settled: () =>
      acknowledged.generation === generation && acknowledged.offset === cursor.offset && acknowledged.replayFrom === cursor.offset,
    position: (job, path, seenMs) => {
      const { offset, replayFrom } = acknowledged.generation === generation ? acknowledged : { offset: 0, replayFrom: 0 }
      const bytes = Math.min(offset, head.length)
      if (fingerprint.bytes !== bytes || fingerprint.generation !== generation) {
        fingerprint = { bytes, generation, text: fingerprintOf(head.subarray(0, bytes)) }
      }
      return { job, path, device, inode, fingerprint: fingerprint.text, fingerprintBytes: bytes, offset, replayFrom, seenMs }
    },
    close: () => closeSync(fd),
  }
}
