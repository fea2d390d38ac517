import { beginsLike } from './fingerprint.ts'
import type { OpenTails } from './open-tails.ts'
import type { PositionTable } from './position-table.ts'
import { contentOf, type FileAt, rotatedFrom } from './siblings.ts'
import { isTextOf, type Tail } from './tail.ts'

export type ReadElsewhereOptions = {
  readonly table: PositionTable
  readonly tails: OpenTails
  readonly tailsOf: (job: string, path: string) => readonly Tail[]
}

/**
 * Whether what is in a file that a glob finds is read, or was read, under another name: another link leads to it, or it is what a rotation made of a
 * file that is followed (renamed, compressed, or copied before that one is cut).
 */
export function createReadElsewhere({ table, tails, tailsOf }: ReadElsewhereOptions): (job: string, file: FileAt) => boolean {
  /** Files whose text was compared, as they were then: not every search reads them again. */
  const known = new Map<string, string>()

  const isRead = (job: string, file: FileAt, base: string): boolean => {
    const content = contentOf(file)
    const { head, length } = content
    if (head.length === 0) return false
    if (tailsOf(job, base).some((tail) => isTextOf(content, tail))) return true
    return table
      .ofPath(job, base)
      .some((position) => position.offset === length && position.fingerprintBytes > 0 && beginsLike(head, position))
  }
  return (job, file) => {
    if (tails.has(job, file)) return true
    const position = table.peek(job, file)
    // What it has grown since then is read under its own name.
    if (position?.path === file.path || (position !== undefined && position.offset < file.size && !file.archived)) return false
    const base = position?.path ?? rotatedFrom(file.path)
    if (base === undefined) return false
    const key = `${job}\n${file.path}`
    const now = `${file.inode} ${file.size} ${file.modifiedNs}`
    if (known.get(key) === now) return true
    try {
      if (!isRead(job, file, base)) return false
    } catch {
      return false
    }
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(key, now)
    return true
  }
}

const MAX_KNOWN = 10_000
