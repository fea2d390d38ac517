import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type DashboardLink,
  DashboardLinkType,
  type Panel,
  RowBuilder,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard'

import { type Annotation, annotationQuery } from './annotations.ts'

/** Every board of ours has it: by it they find each other. */
const TAG = 'clymene'

/**
 * Grafana 11.0 writes 39; 12 and 13 write up to 42 and bring older ones up to theirs. Back ends since 12 call a version above their own a failed
 * migration, so the least that all know is the one that all import.
 */
const SCHEMA_VERSION = 39

/** At the top of each: a list of the others, which keeps the time and what is chosen. */
const OTHER_BOARDS: DashboardLink = {
  title: 'Clymene',
  type: DashboardLinkType.Dashboards,
  tags: [TAG],
  asDropdown: true,
  includeVars: true,
  keepTime: true,
  targetBlank: false,
  icon: 'external link',
  tooltip: '',
}

export type Row = {
  /** Not given to a panel or another row. */
  readonly id: number
  readonly title: string
  /** Opened by a click; its queries run only then. */
  readonly collapsed?: boolean
  readonly panels: readonly Builder<Panel>[]
}

export type Board = {
  /** Never changed: links and bookmarks name the board by it. */
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly variables: readonly Builder<VariableModel>[]
  /** What is seen before any row. */
  readonly first: readonly Builder<Panel>[]
  readonly rows: readonly Row[]
  readonly annotations?: readonly Annotation[]
}

/** What is imported: a classic dashboard. Panels stand from left to right and go on below when 24 columns are full. */
export function board({ uid, title, description, variables, first, rows, annotations = [] }: Board): Dashboard {
  const built = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-15m', to: 'now' })
    .refresh('30s')
    .variables([...variables])
  for (const panel of first) built.withPanel(panel)
  for (const { id, title: name, collapsed = false, panels } of rows) {
    const row = new RowBuilder(name).id(id).collapsed(collapsed)
    if (collapsed) for (const panel of panels) row.withPanel(panel)
    built.withRow(row)
    if (!collapsed) for (const panel of panels) built.withPanel(panel)
  }
  return {
    ...built.build(),
    schemaVersion: SCHEMA_VERSION,
    annotations: { list: annotations.map(annotationQuery) },
    links: [OTHER_BOARDS],
  }
}

/** Uids of the boards, for links between them. */
export const NODE_BOARD = 'clymene-node'
export const POD_BOARD = 'clymene-pod'
export const CLUSTERS_BOARD = 'clymene-clusters'
export const PIPELINE_BOARD = 'clymene-pipeline'
export const EVENTS_BOARD = 'clymene-events-logs'

/** All of a variable, as Grafana writes it into addresses (`$__all`). */
const ALL = '%24__all'

/** To pods, whatever their workload and containers: of what was chosen before on that board nothing is kept that would leave them out. */
export const linkToPod = (chosen: Readonly<Record<string, string>>, time?: string): string =>
  linkTo(POD_BOARD, { workload: ALL, container: ALL, ...chosen }, time)

/**
 * To another board, with the time and what both know; `chosen` gives its variables, as `${__data.fields.pod}`. Without a cluster in it the
 * one that is chosen is kept; `time` may be another than that of the board, as `from=…&to=…`.
 */
export function linkTo(uid: string, chosen: Readonly<Record<string, string>>, time = '${__url_time_range}'): string {
  const kept = ['datasource', 'loki_datasource', 'cluster'].flatMap((name) =>
    Object.hasOwn(chosen, name) ? [] : [`\${${name}:queryparam}`],
  )
  const given = Object.entries(chosen).map(([name, value]) => `var-${name}=${value}`)
  return `/d/${uid}?${[...kept, ...given, time].join('&')}`
}

/** From a table's row to the pod that it names; with several clusters the row names that of the pod, too. */
export const podOfRow = (severalClusters = false) => ({
  title: 'This pod and its logs',
  url: linkToPod({
    ...(severalClusters ? { cluster: '${__data.fields.cluster}' } : {}),
    namespace: '${__data.fields.namespace}',
    pod: '${__data.fields.pod}',
  }),
})
