import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  type DataSourceRef,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  LogsSortOrder,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardLinkBuilder,
  MappingType,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as LogsBuilder } from '@grafana/grafana-foundation-sdk/logs'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import { NoUnit } from '@grafana/grafana-foundation-sdk/units'

import { LOKI, PROMETHEUS, type Query } from './queries.ts'

/** What every panel says of itself. */
export type PanelText = {
  /** Never given to another panel: links and the API name a panel by it. */
  readonly id: number
  readonly title: string
  /** What is seen, and what is normal or what to do: shown at the panel's corner. */
  readonly description: string
  /** One of the SDK's `units`. */
  readonly unit: string
  /** Of 24 columns. */
  readonly width: number
  /** In rows of the grid: 26 or so are one screen. */
  readonly height: number
  readonly queries: readonly Query[]
}

export type StatPanel = PanelText & {
  /** Default: Prometheus. */
  readonly source?: DataSourceRef
  /** From these values on a stat is orange and red. */
  readonly warnings?: readonly [orange: number, red: number]
  /** What a number means, in words and a colour; it goes before `warnings`. */
  readonly words?: Readonly<Record<string, { readonly text: string; readonly color: string }>>
  /** Shows what the legend says instead of the number. */
  readonly showLegend?: boolean
  /** Shown when there is no answer. */
  readonly whenEmpty?: string
  /** Where a click goes. */
  readonly link?: { readonly title: string; readonly url: string }
}

/** One number or word. */
export function stat({
  source = PROMETHEUS,
  warnings,
  words,
  showLegend = false,
  whenEmpty = '–',
  link,
  ...text
}: StatPanel): Builder<Panel> {
  const panel = described(new StatBuilder(), text)
    .datasource(source)
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .textMode(showLegend ? BigValueTextMode.Name : BigValueTextMode.Auto)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .noValue(whenEmpty)
    .thresholds(thresholds(warnings))
  if (words !== undefined) panel.mappings([{ type: MappingType.ValueToText, options: { ...words } }])
  if (link !== undefined) panel.dataLinks([new DashboardLinkBuilder(link.title).url(link.url)])
  return panel
}

export type TimeseriesPanel = PanelText & {
  /** Bars on top of each other: for counts. Areas on top of each other: for parts of a whole. Default: lines. */
  readonly shape?: 'lines' | 'areas' | 'bars'
  readonly max?: number
  /** Series whose name this finds are dashed: requests, limits and other bounds beside what is used. */
  readonly bounds?: string
  /** Series whose name this finds have that colour. */
  readonly colors?: Readonly<Record<string, string>>
}

/** Numbers over time. */
export const timeseries = (panel: TimeseriesPanel): Builder<Panel> => chart(panel, PROMETHEUS)

/** Numbers made of log lines, in bars. */
export const logVolume = (panel: Omit<TimeseriesPanel, 'shape'>): Builder<Panel> => chart({ ...panel, shape: 'bars' }, LOKI)

function chart({ shape = 'lines', max, bounds, colors = {}, ...text }: TimeseriesPanel, source: DataSourceRef): Builder<Panel> {
  const panel = described(new TimeseriesBuilder(), text)
    .datasource(source)
    .min(0)
    .lineWidth(1)
    .fillOpacity({ lines: 10, areas: 60, bars: 80 }[shape])
    .showPoints(VisibilityMode.Never)
    .drawStyle(shape === 'bars' ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .stacking(new StackingConfigBuilder().group('A').mode(shape === 'lines' ? StackingMode.None : StackingMode.Normal))
    .legend(new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).showLegend(true).calcs([]))
    // oxlint-disable-next-line unicorn/no-array-sort -- a setting of a builder
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
  if (max !== undefined) panel.max(max)
  if (bounds !== undefined) {
    panel.overrideByRegexp(bounds, [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
      { id: 'custom.fillOpacity', value: 0 },
    ])
  }
  for (const [name, color] of Object.entries(colors)) {
    panel.overrideByRegexp(name, [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }])
  }
  return panel
}

/** Log lines, the newest first; a click on one shows its labels. */
export const logs = (text: Omit<PanelText, 'unit'>): Builder<Panel> =>
  described(new LogsBuilder(), { ...text, unit: NoUnit })
    .datasource(LOKI)
    .showTime(true)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .sortOrder(LogsSortOrder.Descending)

type Describable = {
  id(id: number): Describable
  title(title: string): Describable
  description(description: string): Describable
  unit(unit: string): Describable
  span(width: number): Describable
  height(height: number): Describable
  withTarget(target: ReturnType<Query>): Describable
}

/** Gives a panel its text, its size and its queries. */
export function described<T extends Describable>(panel: T, { id, title, description, unit, width, height, queries }: PanelText): T {
  panel.id(id).title(title).description(description).unit(unit).span(width).height(height)
  for (const [at, query] of queries.entries()) panel.withTarget(query(String.fromCharCode(65 + at)))
  return panel
}

/** Green, from the first number on orange, from the second red. */
export const thresholds = (warnings: StatPanel['warnings']): ThresholdsConfigBuilder =>
  new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
    { value: null, color: warnings === undefined ? 'text' : 'green' },
    ...(warnings === undefined
      ? []
      : [
          { value: warnings[0], color: 'orange' },
          { value: warnings[1], color: 'red' },
        ]),
  ])
