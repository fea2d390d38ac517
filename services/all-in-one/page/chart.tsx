import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'

import type { Point } from './api.ts'
import type { Span } from './machine.ts'

export type ChartProps = {
  readonly title: string
  readonly points: readonly Point[]
  readonly span: Span | undefined
  readonly format: (value: number) => string
  /** Top of the scale; undefined fits the values. */
  readonly max: number | undefined
  /** Said in place of a line while there are no points. */
  readonly empty: string
  readonly error: string | undefined
}

/** A time chart of uPlot. The charts of the page share one cursor; the value under it stands in the title, else the newest. */
export function Chart({ title, points, span, format, max, empty, error }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const drawn = useRef({ format, max, span })
  const [under, setUnder] = useState<number | undefined>(undefined)
  drawn.current = { format, max, span }

  useEffect(() => {
    const node = place.current
    if (node === null) return undefined
    const chart = new uPlot(optionsOf(node, drawn, setUnder), onGrid(points, span), node)
    plot.current = chart
    const resized = new ResizeObserver(() => chart.setSize(sizeOf(node)))
    resized.observe(node)
    return () => {
      resized.disconnect()
      chart.destroy()
      plot.current = undefined
    }
  }, [])

  useEffect(() => plot.current?.setData(onGrid(points, span)), [points, span])

  const at = under === undefined || span === undefined ? undefined : span.from + under * span.step
  const shown = at === undefined ? points.at(-1) : points.find(([time]) => time === at)
  return (
    <figure class="chart">
      <figcaption>
        {title} <b>{shown === undefined ? '–' : format(shown[1])}</b>
        {max !== undefined && max !== 1 && <span class="quiet"> of {format(max)}</span>}
        {at !== undefined && <span class="quiet"> at {timeOf(at, true)}</span>}
        {error !== undefined && <span class="bad"> {error}</span>}
      </figcaption>
      <div class="plot" ref={place} />
      {points.length === 0 && error === undefined && <p class="empty">{empty}</p>}
    </figure>
  )
}

type Drawn = { readonly current: Pick<ChartProps, 'format' | 'max' | 'span'> }

function optionsOf(node: HTMLElement, drawn: Drawn, setUnder: (index: number | undefined) => void): uPlot.Options {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches
  const axis = { stroke: dark ? '#94a3b8' : '#475569', grid: { stroke: dark ? '#1e293b' : '#e2e8f0', width: 1 }, ticks: { show: false } }
  return {
    ...sizeOf(node),
    cursor: { sync: { key: 'page' }, y: false, drag: { x: false, y: false } },
    legend: { show: false },
    scales: {
      x: { range: (_plot, low, high) => (drawn.current.span === undefined ? [low, high] : secondsOf(drawn.current.span)) },
      y: { range: (_plot, _low, high) => [0, drawn.current.max ?? (high > 0 ? high * 1.1 : 1)] },
    },
    axes: [
      { ...axis, size: 26, values: (_plot, times, _axis, _space, increment) => times.map((time) => timeOf(time * 1000, increment < 60)) },
      { ...axis, size: 64, values: (_plot, values) => values.map((value) => drawn.current.format(value)) },
    ],
    series: [{}, { stroke: '#3b82f6', fill: '#3b82f622', width: 1.5, points: { show: false } }],
    hooks: { setCursor: [({ cursor: { idx } }) => setUnder(idx ?? undefined)] },
  }
}

const sizeOf = ({ clientWidth, clientHeight }: HTMLElement) => ({ width: clientWidth, height: clientHeight })

const secondsOf = ({ from, to }: Span): [number, number] => [from / 1000, to / 1000]

const timeOf = (ms: number, withSeconds: boolean): string =>
  new Date(ms).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...(withSeconds ? { second: '2-digit' } : {}) })

/** Every step of the span, with a gap where there is no point: a line over the time in which nothing was read would be invented. */
function onGrid(points: readonly Point[], span: Span | undefined): uPlot.AlignedData {
  if (span === undefined) return [[], []]
  const values = new Map(points)
  const times = Array.from({ length: (span.to - span.from) / span.step + 1 }, (_, index) => span.from + index * span.step)
  return [times.map((at) => at / 1000), times.map((at) => values.get(at) ?? null)]
}
