import { realPathOf } from './siblings.ts'

/**
 * One path of a job for each file that links lead to: `pods/…/0.log` and `containers/….log` are one, also between a rotation and the next look, when the
 * file that is there now is open under neither.
 */
export type LinkedPaths = {
  /** A search begins: links may lead elsewhere by now. */
  readonly search: () => void
  /** Whether the place that a path leads to is followed by another path. */
  readonly isFollowed: (job: string, path: string, real: string) => boolean
  /** The path is followed from now on. */
  readonly add: (job: string, path: string, real: string) => void
}

export function createLinkedPaths(follows: (job: string, path: string) => boolean): LinkedPaths {
  /** Links that are followed, by where they lead. */
  let links = new Map<string, { readonly job: string; readonly path: string }>()
  return {
    search: () => {
      const there = [...links.values()].filter(({ job, path }) => follows(job, path))
      links = new Map(there.map((link) => [`${link.job}\n${realPathOf(link.path)}`, link]))
    },
    isFollowed: (job, path, real) => {
      if (real !== path && follows(job, real)) return true
      const link = links.get(`${job}\n${real}`)
      return link !== undefined && link.path !== path && follows(job, link.path)
    },
    add: (job, path, real) => {
      if (real !== path) links.set(`${job}\n${real}`, { job, path })
    },
  }
}
