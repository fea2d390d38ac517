import type { AnnotationQuery } from '@grafana/grafana-foundation-sdk/dashboard'

import { LOKI, PROMETHEUS, overTime } from './queries.ts'

/** Marks on all charts of a board, each switched on and off at its top. */
export type Annotation = {
  readonly name: string
  /** PromQL that answers only where something happened, or LogQL that finds its lines. */
  readonly expression: string
  readonly source?: 'loki'
  readonly color: string
  /** What the mark says; labels as `{{pod}}`. Of lines default the line. */
  readonly text?: string
  /** Labels that stand below it. */
  readonly tags: readonly string[]
  /** Default: off, as marks may be many. */
  readonly shown?: boolean
}

/** Most marks of one kind: more would cover the chart. */
const MOST_LINES = 100

const ofLines = { maxLines: MOST_LINES, instant: false }

/**
 * As both data sources read it: Prometheus takes the query from `target` (since Grafana 11) or from `expr`, Loki from `expr`.
 */
export function annotationQuery({ name, expression, source, color, text, tags, shown = false }: Annotation): AnnotationQuery {
  const common = {
    name,
    enable: shown,
    hide: false,
    iconColor: color,
    expr: expression,
    titleFormat: name,
    tagKeys: tags.join(),
    ...(text !== undefined && { textFormat: text }),
  }
  return source === 'loki'
    ? { ...common, datasource: LOKI, ...ofLines }
    : { ...common, datasource: PROMETHEUS, target: overTime(expression, '')('Anno').build() }
}
