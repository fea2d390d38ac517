import type { Point } from './evaluate.ts'

export type Aggregate = 'sum' | 'avg' | 'min' | 'max' | 'count'

/** Makes one series of several by time; a time that only some have counts those. */
export function combine(series: readonly (readonly Point[])[], aggregate: Aggregate): readonly Point[] {
  const [only] = series
  if (series.length === 1 && only !== undefined && aggregate !== 'count') return only
  const byTime = new Map<number, number[]>()
  for (const points of series) {
    for (const [timeMs, value] of points) {
      const values = byTime.get(timeMs)
      if (values === undefined) byTime.set(timeMs, [value])
      else values.push(value)
    }
  }
  return [...byTime].toSorted(([a], [b]) => a - b).map(([timeMs, values]) => [timeMs, reduce(values, aggregate)] as const)
}

function reduce(values: readonly number[], aggregate: Aggregate): number {
  switch (aggregate) {
    case 'count':
      return values.length
    case 'min':
      return values.reduce((least, value) => Math.min(least, value))
    case 'max':
      return values.reduce((most, value) => Math.max(most, value))
    case 'avg':
      return sum(values) / values.length
    case 'sum':
      return sum(values)
    default:
      return aggregate satisfies never
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
