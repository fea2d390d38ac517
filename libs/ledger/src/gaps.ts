import type { Kind } from '@clymene/model'

import type { BookState } from './book.ts'

/** Numbers that did not come: of all agents of a cluster. */
export type Gap = { readonly kind: Kind; readonly cluster: string; readonly missing: number; readonly jumped: number }

type Tally = { missing: number; jumped: number }

/** Every storage reads the same messages: the one that has found most missing has come furthest, and counts. */
export function gapsOf(states: Iterable<BookState>): readonly Gap[] {
  const byKind = new Map<Kind, Map<string, Map<string, Tally>>>()
  for (const { place, agents } of states) {
    const byStorage = entry(byKind, place.kind, () => new Map<string, Map<string, Tally>>())
    const byCluster = entry(byStorage, place.storage, () => new Map<string, Tally>())
    for (const { cluster, epochs } of agents.values()) {
      if (epochs.length === 0) continue
      const tally = entry(byCluster, cluster, () => ({ missing: 0, jumped: 0 }))
      for (const { missing, jumped } of epochs) {
        tally.missing += missing
        tally.jumped += jumped
      }
    }
  }
  return [...byKind].flatMap(([kind, byStorage]) => {
    const clusters = new Map<string, Gap>()
    for (const byCluster of byStorage.values()) {
      for (const [cluster, { missing, jumped }] of byCluster) {
        const other = clusters.get(cluster)
        const most = { missing: Math.max(missing, other?.missing ?? 0), jumped: Math.max(jumped, other?.jumped ?? 0) }
        clusters.set(cluster, { kind, cluster, ...most })
      }
    }
    return [...clusters.values()]
  })
}

function entry<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const created = create()
  map.set(key, created)
  return created
}
