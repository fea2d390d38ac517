import type { Kind } from '@clymene/model'

import type { BookState } from './book.ts'

/** Numbers that did not come: of all agents of a cluster. */
export type Gap = { readonly kind: Kind; readonly cluster: string; readonly missing: number; readonly jumped: number }

/** Every storage reads the same messages: the one that has come furthest, and so found most missing, counts. */
export function gapsOf(states: Iterable<BookState>): readonly Gap[] {
  const byStorage = new Map<string, Gap>()
  for (const { place, agents } of states) {
    for (const { cluster, epochs } of agents.values()) {
      if (epochs.length === 0) continue
      const name = JSON.stringify([place.storage, place.kind, cluster])
      let { missing, jumped } = byStorage.get(name) ?? { missing: 0, jumped: 0 }
      for (const epoch of epochs) {
        missing += epoch.missing
        jumped += epoch.jumped
      }
      byStorage.set(name, { kind: place.kind, cluster, missing, jumped })
    }
  }
  const gaps = new Map<string, Gap>()
  for (const gap of byStorage.values()) {
    const name = JSON.stringify([gap.kind, gap.cluster])
    const other = gaps.get(name)
    gaps.set(name, {
      ...gap,
      missing: Math.max(gap.missing, other?.missing ?? 0),
      jumped: Math.max(gap.jumped, other?.jumped ?? 0),
    })
  }
  return [...gaps.values()]
}
