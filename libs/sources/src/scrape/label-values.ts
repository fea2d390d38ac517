import type { Labels } from '@clymene/model'

import type { GrowingLabel } from './scrape-view.ts'

/** Distinct values of each label in a sample of series, bounded by the sample: what is unlike in all of them is what grows. */
export function createLabelValues(mostSeries: number) {
  const values = new Map<string, Set<string>>()
  let seen = 0
  return {
    see(labels: Labels): void {
      if (++seen > mostSeries) return
      for (const [name, value] of labels) {
        let known = values.get(name)
        if (known === undefined) values.set(name, (known = new Set()))
        known.add(value)
      }
    },
    /** Most values first; labels that are the same in all series are left out. `isAll`: what was seen are all series of the target. */
    growing: (isAll: boolean): readonly GrowingLabel[] =>
      [...values]
        .map(([name, { size }]) => ({ name, values: size, ...(isAll ? {} : { sampled: Math.min(seen, mostSeries) }) }))
        .filter(({ values: size }) => size > 1)
        .toSorted((a, b) => b.values - a.values || (a.name < b.name ? -1 : 1))
        .slice(0, SHOWN),
  }
}

const SHOWN = 10
