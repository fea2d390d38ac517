import { CountsPerSecond } from '@grafana/grafana-foundation-sdk/units'

import { PIPELINE_BOARD, board } from './board.ts'
import { logs, timeseries } from './panels.ts'
import { newestLines, overTime } from './queries.ts'
import { clusters, dataSources } from './variables.ts'

export const pipelineBoard = board({
  uid: PIPELINE_BOARD,
  title: 'Clymene / Pipeline',
  description: 'The way of metrics and logs from agents to storages.',
  variables: [...dataSources(), clusters()],
  first: [
    timeseries({
      id: 1,
      title: 'Samples collected',
      description: 'Samples that the agents of each cluster hand on per second.',
      unit: CountsPerSecond,
      width: 24,
      height: 8,
      queries: [
        overTime('sum by (cluster) (rate(clymene_agent_scraped_samples_total{cluster=~"$cluster"}[$__rate_interval]))', '{{cluster}}'),
      ],
    }),
    logs({
      id: 2,
      title: 'Log of the services',
      description: 'The newest lines of the agents, gateways and ingesters of the chosen clusters.',
      width: 24,
      height: 12,
      queries: [newestLines('{cluster=~"$cluster",namespace="clymene"}')],
    }),
  ],
  rows: [],
})
