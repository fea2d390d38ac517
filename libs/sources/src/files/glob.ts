import { type Dirent, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { errorCode } from '@clymene/model'
import { compileRegex, type Regex } from '@clymene/regex'

/** A compiled glob: `*` and `?` within one name, `**` over any depth of folders, `[a-z]`, `[!a]`, `{a,b}`, `\` quotes. */
export type Glob = {
  readonly pattern: string
  /** The folder that all it matches is below, as far as the pattern says names in full. */
  readonly root: string
  readonly matches: (path: string) => boolean
  /** Regular files that match, in order of their paths; links to files are followed, links to folders not below `**`. */
  readonly find: (folders: Folders, onTrouble: OnTrouble) => readonly string[]
}

/** Told of what may be there and cannot be looked at: a folder that may not be entered, a link that leads to itself, names that are no UTF-8. */
export type OnTrouble = (path: string, error: unknown) => void

/** Folders read during one search: globs of one search share what they read. */
export type Folders = {
  /** Empty when the folder is not there, or, with a trouble, when it cannot be read. */
  readonly read: (path: string, onTrouble: OnTrouble) => readonly Dirent[]
  /** A name was looked up in the folder without reading it. */
  readonly note: (path: string) => void
  /** Every folder that was read or noted. */
  readonly seen: () => Iterable<string>
}

const MAX_ALTERNATIVES = 1000
const MAX_DEPTH = 32

/** @throws Error when the pattern is not absolute or its braces expand to too many. */
export function compileGlob(pattern: string): Glob {
  if (!pattern.startsWith('/')) throw new Error(`expected an absolute path, found ${JSON.stringify(pattern)}`)
  const alternatives = expandBraces(pattern).map((alternative) => alternative.split('/').filter((part) => part !== ''))
  const segments = alternatives.map((parts) => parts.map(compileSegment))
  const whole = alternatives.map((parts) => compileRegex(parts.map(pathSource).join(''), { anchored: true }))
  // Up to the first name that is not said in full: of a thousand globs all but a few differ there from a path.
  const prefix = /^\/(?:[^/*?[\]{}\\]+\/)*/.exec(pattern)?.[0] ?? '/'
  return {
    pattern,
    root: prefix,
    matches: (path) => path.startsWith(prefix) && whole.some((regex) => regex.test(path)),
    find: (folders, onTrouble) => {
      const found = new Set<string>()
      for (const parts of segments) walk('/', parts, 0, { folders, found, onTrouble })
      return [...found].toSorted((a, b) => (a < b ? -1 : 1))
    },
  }
}

/** @param maxEntries entries that one search may see in all; `onLimit` is told when there are more. */
export function createFolders(maxEntries: number, onLimit: (path: string) => void): Folders {
  const known = new Map<string, readonly Dirent[]>()
  const unreadable = new Map<string, unknown>()
  const noted = new Set<string>()
  let entries = 0
  return {
    seen: () => new Set([...known.keys(), ...noted]),
    note: (path) => void noted.add(path),
    read: (path, onTrouble) => {
      const before = known.get(path)
      if (unreadable.has(path)) onTrouble(path, unreadable.get(path))
      if (before !== undefined) return before
      const found = entries >= maxEntries ? [] : readFolder(path, (_, error) => void unreadable.set(path, error))
      if (unreadable.has(path)) onTrouble(path, unreadable.get(path))
      if (entries < maxEntries && entries + found.length >= maxEntries) onLimit(path)
      entries += found.length
      known.set(path, found)
      return found
    },
  }
}

function readFolder(path: string, onTrouble: OnTrouble): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch (error) {
    if (!isNothing(error)) onTrouble(path, error)
    return []
  }
}

/** A name as it is, a pattern, or any depth of folders. */
type Segment = string | Regex | typeof ANY_DEPTH
const ANY_DEPTH = Symbol('**')
const ANY_NAME = compileRegex('.*', { anchored: true })

type Walk = { readonly folders: Folders; readonly found: Set<string>; readonly onTrouble: OnTrouble }

function walk(folder: string, segments: readonly Segment[], depth: number, search: Walk): void {
  const { folders, found, onTrouble } = search
  const [segment, ...rest] = segments
  if (segment === undefined || depth > MAX_DEPTH) return
  if (typeof segment === 'string') {
    const path = join(folder, segment)
    if (rest.length > 0) walk(path, rest, depth, search)
    else {
      folders.note(folder)
      if (isFile(path, onTrouble)) found.add(path)
    }
    return
  }
  const entries = folders.read(folder, onTrouble)
  if (segment === ANY_DEPTH) {
    walk(folder, rest.length === 0 ? [ANY_NAME] : rest, depth, search)
    for (const entry of entries) {
      if (entry.isDirectory() && hasName(folder, entry.name, onTrouble)) walk(join(folder, entry.name), segments, depth + 1, search)
    }
    return
  }
  for (const entry of entries) {
    if (!segment.test(entry.name) || !hasName(folder, entry.name, onTrouble)) continue
    const path = join(folder, entry.name)
    if (rest.length > 0) {
      if (entry.isDirectory() || entry.isSymbolicLink()) walk(path, rest, depth, search)
    } else if (entry.isFile() || (entry.isSymbolicLink() && isFile(path, onTrouble))) found.add(path)
  }
}

/** Bytes that are no UTF-8 show as U+FFFD, and there is nothing of that name. Told once for a folder: such names come by the thousand. */
function hasName(folder: string, name: string, onTrouble: OnTrouble): boolean {
  if (!name.includes('\uFFFD') || existsSync(join(folder, name))) return true
  onTrouble(folder, new Error('files whose names are no UTF-8 cannot be opened, rename them'))
  return false
}

function isFile(path: string, onTrouble: OnTrouble): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
  } catch (error) {
    if (!isNothing(error)) onTrouble(path, error)
    return false
  }
}

const isNothing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errorCode(error))

const compileSegment = (part: string): Segment => {
  if (part === '**') return ANY_DEPTH
  return /[*?[\\]/.test(part) ? compileRegex(segmentSource(part), { anchored: true }) : part
}

const pathSource = (part: string): string => (part === '**' ? '(?:/[^/]+)*' : `/${segmentSource(part)}`)

/** One path segment as the source of a regular expression, for an engine that takes linear time. */
function segmentSource(part: string): string {
  return part.replaceAll(/\\(.)|\*+|\?|\[([!^]?)((?:\\.|[^\]\\])+)\]|[^]/gu, (piece, quoted?: string, not?: string, set?: string) => {
    if (quoted !== undefined) return escape(quoted)
    if (piece.startsWith('*')) return '[^/]*'
    if (piece === '?') return '[^/]'
    if (set !== undefined) return `[${not === '' ? '' : '^/'}${set.replaceAll(/[[\]^&|~]/g, String.raw`\$&`)}]`
    return escape(piece)
  })
}

const escape = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)

/** `a{b,c{d,e}}` to `ab`, `acd`, `ace`; a brace without its partner stands for itself. */
function expandBraces(pattern: string): readonly string[] {
  const pending = [pattern]
  const done: string[] = []
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const inner = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(next)
    if (inner === null) done.push(next)
    else for (const choice of (inner[2] ?? '').split(',').toReversed()) pending.push(`${inner[1]}${choice}${inner[3]}`)
    if (done.length + pending.length > MAX_ALTERNATIVES)
      throw new Error(`${JSON.stringify(pattern)} expands to more than ${MAX_ALTERNATIVES} paths`)
  }
  return done
}
