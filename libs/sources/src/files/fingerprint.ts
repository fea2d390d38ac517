import { createHash } from 'node:crypto'
import { readSync } from 'node:fs'

/** A file is known by device, inode and its first bytes: inodes are used again, and copytruncate keeps them. */
export type FileIdentity = {
  readonly device: string
  readonly inode: string
  /** Hash of the first `fingerprintBytes` bytes; '' when there were none. */
  readonly fingerprint: string
  readonly fingerprintBytes: number
}

/** At most this many bytes of the beginning are compared. */
export const FINGERPRINT_BYTES = 1024

export const fingerprintOf = (head: Uint8Array): string =>
  head.length === 0 ? '' : createHash('sha256').update(head).digest('base64url').slice(0, 22)

/** The first bytes of an open file, fewer when it is shorter. */
export function readHead(fd: number, length: number): Buffer {
  const head = Buffer.alloc(Math.min(length, FINGERPRINT_BYTES))
  return head.subarray(0, readSync(fd, head, 0, head.length, 0))
}

/** Whether the first bytes of an open file are `head`. Asked with every reading, so it leaves nothing to be collected. */
export function beginsWith(fd: number, head: Buffer): boolean {
  const bytes = readSync(fd, looked, 0, head.length, 0)
  return looked.subarray(0, bytes).equals(head)
}

/** Whether these are the last of the first `length` bytes of an open file; as often asked. */
export function endsWith(fd: number, end: Buffer, length: number): boolean {
  const bytes = readSync(fd, looked, 0, end.length, length - end.length)
  return looked.subarray(0, bytes).equals(end)
}

const looked = Buffer.alloc(FINGERPRINT_BYTES)

/** Files that begin alike differ in the end of what one has of the other. */
export const END_BYTES = 64

/** The last bytes of the first `length` ones of an open file. */
export function readEnd(fd: number, length: number): Buffer {
  const end = Buffer.alloc(Math.min(length, END_BYTES))
  return end.subarray(0, readSync(fd, end, 0, end.length, length - end.length))
}

/** Whether a file that begins with `head` still begins as it did when the identity was taken. */
export const beginsLike = (
  head: Buffer,
  { fingerprint, fingerprintBytes }: Pick<FileIdentity, 'fingerprint' | 'fingerprintBytes'>,
): boolean => head.length >= fingerprintBytes && fingerprintOf(head.subarray(0, fingerprintBytes)) === fingerprint
