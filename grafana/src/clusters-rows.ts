import { BytesIEC, CountsPerSecond, PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units'

import { type Row, podOfRow } from './board.ts'
import {
  CLUSTERS,
  CLUSTER_CONTAINERS,
  CPU_USED,
  MEMORY_USED,
  RUNNING_PODS,
  SAMPLES,
  SILENT_SECONDS,
  committed,
  perContainer,
} from './cluster-selectors.ts'
import { EVENTS_JOB, FAILURES, NO_EVENTS, POD_LOGS } from './log-queries.ts'
import { third } from './node-use-rows.ts'
import { logVolume, logs } from './panels.ts'
import { logLines, newestLines, overTime } from './queries.ts'
import { type Column, table } from './tables.ts'
import { warningsTable } from './warnings-table.ts'

const NAMED = '| line_format `{{.cluster}} {{.namespace}}/{{.pod}} {{__line__}}`'
const thirdOfLogs = (panel: Omit<Parameters<typeof logVolume>[0], 'width' | 'height'>) => logVolume({ ...panel, width: 8, height: 7 })

const overTimeRow: Row = {
  id: 20,
  title: 'By cluster, over time',
  panels: [
    third({
      id: 21,
      title: 'CPU',
      description: 'Share of all cores of each cluster’s nodes that is busy.',
      unit: PercentUnit,
      max: 1,
      queries: [overTime(CPU_USED, '{{cluster}}')],
    }),
    third({
      id: 22,
      title: 'Memory',
      description: 'Share of the memory of each cluster’s nodes that could not be given to a new process.',
      unit: PercentUnit,
      max: 1,
      queries: [overTime(MEMORY_USED, '{{cluster}}')],
    }),
    third({
      id: 23,
      title: 'Requested of what there is',
      description:
        'CPU and memory that pods asked for, as a share of what the nodes allocate. At 100 % no further pod finds a place; what is used may be far less.',
      unit: PercentUnit,
      queries: [overTime(committed('cpu'), '{{cluster}} CPU'), overTime(committed('memory'), '{{cluster}} memory')],
    }),
    third({
      id: 24,
      title: 'Pods that run',
      description: 'Pods in the phase Running. A step down is a node or a workload that went.',
      unit: Short,
      queries: [overTime(RUNNING_PODS, '{{cluster}}')],
    }),
    third({
      id: 25,
      title: 'Containers started again',
      description: 'Restarts of all containers of each cluster in the window before each point.',
      unit: Short,
      shape: 'bars',
      queries: [
        overTime(
          `sum by (cluster) (${perContainer(`increase(kube_pod_container_status_restarts_total{${CLUSTERS}}[$__rate_interval])`)})`,
          '{{cluster}}',
        ),
      ],
    }),
    third({
      id: 26,
      title: 'Silence',
      description:
        'Seconds since the last sample of each cluster. It stays below the scrape interval; a line that climbs is a cluster that is away.',
      unit: Seconds,
      queries: [overTime(SILENT_SECONDS, '{{cluster}}')],
    }),
    third({
      id: 27,
      title: 'Samples',
      description: 'Samples per second that the metrics agents of each cluster hand on.',
      unit: CountsPerSecond,
      queries: [overTime(SAMPLES, '{{cluster}}')],
    }),
    thirdOfLogs({
      id: 28,
      title: 'Log lines',
      description: 'Lines of all logs of each cluster that have arrived in Loki. A gap is an agent, a network or a pipeline that stopped.',
      unit: Short,
      queries: [logLines(`sum by (cluster) (count_over_time({${CLUSTERS},${NO_EVENTS}} [$__auto]))`, '{{cluster}}')],
    }),
    thirdOfLogs({
      id: 29,
      title: 'Lines of errors',
      description: 'Lines of pods that speak of an error, exception, panic or fatal end.',
      unit: Short,
      queries: [logLines(`sum by (cluster) (count_over_time({${POD_LOGS}} |~ ${FAILURES} [$__auto]))`, '{{cluster}}')],
    }),
  ],
}

const top = (panel: { readonly id: number; readonly title: string; readonly description: string; readonly column: Column }) =>
  table({
    ...panel,
    width: 8,
    height: 9,
    labels: ['cluster', 'namespace', 'pod'],
    sortBy: panel.column.name,
    links: {
      pod: podOfRow(true),
    },
    columns: [panel.column],
  })

const topRow: Row = {
  id: 30,
  title: 'Top pods of all clusters',
  panels: [
    top({
      id: 31,
      title: 'Noisiest: log lines',
      description: 'The ten pods that write most log lines, over the last five minutes. A click on a pod shows its log.',
      column: {
        name: 'Lines/s',
        unit: CountsPerSecond,
        source: 'loki',
        expression: `topk(10, sum by (cluster, namespace, pod) (rate({${POD_LOGS}} [5m])))`,
      },
    }),
    top({
      id: 32,
      title: 'Most CPU',
      description: 'The ten pods that use most CPU now. A click on a pod shows what it uses of its requests and limits.',
      column: {
        name: 'CPU cores',
        unit: Short,
        expression: `topk(10, sum by (cluster, namespace, pod) (${perContainer(`rate(container_cpu_usage_seconds_total{${CLUSTER_CONTAINERS}}[$__rate_interval])`)}))`,
      },
    }),
    top({
      id: 33,
      title: 'Most memory',
      description: 'The ten pods with the largest working set now. A click on a pod shows what it uses of its requests and limits.',
      column: {
        name: 'Memory',
        unit: BytesIEC,
        expression: `topk(10, sum by (cluster, namespace, pod) (${perContainer(`container_memory_working_set_bytes{${CLUSTER_CONTAINERS}}`)}))`,
      },
    }),
  ],
}

const tellingRow: Row = {
  id: 40,
  title: 'What the clusters tell',
  panels: [
    logs({
      id: 41,
      title: 'Recent errors',
      description: 'The newest lines of pods of all clusters that speak of an error, exception, panic or fatal end.',
      width: 14,
      height: 12,
      queries: [newestLines(`{${POD_LOGS}} |~ ${FAILURES} ${NAMED}`)],
    }),
    warningsTable({
      id: 42,
      title: 'Warning events of the last 5 minutes',
      description: 'What Kubernetes warns of, by object and reason. Empty when all is well, or where no agent collects events.',
      width: 10,
      height: 12,
      of: `${CLUSTERS},${EVENTS_JOB}`,
      severalClusters: true,
    }),
    logs({
      id: 43,
      title: 'Warning events',
      description: 'The newest warnings of all clusters with their messages, for the time chosen.',
      width: 24,
      height: 9,
      queries: [newestLines(`{${CLUSTERS},${EVENTS_JOB},type="Warning"} | line_format \`{{.cluster}} {{__line__}}\``)],
    }),
  ],
}

/** Below the table of clusters. */
export const clustersRows: readonly Row[] = [overTimeRow, topRow, tellingRow]
