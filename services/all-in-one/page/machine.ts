import type { Point, RangeParameters, Series } from './api.ts'

/** Times that the charts are drawn for. */
export type Span = { readonly from: number; readonly to: number; readonly step: number }

const POINTS = 120

/** The last `rangeMs` before `nowMs`, on whole steps: the same times come again with the next look, and all series have the same ones. */
export function spanOf(rangeMs: number, nowMs: number, intervalMs: number): Span {
  const step = Math.max(intervalMs, 1000, Math.round(rangeMs / POINTS / 1000) * 1000)
  const to = Math.floor(nowMs / step) * step
  return { from: to - Math.floor(rangeMs / step) * step, to, step }
}

/** Readings of this machine that the charts need. A rate needs two samples: the window holds four. */
export const cpuParameters = (span: Span, intervalMs: number): RangeParameters => ({
  name: 'node_cpu_seconds_total',
  fn: 'rate',
  by: 'instance,mode',
  window: 4 * Math.max(span.step, intervalMs),
  ...span,
})

export const memoryParameters = (name: 'MemTotal' | 'MemAvailable', span: Span, intervalMs: number): RangeParameters => ({
  name: `node_memory_${name}_bytes`,
  fn: 'last',
  by: 'instance',
  window: 4 * Math.max(span.step, intervalMs),
  ...span,
})

const UNUSED_MODES: ReadonlySet<string | undefined> = new Set(['idle', 'iowait'])

/** Share of all CPU time that was used, 0 to 1, of CPU seconds per second by mode. */
export function cpuUsed(byMode: readonly Series[]): readonly Point[] {
  const all = sumOf(byMode)
  const used = new Map(sumOf(byMode.filter(({ labels }) => !UNUSED_MODES.has(labels['mode']))))
  return all.map(([at, total]) => [at, total === 0 ? 0 : (used.get(at) ?? 0) / total])
}

/** Bytes that are not available, at the times for which both are known. */
export function memoryUsed(total: readonly Series[], available: readonly Series[]): readonly Point[] {
  const free = new Map(sumOf(available))
  return sumOf(total).flatMap(([at, bytes]) => {
    const left = free.get(at)
    return left === undefined ? [] : [[at, bytes - left] as const]
  })
}

export function sumOf(series: readonly Series[]): readonly Point[] {
  const sums = new Map<number, number>()
  for (const { points } of series) for (const [at, value] of points) sums.set(at, (sums.get(at) ?? 0) + value)
  return [...sums].toSorted(([a], [b]) => a - b)
}
