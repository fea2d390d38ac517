import { readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * Where rotated files are now, which are known by the path that they had: a name beside it with their inode. Undefined when there is none, such as
 * of a deleted file. Looks at each folder once: make one for each answer.
 */
export function createPresentNames(): (file: { readonly path: string; readonly inode: string }) => string | undefined {
  const folders = new Map<string, ReadonlyMap<string, string>>()
  return ({ path, inode }) => {
    const now = realPathOf(path)
    // Rotation puts something in front of the extension or behind it: `a.log.1`, `a-2024.log`.
    const [stem = ''] = basename(now).split('.')
    const key = join(dirname(now), stem)
    const names = folders.get(key) ?? namesByInode(dirname(now), stem)
    folders.set(key, names)
    const name = names.get(inode)
    return name === path || name === now ? undefined : name
  }
}

function namesByInode(folder: string, stem: string): ReadonlyMap<string, string> {
  const names = tried(() => readdirSync(folder)) ?? []
  return new Map(
    names
      .filter((name) => name.startsWith(stem))
      .slice(0, MOST_NAMES)
      .flatMap((name): readonly (readonly [string, string])[] => {
        const path = join(folder, name)
        const file = tried(() => statSync(path, { bigint: true }))
        return file === undefined ? [] : [[String(file.ino), path]]
      }),
  )
}

/** Beyond, rotated files are shown under the path that they had. */
const MOST_NAMES = 1000

/** The path may be a link that leads elsewhere by now. */
const realPathOf = (path: string): string => tried(() => realpathSync(path)) ?? path

function tried<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
