import { CountsPerSecond, PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units'

import { EVENTS_BOARD, NODE_BOARD, PIPELINE_BOARD, POD_BOARD, linkTo } from './board.ts'
import {
  CLUSTERS,
  CPU_USED,
  CRASH_LOOPS,
  MEMORY_USED,
  NOT_READY,
  RUNNING_PODS,
  SAMPLES,
  SILENT_SECONDS,
  committed,
} from './cluster-selectors.ts'
import { FAILURES, NO_EVENTS, POD_LOGS } from './log-queries.ts'
import { table } from './tables.ts'

const OF_ROW = { cluster: '${__data.fields.cluster}' }
const nodes = { title: 'Nodes of this cluster', url: linkTo(NODE_BOARD, OF_ROW) }
const pods = { title: 'Pods of this cluster', url: linkTo(POD_BOARD, OF_ROW) }
const pipeline = { title: 'How it sends', url: linkTo(PIPELINE_BOARD, OF_ROW) }
const events = { title: 'Events and logs of this cluster', url: linkTo(EVENTS_BOARD, OF_ROW) }

export const clustersTable = table({
  id: 11,
  title: 'Clusters',
  description:
    'Each cluster that sent a sample within the last day. One that is away keeps its row, with the seconds since its last sample. A click on a cell leads to the cluster’s nodes, pods, pipeline or events.',
  width: 24,
  height: 9,
  labels: ['cluster'],
  sortBy: 'Last sample',
  links: {
    cluster: [nodes, pods, pipeline, events],
    'Last sample': pipeline,
    Nodes: nodes,
    'Not ready': nodes,
    Pods: pods,
    'Crash loops': pods,
    CPU: nodes,
    Memory: nodes,
    'CPU requested': nodes,
    'Memory requested': nodes,
    'Errors/s': events,
    'Lines/s': events,
    'Samples/s': pipeline,
  },
  columns: [
    { name: 'Last sample', unit: Seconds, warnings: [60, 300], decimals: 0, expression: SILENT_SECONDS },
    { name: 'Nodes', unit: Short, expression: `count by (cluster) (max by (cluster, node) (kube_node_info{${CLUSTERS}}))` },
    { name: 'Not ready', unit: Short, warnings: [1, 2], expression: NOT_READY },
    { name: 'Pods', unit: Short, expression: RUNNING_PODS },
    { name: 'Crash loops', unit: Short, warnings: [1, 5], expression: CRASH_LOOPS },
    { name: 'CPU', unit: PercentUnit, warnings: [0.8, 0.95], decimals: 0, expression: CPU_USED },
    { name: 'Memory', unit: PercentUnit, warnings: [0.8, 0.92], decimals: 0, expression: MEMORY_USED },
    { name: 'CPU requested', unit: PercentUnit, warnings: [0.85, 0.97], decimals: 0, expression: committed('cpu') },
    { name: 'Memory requested', unit: PercentUnit, warnings: [0.85, 0.97], decimals: 0, expression: committed('memory') },
    {
      name: 'Errors/s',
      unit: CountsPerSecond,
      source: 'loki',
      expression: `sum by (cluster) (rate({${POD_LOGS}} |~ ${FAILURES} [5m]))`,
    },
    { name: 'Lines/s', unit: CountsPerSecond, source: 'loki', expression: `sum by (cluster) (rate({${CLUSTERS},${NO_EVENTS}} [5m]))` },
    { name: 'Samples/s', unit: CountsPerSecond, expression: SAMPLES },
  ],
})
