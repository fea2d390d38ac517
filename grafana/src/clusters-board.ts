import { Seconds, Short } from '@grafana/grafana-foundation-sdk/units'

import { CLUSTERS_BOARD, board } from './board.ts'
import { CLUSTERS, CRASH_LOOPS, NOT_READY, SILENT_SECONDS, perPod } from './cluster-selectors.ts'
import { clustersRows } from './clusters-rows.ts'
import { clustersTable } from './clusters-table.ts'
import { EVENTS_JOB, FAILURES, POD_LOGS } from './log-queries.ts'
import { type StatPanel, stat } from './panels.ts'
import { LOKI, logsNow, now } from './queries.ts'
import { clusters, dataSources } from './variables.ts'

const quarter = (panel: Omit<StatPanel, 'width' | 'height'>) => stat({ ...panel, width: 3, height: 4 })

const state = [
  quarter({
    id: 1,
    title: 'Clusters',
    description: 'Clusters that sent a sample within the last day.',
    unit: Short,
    queries: [now(`count(${SILENT_SECONDS})`)],
  }),
  quarter({
    id: 2,
    title: 'Away',
    description: 'Clusters that have sent nothing for five minutes: agent, network or gateway. The table names them.',
    unit: Short,
    warnings: [1, 1],
    queries: [now(`sum((${SILENT_SECONDS}) > bool 300)`)],
  }),
  quarter({
    id: 3,
    title: 'Longest silence',
    description: 'Time since the last sample of the cluster that has been silent for longest.',
    unit: Seconds,
    warnings: [60, 300],
    queries: [now(`max(${SILENT_SECONDS})`)],
  }),
  quarter({
    id: 4,
    title: 'Nodes not ready',
    description: 'Nodes of all chosen clusters whose condition Ready is not true.',
    unit: Short,
    warnings: [1, 1],
    queries: [now(`sum(${NOT_READY})`)],
  }),
  quarter({
    id: 5,
    title: 'Pods that do not run',
    description: 'Pods in the phase Pending, Failed or Unknown. Failed ones of finished jobs stay until they are deleted.',
    unit: Short,
    warnings: [1, 10],
    queries: [now(`sum(${perPod(`kube_pod_status_phase{${CLUSTERS},phase=~"Pending|Failed|Unknown"}`)})`)],
  }),
  quarter({
    id: 6,
    title: 'Crash loops',
    description: 'Containers that end again and again, so that the kubelet waits before it starts them.',
    unit: Short,
    warnings: [1, 5],
    queries: [now(`sum(${CRASH_LOOPS})`)],
  }),
  quarter({
    id: 7,
    title: 'Warning events, 5 min',
    description: 'Warning events of the last five minutes. Empty: none, or no agent collects events.',
    unit: Short,
    source: LOKI,
    warnings: [1, 20],
    whenEmpty: 'none',
    queries: [logsNow(`sum(count_over_time({${CLUSTERS},${EVENTS_JOB},type="Warning"} [5m]))`)],
  }),
  quarter({
    id: 8,
    title: 'Lines of errors, 5 min',
    description: 'Lines of pods in the last five minutes that speak of an error, exception, panic or fatal end.',
    unit: Short,
    source: LOKI,
    whenEmpty: 'none',
    queries: [logsNow(`sum(count_over_time({${POD_LOGS}} |~ ${FAILURES} [5m]))`)],
  }),
]

export const clustersBoard = board({
  uid: CLUSTERS_BOARD,
  title: 'Clymene / Clusters',
  description: 'All clusters side by side: whether each still sends, what it uses and has promised, what fails in it.',
  variables: [...dataSources(), clusters()],
  first: [...state, clustersTable],
  rows: clustersRows,
})
