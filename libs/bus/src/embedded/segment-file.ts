import { open as openFile, rm } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

import { errorCode } from '@clymene/model'

import { readUInt64, writeUInt64 } from './record.ts'

/** What is used of a file: `FileHandle` of node:fs/promises is one, a test may give a disk that is full. */
export type LogFile = {
  readonly read: (buffer: Buffer, offset: number, length: number, position: number) => Promise<{ bytesRead: number }>
  readonly writev: (buffers: readonly Buffer[], position: number) => Promise<{ bytesWritten: number }>
  readonly datasync: () => Promise<void>
  readonly truncate: (length: number) => Promise<void>
  readonly stat: () => Promise<{ size: number; mtimeMs: number }>
  readonly close: () => Promise<void>
}
/** Opens a file for reading and writing; creates it when it is not there. */
export type OpenLogFile = (path: string) => Promise<LogFile>

export const openLogFile: OpenLogFile = async (path) => {
  try {
    return await openFile(path, 'r+')
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    return openFile(path, 'wx+')
  }
}

/** The file of one segment, opened when it is first used. */
export type SegmentFile = {
  readonly path: string
  readonly stat: () => Promise<{ readonly size: number; readonly modifiedMs: number }>
  /** Up to `length` bytes from `position`: fewer at the end of the file. */
  readonly read: (position: number, length: number) => Promise<Buffer>
  /** Writes all of it, or rejects: then a part may be there. */
  readonly write: (buffers: readonly Buffer[], position: number) => Promise<void>
  readonly sync: () => Promise<void>
  readonly truncate: (length: number) => Promise<void>
  /** Waits for what is under way; everything later rejects. */
  readonly close: () => Promise<void>
  readonly remove: () => Promise<void>
}

export function createSegmentFile(path: string, open: OpenLogFile): SegmentFile {
  let opening: Promise<LogFile> | undefined
  let over = false
  const file = (): Promise<LogFile> => {
    // Opening a removed file would make it again.
    if (over) return Promise.reject(new Error(`${path} is closed`))
    opening ??= open(path).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  const close = async (): Promise<void> => {
    if (over) return
    over = true
    await (await opening)?.close()
  }
  return {
    path,
    stat: async () => {
      const { size, mtimeMs } = await (await file()).stat()
      return { size, modifiedMs: mtimeMs }
    },
    read: async (position, length) => {
      // Of its own, not of the pool: records are views of it and may be kept.
      const buffer = Buffer.allocUnsafeSlow(length)
      const { bytesRead } = await (await file()).read(buffer, 0, length, position)
      return buffer.subarray(0, bytesRead)
    },
    write: async (buffers, position) => writeAll(await file(), buffers, position),
    sync: async () => (await file()).datasync(),
    truncate: async (length) => (await file()).truncate(length),
    close,
    remove: async () => {
      await close()
      await rm(path, { force: true })
    },
  }
}

async function writeAll(file: LogFile, buffers: readonly Buffer[], position: number): Promise<void> {
  let rest = buffers
  let at = position
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest, at)
    at += bytesWritten
    rest = dropBytes(rest, bytesWritten)
  }
}

function dropBytes(buffers: readonly Buffer[], count: number): readonly Buffer[] {
  let left = count
  for (const [index, buffer] of buffers.entries()) {
    if (left < buffer.length) return left === 0 ? buffers.slice(index) : [buffer.subarray(left), ...buffers.slice(index + 1)]
    left -= buffer.length
  }
  return []
}

/*
 * The beginning of a segment, written together with its first record:
 *
 *    0  "CLYLOG" and u16 version, 1
 *    8  u64  offset of the first record, as in the name of the file
 *   16  u64  offset after the last record of the segment before: less than the first when offsets were left out after a power cut
 *   24  u32  nothing yet
 *   28  u32  CRC-32 of the 28 bytes before
 */
export const SEGMENT_HEADER_BYTES = 32
const MAGIC = Buffer.from('CLYLOG\0\u0001', 'latin1')
const VERSION_AT = 7

export function encodeSegmentHeader(base: number, previousEnd: number): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
  header.set(MAGIC)
  writeUInt64(header, base, 8)
  writeUInt64(header, previousEnd, 16)
  header.writeUInt32BE(crc32(header.subarray(0, 28)), 28)
  return header
}

/**
 * Gives `previousEnd`, or undefined when the header is damaged or not there: the name of the file says the rest.
 *
 * @throws Error when it is intact and of a later version.
 */
export function decodeSegmentHeader(bytes: Buffer, path: string): number | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES || crc32(bytes.subarray(0, 28)) !== bytes.readUInt32BE(28)) return undefined
  if (!bytes.subarray(0, VERSION_AT + 1).equals(MAGIC))
    throw new Error(`${path}: version ${bytes[VERSION_AT]} of the log, this program reads version 1`)
  return readUInt64(bytes, 16)
}

/** `00000000000000001234.log`: sorted by name is sorted by offset. */
export const segmentFileName = (base: number): string => `${String(base).padStart(20, '0')}.log`
export function parseSegmentFileName(name: string): number | undefined {
  const digits = /^(\d{20})\.log$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
