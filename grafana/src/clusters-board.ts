import { Short } from '@grafana/grafana-foundation-sdk/units'

import { CLUSTERS_BOARD, board } from './board.ts'
import { logs, stat } from './panels.ts'
import { newestLines, now } from './queries.ts'
import { clusters, dataSources } from './variables.ts'

export const clustersBoard = board({
  uid: CLUSTERS_BOARD,
  title: 'Clymene / Clusters',
  description: 'All clusters side by side: whether each still sends, what it uses and has promised, what fails in it.',
  variables: [...dataSources(), clusters()],
  first: [
    stat({
      id: 1,
      title: 'Clusters',
      description: 'Clusters of which a target was scraped in the last five minutes.',
      unit: Short,
      width: 24,
      height: 4,
      queries: [now('count(count by (cluster) (up{cluster=~"$cluster"}))')],
    }),
    logs({
      id: 41,
      title: 'Recent errors',
      description: 'The newest lines of all clusters that speak of an error, exception, panic or fatal end.',
      width: 24,
      height: 12,
      queries: [newestLines('{cluster=~"$cluster",namespace!=""} |~ `(?i)(error|exception|panic|fatal)`')],
    }),
  ],
  rows: [],
})
