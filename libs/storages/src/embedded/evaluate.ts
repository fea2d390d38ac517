import { isStale } from '../records/visit-write-request.ts'
import type { SampleColumns } from './sample-chunk.ts'

/** Milliseconds and value. */
export type Point = readonly [timeMs: number, value: number]

export type SeriesFunction = 'raw' | 'last' | 'rate'

export type Steps = {
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  readonly windowMs: number
  readonly fn: SeriesFunction
}

type Sample = { readonly timeMs: number; readonly value: number; readonly stale: boolean }

/** The points of one series: one a sample for raw, else at most one a step, from `fromMs` on. */
export function evaluate(columns: readonly SampleColumns[], steps: Steps): readonly Point[] {
  const samples = samplesOf(columns, steps.toMs)
  const live = samples.filter(({ stale }) => !stale)
  switch (steps.fn) {
    case 'raw':
      return live.filter(({ timeMs }) => timeMs >= steps.fromMs).map(({ timeMs, value }) => [timeMs, value] as const)
    case 'last':
      return atSteps(samples, steps, (_, last) => lastValue(samples[last]))
    case 'rate': {
      const increases = cumulativeIncrease(live)
      return atSteps(live, steps, (first, last) => rate(live, increases, first, last))
    }
    default:
      return steps.fn satisfies never
  }
}

/** Asks `value` at every step for the window (step - windowMs, step], given as the indexes of its first and last sample. */
function atSteps(
  samples: readonly Sample[],
  { fromMs, toMs, stepMs, windowMs }: Steps,
  value: (first: number, last: number) => number | undefined,
): readonly Point[] {
  const points: Point[] = []
  let first = 0
  let end = 0
  for (let timeMs = fromMs; timeMs <= toMs; timeMs += stepMs) {
    while (end < samples.length && (samples[end]?.timeMs ?? 0) <= timeMs) end++
    while (first < end && (samples[first]?.timeMs ?? 0) <= timeMs - windowMs) first++
    const point = first < end ? value(first, end - 1) : undefined
    if (point !== undefined) points.push([timeMs, point])
  }
  return points
}

/** The newest value, unless the series has ended by then: Prometheus' instant selector. */
const lastValue = (sample: Sample | undefined): number | undefined => (sample === undefined || sample.stale ? undefined : sample.value)

/**
 * Increase per second between the first and the last sample of the window. Not extended to the window's edges as PromQL does it:
 * with less than two samples there is none.
 */
function rate(samples: readonly Sample[], increases: Float64Array, first: number, last: number): number | undefined {
  const seconds = ((samples[last]?.timeMs ?? 0) - (samples[first]?.timeMs ?? 0)) / 1000
  return seconds > 0 ? ((increases[last] ?? 0) - (increases[first] ?? 0)) / seconds : undefined
}

/** How much the counter has risen since its first sample; a fall is a counter that began again at 0. */
function cumulativeIncrease(samples: readonly Sample[]): Float64Array {
  const increases = new Float64Array(samples.length)
  let total = 0
  let previous = samples[0]?.value ?? 0
  for (const [at, { value }] of samples.entries()) {
    total += value < previous ? value : value - previous
    increases[at] = total
    previous = value
  }
  return increases
}

function samplesOf(columns: readonly SampleColumns[], toMs: number): readonly Sample[] {
  const samples: Sample[] = []
  const view = new DataView(new ArrayBuffer(8))
  for (const { count, times, bits } of columns) {
    for (let at = 0; at < count; at++) {
      const timeMs = times[at] ?? 0
      if (timeMs > toMs) break
      const low = bits[2 * at] ?? 0
      const high = bits[2 * at + 1] ?? 0
      view.setUint32(0, low, true)
      view.setUint32(4, high, true)
      samples.push({ timeMs, value: view.getFloat64(0, true), stale: isStale(low, high) })
    }
  }
  return samples
}
