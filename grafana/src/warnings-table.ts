import { Short } from '@grafana/grafana-foundation-sdk/units'

import { podOfRow } from './board.ts'
import { NAMED_OBJECT } from './log-queries.ts'
import type { PanelText } from './panels.ts'
import { table } from './tables.ts'

export type WarningsTable = Pick<PanelText, 'id' | 'title' | 'description' | 'width' | 'height'> & {
  /** Label matchers that choose events. */
  readonly of: string
  /** Filters that stand behind the selector. */
  readonly filter?: string
  /** Where several clusters are shown, each row names its own. */
  readonly severalClusters?: boolean
}

/** As many rows as somebody reads. */
const MOST = 50

/** Loki counts no more kinds than that for one answer, also when `topk` stands around them. */
const TOO_MANY = 'An error of Loki here means more rows than its max_query_series (500 unless set).'

/** Warning events of the last five minutes, a row per object and reason with how often it was told, the most frequent first. */
export function warningsTable({ of, filter = '', severalClusters = false, ...text }: WarningsTable) {
  const labels = [...(severalClusters ? ['cluster'] : []), 'namespace', 'pod', 'object', 'reason']
  return table({
    ...text,
    description: `${text.description} ${TOO_MANY}`,
    labels,
    sortBy: 'Times told',
    links: {
      pod: podOfRow(severalClusters),
    },
    columns: [
      {
        name: 'Times told',
        unit: Short,
        source: 'loki',
        expression: `topk(${MOST}, sum by (${labels.join(', ')}) (count_over_time({${of},type="Warning"} ${filter === '' ? '' : `${filter} `}${NAMED_OBJECT} [5m])))`,
      },
    ],
  })
}
