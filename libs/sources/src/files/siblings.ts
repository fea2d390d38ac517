import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** A file that a rotation may have made of another: `app.log.1`, `app.log-20240101`, `0.log.20240101-120000`. */
export type Sibling = { readonly path: string; readonly device: string; readonly inode: string; readonly modifiedNs: bigint }

const COMPRESSED = /\.(?:gz|bz2|xz|zst|lz4|zip|tmp)$/i

/** Rotated files of `path` in its folder that can still be read as text, the oldest first. */
export function findSiblings(path: string): readonly Sibling[] {
  const folder = dirname(path)
  const base = basename(path)
  return namesIn(folder)
    .filter((name) => (name.startsWith(`${base}.`) || name.startsWith(`${base}-`)) && !COMPRESSED.test(name))
    .flatMap((name): Sibling[] => {
      const stat = statSync(join(folder, name), { bigint: true, throwIfNoEntry: false })
      if (stat?.isFile() !== true) return []
      return [{ path: join(folder, name), device: String(stat.dev), inode: String(stat.ino), modifiedNs: stat.mtimeNs }]
    })
    .toSorted((a, b) => (a.modifiedNs < b.modifiedNs ? -1 : a.modifiedNs > b.modifiedNs ? 1 : byNumber(b.path, a.path)))
}

/** Of two that were written in the same tick of the clock, `.2` was rotated before `.1`. */
const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
