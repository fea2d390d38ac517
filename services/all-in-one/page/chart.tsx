import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'

import type { Series } from './api.ts'

export type ChartProps = {
  readonly title: string
  readonly series: readonly { readonly label: string; readonly points: Series['points'] }[]
  readonly format: (value: number) => string
  /** Top of the scale; undefined fits the values. */
  readonly max?: number
  readonly error?: string | undefined
}

const COLOURS = ['#3b82f6', '#f59e0b', '#10b981', '#ef4444', '#8b5cf6', '#64748b']

/** A time chart of uPlot; the charts of the page share one cursor. */
export function Chart({ title, series, format, max, error }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const shape = series.map(({ label }) => label).join('\n')

  useEffect(() => {
    const node = place.current
    if (node === null) return undefined
    const chart = new uPlot(optionsOf(node.clientWidth, series, format, max), aligned(series), node)
    plot.current = chart
    const resized = new ResizeObserver(() => chart.setSize({ width: node.clientWidth, height: 170 }))
    resized.observe(node)
    return () => {
      resized.disconnect()
      chart.destroy()
      plot.current = undefined
    }
    // A new set of lines needs a new chart; new points do not.
  }, [shape])

  useEffect(() => plot.current?.setData(aligned(series)), [series])

  return (
    <figure class="chart">
      <figcaption>
        {title}{' '}
        <b>
          {series
            .map(({ points }) => points.at(-1))
            .filter((point) => point !== undefined)
            .map(([, value]) => format(value))
            .join(' / ')}
        </b>
        {error !== undefined && <span class="bad"> {error}</span>}
      </figcaption>
      <div ref={place} />
    </figure>
  )
}

function optionsOf(width: number, series: ChartProps['series'], format: ChartProps['format'], max: number | undefined): uPlot.Options {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches
  const axis = { stroke: dark ? '#94a3b8' : '#475569', grid: { stroke: dark ? '#1e293b' : '#e2e8f0', width: 1 }, ticks: { show: false } }
  return {
    width,
    height: 170,
    cursor: { sync: { key: 'page' } },
    legend: { show: series.length > 1 },
    scales: { y: { range: (_plot, low, high) => [Math.min(0, low), max ?? (high > 0 ? high * 1.1 : 1)] } },
    axes: [axis, { ...axis, size: 64, values: (_plot, values) => values.map((value) => format(value)) }],
    series: [
      {},
      ...series.map(({ label }, index) => ({
        label,
        stroke: COLOURS[index % COLOURS.length] ?? '#3b82f6',
        fill: series.length === 1 ? '#3b82f622' : 'transparent',
        width: 1.5,
        points: { show: false },
        value: (_plot: uPlot, value: number | null) => (value === null ? '–' : format(value)),
      })),
    ],
  }
}

/** Lines may have points at different times; uPlot wants one time axis with gaps. */
function aligned(series: ChartProps['series']): uPlot.AlignedData {
  const times = [...new Set(series.flatMap(({ points }) => points.map(([at]) => at)))].toSorted((a, b) => a - b)
  const values = series.map(({ points }) => {
    const byTime = new Map(points)
    return times.map((at) => byTime.get(at) ?? null)
  })
  return [times.map((at) => at / 1000), ...values]
}
