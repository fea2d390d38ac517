/** How many series there may be. What is beyond it is left out, what is there goes on. */
export type SeriesBudget = {
  /** 0: none. */
  readonly limit: number
  /** Admitted now. */
  readonly used: () => number
  /** Admits one more, or not. */
  readonly take: () => boolean
  /** Takes over what was admitted elsewhere, also beyond the limit. */
  readonly add: (series: number) => void
  readonly release: (series: number) => void
}

/** @param within a budget that has to admit a series too: that of a target's job. */
export function createSeriesBudget(limit: number, within?: SeriesBudget): SeriesBudget {
  let used = 0
  return {
    limit,
    used: () => used,
    take: () => {
      if (limit > 0 && used >= limit) return false
      if (within !== undefined && !within.take()) return false
      used++
      return true
    },
    add: (series) => {
      used += series
      within?.add(series)
    },
    release: (series) => {
      used -= series
      within?.release(series)
    },
  }
}
