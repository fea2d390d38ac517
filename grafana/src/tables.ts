import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import { TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common'
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table'
import { NoUnit } from '@grafana/grafana-foundation-sdk/units'

import { type PanelText, described } from './panels.ts'
import { PROMETHEUS, rows } from './queries.ts'

/** A column of numbers; each comes from a query of its own. */
export type Column = { readonly name: string; readonly unit: string; readonly expression: string }

export type TablePanel = Omit<PanelText, 'unit' | 'queries'> & {
  /** The labels that name a row: they stand first, and every expression is `by` them. */
  readonly labels: readonly string[]
  readonly columns: readonly Column[]
  /** Column whose greatest number is on top. */
  readonly sortBy: string
  /** What the cells of a label lead to. */
  readonly links: Readonly<Record<string, { readonly title: string; readonly url: string }>>
}

/** One row per set of labels, the numbers now. */
export function table({ labels, columns, sortBy, links, ...text }: TablePanel): Builder<Panel> {
  const names = Object.fromEntries(columns.map(({ name }, at) => [`Value #${String.fromCharCode(65 + at)}`, name]))
  const panel = described(new PanelBuilder(), { ...text, unit: NoUnit, queries: columns.map(({ expression }) => rows(expression)) })
    .datasource(PROMETHEUS)
    .filterable(true)
    .sortBy([new TableSortByFieldStateBuilder().displayName(sortBy).desc(true)])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        includeByName: {},
        indexByName: Object.fromEntries([...labels, ...Object.keys(names)].map((name, at) => [name, at])),
        renameByName: names,
      },
    })
  for (const { name, unit } of columns) panel.overrideByName(name, [{ id: 'unit', value: unit }])
  for (const [label, link] of Object.entries(links)) panel.overrideByName(label, [{ id: 'links', value: [link] }])
  return panel
}
