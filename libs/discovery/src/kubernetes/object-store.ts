import { isDeepStrictEqual } from 'node:util'

import type { KubernetesObject } from './resources.ts'

export type ObjectStore = {
  readonly objects: () => ReadonlyMap<string, KubernetesObject>
  /** True when what labels are made of differs. */
  readonly put: (object: KubernetesObject) => boolean
  readonly remove: (key: string) => boolean
  /** Takes `next` in place of everything. Gives the keys of what came, differs or is gone. */
  readonly replace: (next: Map<string, KubernetesObject>) => readonly string[]
}

/** The objects known of one resource. Most updates of a cluster change nothing that labels show: those are no change. */
export function createObjectStore(): ObjectStore {
  let objects = new Map<string, KubernetesObject>()
  return {
    objects: () => objects,
    put: (object) => {
      const before = objects.get(object.key)
      objects.set(object.key, object)
      return before === undefined || differs(before, object)
    },
    remove: (key) => objects.delete(key),
    replace: (next) => {
      const before = objects
      objects = next
      const changed: string[] = []
      for (const [key, object] of next) {
        const old = before.get(key)
        if (old === undefined || differs(old, object)) changed.push(key)
      }
      for (const key of before.keys()) if (!next.has(key)) changed.push(key)
      return changed
    },
  }
}

const differs = (before: KubernetesObject, after: KubernetesObject): boolean =>
  !(before.version === after.version && before.uid === after.uid) && !isDeepStrictEqual(before, { ...after, version: before.version })
