import { createReadStream, fstatSync, type ReadStream, readSync } from 'node:fs'
import { constants, createGunzip, gunzipSync } from 'node:zlib'

import { FINGERPRINT_BYTES } from './fingerprint.ts'

/** The text of a gzip file, in order, from its first byte. */
export type Archive = {
  /** What has been unpacked since it was last asked; undefined: nothing yet, `onReady` tells when. Empty: that was all. */
  readonly take: () => Buffer | undefined
  readonly close: () => void
}

export type ArchiveOptions = {
  /** Opens the file, a second time when it is broken: names move, so it may be gone by then. @throws a system error */
  readonly open: () => number
  /** Bytes of the file. */
  readonly size: number
  readonly onReady: () => void
  /** The rest cannot be unpacked: `unreadBytes` of the file were not used. All text before it is still taken. */
  readonly onBroken: (error: Error, unreadBytes: number) => void
}

/** zlib gives nothing of the piece in which it fails: a broken file is unpacked once more, in pieces so small. */
const SMALL_PIECE_BYTES = 512

/**
 * Unpacks as fast as it is taken: some 100 KiB wait in memory. The file is held open until `close`, so that its inode is no other's while it is known by it.
 *
 * @throws a system error when the file cannot be opened.
 */
export function openArchive({ open, size, onReady, onBroken }: ArchiveOptions): Archive {
  let taken = 0
  let toSkip = 0
  let over = false
  let reading: ReadStream | undefined

  const unpack = (again: boolean) => {
    const file = createReadStream('', { fd: open(), start: 0, autoClose: false })
    const text = createGunzip(again ? { chunkSize: SMALL_PIECE_BYTES } : {})
    let failed = false
    const fail = (error: Error): void => {
      if (failed) return
      failed = true
      file.destroy()
      if (!again && retry()) text.destroy()
      else {
        over = true
        onBroken(error, Math.max(0, size - text.bytesWritten))
      }
      onReady()
    }
    file.on('error', fail)
    text.on('error', fail)
    text.on('readable', onReady)
    text.on('end', () => {
      over = true
      onReady()
    })
    file.pipe(text)
    reading = file
    return text
  }
  const retry = (): boolean => {
    try {
      current = unpack(true)
      toSkip = taken
      return true
    } catch {
      return false
    }
  }
  let current = unpack(false)

  const take = (): Buffer | undefined => {
    for (;;) {
      const piece: unknown = current.read()
      if (!(piece instanceof Buffer)) return over ? Buffer.alloc(0) : undefined
      const skipped = Math.min(toSkip, piece.length)
      toSkip -= skipped
      if (skipped === piece.length) continue
      taken += piece.length - skipped
      return piece.subarray(skipped)
    }
  }
  return {
    take,
    close: () => {
      reading?.destroy()
      current.destroy()
    },
  }
}

/** Of a gzip file as much as gives its first bytes: a header with a name, and 1 KiB of text however little it shrinks. */
const HEAD_FILE_BYTES = 8192

/** The first bytes of the text of an open gzip file; fewer when it is shorter, none when it is no gzip file. */
export function readArchiveHead(fd: number): Buffer {
  const bytes = Buffer.alloc(HEAD_FILE_BYTES)
  const length = readSync(fd, bytes, 0, bytes.length, 0)
  try {
    return gunzipSync(bytes.subarray(0, length), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, FINGERPRINT_BYTES)
  } catch {
    return Buffer.alloc(0)
  }
}

/** Bytes of the text, as the last field of the file says it: modulo 2^32, and of the last member only (RFC 1952, 2.3.1 ISIZE). */
export function archiveTextBytes(fd: number): number {
  const { size } = fstatSync(fd)
  const field = Buffer.alloc(4)
  return size > 4 && readSync(fd, field, 0, 4, size - 4) === 4 ? field.readUInt32LE(0) : 0
}
