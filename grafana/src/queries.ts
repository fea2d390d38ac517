import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common'
import { DataqueryBuilder as LokiQuery } from '@grafana/grafana-foundation-sdk/loki'
import { PromQueryFormat, DataqueryBuilder as PrometheusQuery } from '@grafana/grafana-foundation-sdk/prometheus'

/** The two data sources are variables: whoever imports a board chooses them at its top, and no uid of ours is asked for. */
export const PROMETHEUS: DataSourceRef = { type: 'prometheus', uid: '${datasource}' }
export const LOKI: DataSourceRef = { type: 'loki', uid: '${loki_datasource}' }
/** Of a panel with queries of both. */
export const MIXED: DataSourceRef = { type: 'datasource', uid: '-- Mixed --' }

/** One query of a panel; the panel gives it its letter. */
export type Query = (refId: string) => Builder<Dataquery>

/** Over the time that the board shows. `legend` may name labels: `{{container}}`. */
export const overTime =
  (expression: string, legend: string): Query =>
  (refId) =>
    new PrometheusQuery().refId(refId).datasource(PROMETHEUS).expr(expression).legendFormat(legend).range()

/** At the end of that time. */
export const now =
  (expression: string, legend = ''): Query =>
  (refId) =>
    new PrometheusQuery().refId(refId).datasource(PROMETHEUS).expr(expression).legendFormat(legend).instant()

/** At the end of that time, a row per series with its labels as columns. */
export const rows =
  (expression: string): Query =>
  (refId) =>
    new PrometheusQuery().refId(refId).datasource(PROMETHEUS).expr(expression).format(PromQueryFormat.Table).instant()

/** LogQL over the time that the board shows: lines, or numbers made of them. */
export const logLines =
  (expression: string, legend = ''): Query =>
  (refId) =>
    new LokiQuery().refId(refId).datasource(LOKI).expr(expression).legendFormat(legend).queryType('range')

/** LogQL at the end of that time: one number, or in a table a row per series with its labels as columns. */
export const logsNow =
  (expression: string, legend = ''): Query =>
  (refId) =>
    new LokiQuery().refId(refId).datasource(LOKI).expr(expression).legendFormat(legend).queryType('instant')

const MOST_LINES = 1000

/** The lines themselves, the newest `MOST_LINES` of them. */
export const newestLines =
  (expression: string): Query =>
  (refId) =>
    new LokiQuery().refId(refId).datasource(LOKI).expr(expression).queryType('range').maxLines(MOST_LINES)
