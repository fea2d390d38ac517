import { fstatSync, openSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { errorCode } from '@clymene/model'

import { archiveTextBytes, readArchiveHead } from './archive.ts'
import { closeFile } from './descriptors.ts'
import { FINGERPRINT_BYTES, readEnd, readHead } from './fingerprint.ts'

/** A file at a path, as a look at it tells. */
export type FileAt = {
  readonly path: string
  readonly device: string
  readonly inode: string
  readonly size: number
  readonly modifiedNs: bigint
  /** When its name, its rights or its text were changed. */
  readonly changedNs: bigint
  /** When it was made; undefined where the file system does not tell. */
  readonly bornNs: bigint | undefined
  readonly archived: boolean
}

/** What a file begins with and how long it is; of a compressed one its text, whose `end` is not known. */
export type Content = { readonly head: Buffer; readonly end: Buffer | undefined; readonly length: number }

/** Compressed in a way that cannot be read here, or being written by who compresses, or no log at all. */
const UNREADABLE = /\.(?:bz2|xz|zst|lz4|zip|Z|tmp|swp|lock|pos|offset)$|~$/i
const ARCHIVE = /\.gz$/i
/** `.1`, `-20240101`, `.2024-01-01_12`, `.20240101-120000`, `.old`: what a rotation adds to a name. */
const ROTATED = /[.-](?:\d[\d\-_.:T]*|old|bak|backup|prev|previous|last|rotated)(?:\.gz)?$/i
/** Of them, those that say when. */
const DATED = /^[.-]\d{4}-?\d{2}-?\d{2}/
/** And those that are counted: each rotation moves all on by one, `.1` is the newest. */
const NUMBERED = /^\.\d{1,4}(?:\.gz)?$/

/** Undefined when there is no regular file. @throws a system error when that cannot be known */
export function fileAt(path: string): FileAt | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (stat?.isFile() !== true) return undefined
  const { dev, ino, size, mtimeNs, ctimeNs, birthtimeNs } = stat
  return {
    path,
    device: String(dev),
    inode: String(ino),
    size: Number(size),
    modifiedNs: mtimeNs,
    changedNs: ctimeNs,
    bornNs: birthtimeNs === 0n ? undefined : birthtimeNs,
    archived: ARCHIVE.test(path),
  }
}

/**
 * Files beside `path`, and beside the file that it links to, that a rotation may have made of it (`app.log.1`, `app.log-20240101.gz`,
 * `0.log.20240101-120000`), the oldest first. A compressed file beside its original is not finished and not among them.
 */
export function findSiblings(path: string, namesIn: FolderNames): readonly FileAt[] {
  const real = realPathOf(path)
  const found = siblingsOf(path, namesIn)
  if (real !== path) found.push(...siblingsOf(real, namesIn).filter((one) => !found.some((other) => sameFile(one, other))))
  const suffixes = found.map((one) => suffixOf(one.path, path))
  const dated = suffixes.every((suffix) => DATED.test(suffix))
  const numbered = suffixes.every((suffix) => NUMBERED.test(suffix))
  return found.toSorted((a, b) => {
    if (dated) return a.path < b.path ? -1 : 1
    if (numbered) return byNumber(b.path, a.path)
    return a.modifiedNs < b.modifiedNs ? -1 : a.modifiedNs > b.modifiedNs ? 1 : byNumber(b.path, a.path)
  })
}

/** Whether the name says that the file was once at `path`; other files beside it may be logs of their own. */
export const isRotationOf = (sibling: string, path: string): boolean => {
  const suffix = suffixOf(sibling, path)
  return ROTATED.exec(suffix)?.[0] === suffix
}

/** The path that a file had before a rotation, as its name says it; undefined when it says nothing. */
export const rotatedFrom = (path: string): string | undefined => (ROTATED.test(path) ? path.replace(ROTATED, '') : undefined)

/** Opens the file that was seen, and no other that has its name by now. @throws a system error, ENOENT when it has another name */
export function openFile(file: FileAt): number {
  const fd = openSync(file.path, 'r')
  const { dev, ino } = fstatSync(fd, { bigint: true })
  if (String(dev) === file.device && String(ino) === file.inode) return fd
  closeFile(fd)
  throw Object.assign(new Error(`${file.path} was renamed`), { code: 'ENOENT' })
}

