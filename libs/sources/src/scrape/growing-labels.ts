import type { GrowingLabel } from './scrape-view.ts'

/** What a gauge has to be able to do. */
type LabelGauge = {
  readonly set: (labels: { readonly scrape_job: string; readonly label: string }, value: number) => void
  readonly remove: (labels: { readonly scrape_job: string; readonly label: string }) => void
}

/** The labels that grow in one target of a job. */
export type TargetGrowth = {
  /** A scrape has ended. */
  readonly scraped: (leftOut: number, labels: () => readonly GrowingLabel[]) => void
  readonly close: () => void
}

export type GrowingLabels = ReturnType<typeof createGrowingLabels>

const SHOWN = 10
/** To look at labels takes a few milliseconds, and which ones grow does not change from scrape to scrape. */
const LOOK_EVERY_MS = 60_000

/** Names the labels that grow in a job in a metric, only while series are left out: those with most values in one of its targets. */
export function createGrowingLabels(gauge: LabelGauge, jobName: string) {
  const targets = new Map<TargetGrowth, readonly GrowingLabel[]>()
  let shown: readonly string[] = []

  function show(): void {
    const most = new Map<string, number>()
    for (const labels of targets.values()) for (const { name, values } of labels) most.set(name, Math.max(most.get(name) ?? 0, values))
    const top = [...most].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, SHOWN)
    for (const label of shown) gauge.remove({ scrape_job: jobName, label })
    for (const [label, values] of top) gauge.set({ scrape_job: jobName, label }, values)
    shown = top.map(([label]) => label)
  }

  return {
    open: (): TargetGrowth => {
      let lookedMs = -Infinity
      const growth: TargetGrowth = {
        scraped: (leftOut, labels) => {
          if (leftOut === 0) return growth.close()
          if (performance.now() - lookedMs < LOOK_EVERY_MS) return
          lookedMs = performance.now()
          targets.set(growth, labels())
          show()
        },
        close: () => {
          lookedMs = -Infinity
          if (targets.delete(growth)) show()
        },
      }
      return growth
    },
  }
}
