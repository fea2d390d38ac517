import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import { TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common'
import type { DynamicConfigValue, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table'
import { NoUnit } from '@grafana/grafana-foundation-sdk/units'

import { type PanelText, type StatPanel, described, thresholds } from './panels.ts'
import { LOKI, MIXED, PROMETHEUS, logsNow, rows } from './queries.ts'

/** A column of numbers; each comes from a query of its own. */
export type Column = {
  readonly name: string
  readonly unit: string
  /** PromQL unless `source` says LogQL. */
  readonly expression: string
  readonly source?: 'loki'
  /** From these values on a number is orange and red. */
  readonly warnings?: StatPanel['warnings']
  readonly decimals?: number
}

export type Link = { readonly title: string; readonly url: string }

export type TablePanel = Omit<PanelText, 'unit' | 'queries'> & {
  /** The labels that name a row: they stand first, and every expression is `by` them, or by some of them. */
  readonly labels: readonly string[]
  readonly columns: readonly Column[]
  /** Column whose greatest number is on top. */
  readonly sortBy: string
  /** What the cells of a label or a column lead to; of several links a click shows the list. */
  readonly links?: Readonly<Record<string, Link | readonly Link[]>>
}

/** One row per set of labels, the numbers now. Columns of both stores can stand beside each other where one label names the row. */
export function table({ labels, columns, sortBy, links = {}, ...text }: TablePanel): Builder<Panel> {
  const panel = described(new PanelBuilder(), {
    ...text,
    unit: NoUnit,
    queries: columns.map(({ expression, source }) => (source === 'loki' ? logsNow(expression) : rows(expression))),
  })
    .datasource(sourceOf(columns))
    .filterable(true)
    .sortBy([new TableSortByFieldStateBuilder().displayName(sortBy).desc(true)])
  const names = fieldNames(columns)
  for (const transformation of [
    ...joining(labels, columns),
    {
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        includeByName: {},
        indexByName: Object.fromEntries([...labels, ...Object.keys(names)].map((name, at) => [name, at])),
        renameByName: names,
      },
    },
  ])
    panel.withTransformation(transformation)
  for (const column of columns) panel.overrideByName(column.name, propertiesOf(column))
  for (const [name, link] of Object.entries(links)) panel.overrideByName(name, [{ id: 'links', value: [link].flat() }])
  return panel
}

const sourceOf = (columns: readonly Column[]) => {
  const ofLoki = columns.filter(({ source }) => source === 'loki').length
  if (ofLoki === 0) return PROMETHEUS
  return ofLoki === columns.length ? LOKI : MIXED
}

/**
 * Rows of one source have the same time, so that `merge` puts together what has the same labels. Two sources may differ by a millisecond: there
 * the time goes, and the label joins.
 */
function joining(labels: readonly string[], columns: readonly Column[]): readonly { readonly id: string; readonly options: object }[] {
  if (sourceOf(columns) !== MIXED) return [{ id: 'merge', options: {} }]
  if (labels.length !== 1) throw new Error(`a table of two sources has one label, not ${labels.join(', ')}`)
  return [
    { id: 'filterFieldsByName', options: { exclude: { names: ['Time'] } } },
    { id: 'joinByField', options: { byField: labels[0], mode: 'outer' } },
  ]
}

/** Fields are called after the letter of their query; that of a single query of Prometheus has no letter. */
function fieldNames(columns: readonly Column[]): Readonly<Record<string, string>> {
  const ofPrometheus = columns.filter(({ source }) => source !== 'loki')
  return Object.fromEntries([
    ...columns.map(({ name }, at) => [`Value #${String.fromCharCode(65 + at)}`, name] as const),
    ...(ofPrometheus.length === 1 ? ofPrometheus.map(({ name }) => ['Value', name] as const) : []),
  ])
}

const propertiesOf = ({ unit, warnings, decimals }: Column): DynamicConfigValue[] => [
  { id: 'unit', value: unit },
  ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
  ...(warnings === undefined
    ? []
    : [
        { id: 'thresholds', value: thresholds(warnings).build() },
        { id: 'color', value: { mode: 'thresholds' } },
        { id: 'custom.cellOptions', value: { type: 'color-text' } },
      ]),
]
