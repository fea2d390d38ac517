import type { Point } from './evaluate.ts'

export type Aggregate = 'sum' | 'avg' | 'min' | 'max' | 'count'
export const AGGREGATES: readonly Aggregate[] = ['sum', 'avg', 'min', 'max', 'count']

/** Makes one series of several whose points stand at the same steps; a step that only some have counts those. */
export type Combination = {
  readonly add: (points: readonly Point[]) => void
  readonly points: () => readonly Point[]
}

/** Sums are kept by step, not points by series: a thousand series cost no more memory than one, and no long pause at the end. */
export function createCombination(aggregate: Aggregate, fromMs: number, stepMs: number, steps: number): Combination {
  const values = new Float64Array(steps)
  const counts = new Uint32Array(steps)
  const join = JOIN[aggregate]
  return {
    add: (points) => {
      for (const [timeMs, value] of points) {
        const at = Math.round((timeMs - fromMs) / stepMs)
        const count = counts[at] ?? 0
        values[at] = count === 0 ? value : join(values[at] ?? 0, value)
        counts[at] = count + 1
      }
    },
    points: () => {
      const points: Point[] = []
      for (let at = 0; at < steps; at++) {
        const count = counts[at] ?? 0
        const value = values[at] ?? 0
        if (count > 0) points.push([fromMs + at * stepMs, aggregate === 'count' ? count : aggregate === 'avg' ? value / count : value])
      }
      return points
    },
  }
}

const add = (a: number, b: number): number => a + b
const JOIN: Readonly<Record<Aggregate, (a: number, b: number) => number>> = { sum: add, avg: add, count: add, min: Math.min, max: Math.max }
