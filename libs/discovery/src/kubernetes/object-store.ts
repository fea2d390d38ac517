import { isDeepStrictEqual } from 'node:util'

import type { KubernetesObject } from './resources.ts'

export type ObjectStore = {
  readonly objects: () => ReadonlyMap<string, KubernetesObject>
  /** True when what labels are made of differs. */
  readonly put: (object: KubernetesObject) => boolean
  readonly remove: (key: string) => boolean
  /** Whether what labels are made of differs from what is known. */
  readonly isNews: (object: KubernetesObject) => boolean
  /** Takes `next` in place of everything. Gives the keys of what is gone. */
  readonly replace: (next: Map<string, KubernetesObject>) => readonly string[]
}

/** The objects known of one resource. Most updates of a cluster change nothing that labels show: those are no change. */
export function createObjectStore(): ObjectStore {
  let objects = new Map<string, KubernetesObject>()
  const isNews = (object: KubernetesObject): boolean => {
    const before = objects.get(object.key)
    return before === undefined || differs(before, object)
  }
  return {
    objects: () => objects,
    put: (object) => {
      const isOther = isNews(object)
      objects.set(object.key, object)
      return isOther
    },
    remove: (key) => objects.delete(key),
    replace: (next) => {
      const before = objects
      objects = next
      return [...before.keys()].filter((key) => !next.has(key))
    },
    isNews,
  }
}

const differs = (before: KubernetesObject, after: KubernetesObject): boolean =>
  !(before.version === after.version && before.uid === after.uid) && !isDeepStrictEqual(before, { ...after, version: before.version })
