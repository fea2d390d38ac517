import type { Labels } from '@clymene/model'

/** What all metrics of stages share: how many series there may be, and how many there are. */
export type StageSeriesBudget = { readonly max: number; used: number }

export type StageSeries<V> = { readonly labels: Labels; readonly value: V; usedMs: number; gone: boolean }

/** The series of one metric, by their labels. Labels that begin with `__` are the agent's and no part of them. */
export type SeriesFamily<V> = {
  /** Undefined when there are as many series as there may be. */
  readonly of: (labels: Labels) => V | undefined
  /** Those that were touched within the idle time; the others are forgotten. */
  readonly current: () => readonly StageSeries<V>[]
  /** From now on series may be idle for so long. */
  readonly keepIdle: (maxIdleMs: number) => void
  /** Forgets all series, and has no others any more. */
  readonly close: () => void
}

export type SeriesFamilyOptions<V> = {
  readonly create: () => V
  readonly maxIdleMs: number
  readonly budget: StageSeriesBudget
  /** Called for each record that finds no room for its series. */
  readonly onRefused: () => void
  readonly now: () => number
}

export function createSeriesFamily<V>({ create, budget, onRefused, now, ...options }: SeriesFamilyOptions<V>): SeriesFamily<V> {
  const family = new Map<string, StageSeries<V>>()
  // Lines of one stream come with the same labels: 60 ns a line, against 1 µs to make a key of them.
  const known = new WeakMap<Labels, StageSeries<V>>()
  let checkedMs = now()
  let { maxIdleMs } = options
  let isClosed = false

  const forgetIdle = (nowMs: number): void => {
    checkedMs = nowMs
    for (const [key, series] of family) {
      if (!isClosed && nowMs - series.usedMs <= maxIdleMs) continue
      series.gone = true
      family.delete(key)
      budget.used--
    }
  }
  const find = (labels: Labels, nowMs: number): StageSeries<V> | undefined => {
    const own = labels.filter(([name]) => !name.startsWith('__'))
    const key = JSON.stringify(own)
    const found = family.get(key)
    if (found !== undefined) return found
    if (budget.used >= budget.max && nowMs - checkedMs >= 1000) forgetIdle(nowMs)
    if (budget.used >= budget.max) return undefined
    const series = { labels: own, value: create(), usedMs: nowMs, gone: false }
    family.set(key, series)
    budget.used++
    return series
  }
  return {
    of: (labels) => {
      if (isClosed) return undefined
      const nowMs = now()
      const remembered = known.get(labels)
      const series = remembered?.gone === false ? remembered : find(labels, nowMs)
      if (series === undefined) {
        onRefused()
        return undefined
      }
      if (series !== remembered) known.set(labels, series)
      series.usedMs = nowMs
      return series.value
    },
    current: () => {
      forgetIdle(now())
      return [...family.values()]
    },
    keepIdle: (ms) => {
      maxIdleMs = ms
    },
    close: () => {
      isClosed = true
      forgetIdle(now())
    },
  }
}