/** @throws a system error when the file cannot be read. */
export function contentOf(file: FileAt): Content {
  const fd = openFile(file)
  try {
    if (file.archived) return { head: readArchiveHead(fd), end: undefined, length: archiveTextBytes(fd) }
    return { head: readHead(fd, FINGERPRINT_BYTES), end: readEnd(fd, file.size), length: file.size }
  } finally {
    closeFile(fd)
  }
}

/** The last of the first `length` bytes of a file; nothing when it cannot be read. */
export function endAt({ path }: FileAt, length: number): Buffer {
  try {
    const fd = openSync(path, 'r')
    try {
      return readEnd(fd, length)
    } finally {
      closeFile(fd)
    }
  } catch {
    return Buffer.alloc(0)
  }
}

export type Place = { readonly device: string; readonly inode: string }
export const sameFile = (a: Place, b: Place | undefined): boolean => a.device === b?.device && a.inode === b.inode

/** Where links lead; the path itself when there is nothing. */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** Names in a folder that begin with a text, sorted. @throws a system error when they may be read the next time */
export type FolderNames = (folder: string, prefix: string) => readonly string[]

/**
 * Reads a folder again only when it has changed: ten thousand files in one are looked up without ten thousand readings of it. What is given was there when
 * it was asked for, so that a rotation after a look at the path and before this is seen.
 */
export function createFolderNames(): FolderNames {
  const known = new Map<string, { readonly names: readonly string[]; readonly changedNs: bigint }>()
  const namesOf = (folder: string): readonly string[] => {
    const changedNs = changedAt(folder)
    const before = known.get(folder)
    if (before?.changedNs === changedNs) return before.names
    const names = read(folder).toSorted()
    // What changes within one tick of the clock shows no other time.
    if (changedNs < BigInt(Date.now() - CLOCK_TICK_MS) * 1_000_000n) known.set(folder, { names, changedNs })
    else known.delete(folder)
    return names
  }
  return (folder, prefix) => {
    const names = namesOf(folder)
    let [low, high] = [0, names.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((names[middle] ?? '') < prefix) low = middle + 1
      else high = middle
    }
    const found: string[] = []
    for (let name = names[low]; name?.startsWith(prefix) === true; name = names[++low]) found.push(name)
    return found
  }
}

function siblingsOf(path: string, namesIn: FolderNames): FileAt[] {
  const folder = dirname(path)
  const base = basename(path)
  const names = namesIn(folder, base)
  const there = new Set(names)
  return names.flatMap((name) => {
    const suffix = name.slice(base.length)
    if (!/^(?:\.|-\d)/.test(suffix) || UNREADABLE.test(name)) return []
    if (ARCHIVE.test(name) && there.has(name.replace(ARCHIVE, ''))) return []
    return siblingAt(join(folder, name)) ?? []
  })
}

/** One that cannot be looked at is none: a link that leads to itself must not keep the files beside it from being read. */
function siblingAt(path: string): FileAt | undefined {
  try {
    return fileAt(path)
  } catch (error) {
    if (isPassing(error)) throw error
    return undefined
  }
}

/** Of a file in another folder, which a link led to, the part after the first name that a rotation may have changed. */
function suffixOf(sibling: string, path: string): string {
  const [name, base] = [basename(sibling), basename(path)]
  if (name.startsWith(base)) return name.slice(base.length)
  const real = basename(realPathOf(path))
  return name.startsWith(real) ? name.slice(real.length) : ''
}

/** Of two that were written in the same tick of the clock, `.2` was rotated before `.1`. */
const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

/** File systems note times by a coarse clock. */
const CLOCK_TICK_MS = 20

/** A trouble of the moment: whoever takes it for "nothing there" loses what is there. */
export const isPassing = (error: unknown): boolean => PASSING.has(errorCode(error))
const PASSING: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EIO', 'ESTALE', 'EINTR', 'EAGAIN', 'ETIMEDOUT'])

/** When names in a folder came or went last, nanoseconds since the epoch; 0 when that cannot be known. */
export function changedAt(folder: string): bigint {
  try {
    return statSync(folder, { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n
  } catch {
    return 0n
  }
}

/** @throws a system error when it may be read the next time. */
function read(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isPassing(error)) throw error
    return []
  }
}

/** A path that is rotated again while its files are opened is searched anew so often. */
export const MAX_TRIES = 5

/** Whether nothing was renamed between two searches. */
export const isSameOrder = (a: readonly FileAt[], b: readonly FileAt[]): boolean =>
  a.length === b.length && a.every((file, index) => file.path === b[index]?.path && sameFile(file, b[index]))
