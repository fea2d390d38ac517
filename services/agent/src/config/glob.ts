import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { errorCode } from '@clymene/model'

/**
 * Paths that exist and match, in order, by the rules of Go's `filepath.Glob`: `*` and `?` stop at a slash, `[a-c]` is one character, a
 * backslash takes what follows as it is. A pattern without these is the path itself.
 *
 * @throws Error when the pattern is none.
 */
export function glob(pattern: string): readonly string[] {
  if (!/[*?[\\]/.test(pattern)) return exists(pattern) ? [pattern] : []
  const parent = dirname(pattern)
  const name = compilePart(pattern.slice(pattern.lastIndexOf('/') + 1))
  return glob(parent).flatMap((folder) =>
    namesIn(folder)
      .filter((entry) => name.test(entry))
      .toSorted()
      .map((entry) => join(folder, entry)),
  )
}

function compilePart(part: string): RegExp {
  const source = part.replaceAll(
    /\\(.)|\[(\^?)((?:\\.|[^\]\\])+)\]|\*+|[?[\\]|[.+^${}()|\]/]/gs,
    (token, escaped?: string, not?: string, set?: string) => {
      if (escaped !== undefined) return escaped.replace(/\W/, String.raw`\$&`)
      if (set !== undefined) return `[${not}${set.replaceAll(/[[^]/g, String.raw`\$&`)}]`
      if (token.startsWith('*')) return '[^/]*'
      if (token === '?') return '[^/]'
      if (token === '[' || token === '\\') throw new Error('expected a pattern whose brackets are closed')
      return `\\${token}`
    },
  )
  try {
    return new RegExp(`^${source}$`, 's')
  } catch {
    throw new Error('expected a pattern whose brackets hold characters and ranges')
  }
}

/** A folder that cannot be read has no names, as in Go. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function exists(path: string): boolean {
  try {
    statSync(path)
    return true
  } catch (error) {
    return errorCode(error) === 'EACCES'
  }
}
