import { BytesIEC, NoUnit, PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units'

import { NODE_BOARD, POD_BOARD, board, linkTo } from './board.ts'
import { logVolume, logs, stat, timeseries } from './panels.ts'
import { podAnnotations, podEndsRow } from './pod-ends-row.ts'
import { namespaceRow } from './pod-namespace-row.ts'
import { podRows } from './pod-rows.ts'
import { CONTAINERS, HASH, POD, POD_CONTAINERS, perContainer } from './pod-selectors.ts'
import { logLines, newestLines, now, overTime } from './queries.ts'
import { dataSources, labelVariable, logFilter } from './variables.ts'

const STREAM = '{cluster="$cluster",namespace="$namespace",pod=~"$pod",container=~"$container"}'
const LOGS = `${STREAM} |~ \`(?i)\${filter:raw}\``
/** After the pod's name where several are chosen: then what is chosen is the name of none of them. */
const NAMED = '| line_format `{{if ne .pod "${pod:csv}"}}{{.pod}} {{end}}{{__line__}}`'
const FAILURES = '`(?i)(error|exception|panic|fatal)`'

const state = [
  stat({
    id: 1,
    title: 'Phase',
    description: 'Where the pod is in its life, as kube-state-metrics tells it.',
    unit: NoUnit,
    width: 3,
    height: 3,
    showLegend: true,
    queries: [now(`max by (phase) (kube_pod_status_phase{${POD}}) == 1`, '{{phase}}')],
  }),
  stat({
    id: 2,
    title: 'Containers ready',
    description: 'Share of the containers that are ready: below 100 % the pod gets no requests through its Services.',
    unit: PercentUnit,
    width: 3,
    height: 3,
    queries: [now(`avg(${perContainer(`kube_pod_container_status_ready{${POD_CONTAINERS}}`)})`)],
  }),
  stat({
    id: 3,
    title: 'Restarts',
    description: 'How often containers were started again since the pod exists.',
    unit: Short,
    width: 3,
    height: 3,
    warnings: [1, 5],
    queries: [now(`sum(${perContainer(`kube_pod_container_status_restarts_total{${POD_CONTAINERS}}`)})`)],
  }),
  stat({
    id: 4,
    title: 'Last end of a container',
    description: 'Why a container ended the last time: OOMKilled means that it wanted more memory than its limit. Empty: none has ended.',
    unit: NoUnit,
    width: 3,
    height: 3,
    showLegend: true,
    whenEmpty: 'none',
    queries: [
      now(
        `max by (container, reason) (kube_pod_container_status_last_terminated_reason{${POD_CONTAINERS}}) == 1`,
        '{{container}}: {{reason}}',
      ),
    ],
  }),
  stat({
    id: 5,
    title: 'Memory of its limit',
    description: 'Working set of the container that is nearest to its limit. At 100 % the kernel kills it. Empty: no limit is set.',
    unit: PercentUnit,
    width: 3,
    height: 3,
    warnings: [0.8, 0.95],
    whenEmpty: 'no limit',
    queries: [
      now(
        `max(${perContainer(`container_memory_working_set_bytes{${CONTAINERS}}`)}` +
          ` / ${perContainer(`kube_pod_container_resource_limits{${POD_CONTAINERS},resource="memory"}`)})`,
      ),
    ],
  }),
  stat({
    id: 6,
    title: 'CPU of its limit',
    description: 'CPU of the container that is nearest to its limit. From 100 % on it is slowed down. Empty: no limit is set.',
    unit: PercentUnit,
    width: 3,
    height: 3,
    warnings: [0.8, 0.95],
    whenEmpty: 'no limit',
    queries: [
      now(
        `max(${perContainer(`rate(container_cpu_usage_seconds_total{${CONTAINERS}}[$__rate_interval])`)}` +
          ` / ${perContainer(`kube_pod_container_resource_limits{${POD_CONTAINERS},resource="cpu"}`)})`,
      ),
    ],
  }),
  stat({
    id: 7,
    title: 'Runs on',
    description: 'The node of the pod; for a moment two when it has moved. A click shows that node.',
    unit: NoUnit,
    width: 3,
    height: 3,
    showLegend: true,
    link: { title: 'This node', url: linkTo(NODE_BOARD, { node: '${__field.labels.node}' }) },
    queries: [now(`max by (node) (kube_pod_info{${POD}})`, '{{node}}')],
  }),
  stat({
    id: 8,
    title: 'Age',
    description: 'Time since the pod was started, the last one of that name; of several pods the oldest.',
    unit: Seconds,
    width: 3,
    height: 3,
    queries: [now(`time() - min(max by (pod) (kube_pod_start_time{${POD}}))`)],
  }),
]

const resourcesAndLogs = [
  timeseries({
    id: 11,
    title: 'CPU',
    description:
      'Cores that each container uses, and what it asked for and may have at most (dashed). At its limit a container is slowed down.',
    unit: Short,
    width: 8,
    height: 7,
    bounds: '/ (requested|limit)$/',
    queries: [
      overTime(perContainer(`rate(container_cpu_usage_seconds_total{${CONTAINERS}}[$__rate_interval])`), '{{pod}} {{container}}'),
      overTime(perContainer(`kube_pod_container_resource_requests{${POD_CONTAINERS},resource="cpu"}`), '{{pod}} {{container}} requested'),
      overTime(perContainer(`kube_pod_container_resource_limits{${POD_CONTAINERS},resource="cpu"}`), '{{pod}} {{container}} limit'),
    ],
  }),
  timeseries({
    id: 12,
    title: 'Memory',
    description: 'Working set of each container, and what it asked for and may have at most (dashed). At its limit a container is killed.',
    unit: BytesIEC,
    width: 8,
    height: 7,
    bounds: '/ (requested|limit)$/',
    queries: [
      overTime(perContainer(`container_memory_working_set_bytes{${CONTAINERS}}`), '{{pod}} {{container}}'),
      overTime(
        perContainer(`kube_pod_container_resource_requests{${POD_CONTAINERS},resource="memory"}`),
        '{{pod}} {{container}} requested',
      ),
      overTime(perContainer(`kube_pod_container_resource_limits{${POD_CONTAINERS},resource="memory"}`), '{{pod}} {{container}} limit'),
    ],
  }),
  logVolume({
    id: 13,
    title: 'Log lines',
    description: 'Lines of the chosen pods that pass the filter; red are those that speak of an error, exception, panic or fatal end.',
    unit: Short,
    width: 8,
    height: 7,
    colors: { 'of errors': 'red', others: 'green' },
    queries: [
      logLines(`sum(count_over_time(${LOGS} |~ ${FAILURES} [$__auto]))`, 'of errors'),
      logLines(`sum(count_over_time(${LOGS} !~ ${FAILURES} [$__auto]))`, 'others'),
    ],
  }),
  logs({
    id: 14,
    title: 'Logs of $pod',
    description:
      'The newest lines of the chosen pods and containers that pass the filter, for the time chosen; of several pods after the name of each.',
    width: 24,
    height: 14,
    queries: [newestLines(`${LOGS} ${NAMED}`)],
  }),
]

const SELECTED = 'cluster="$cluster",namespace="$namespace"'

export const podBoard = board({
  uid: POD_BOARD,
  title: 'Clymene / Pod',
  description: 'A pod of one cluster: its state, what it uses of what it asked for, and its logs, on one screen.',
  variables: [
    ...dataSources(),
    labelVariable({
      name: 'cluster',
      title: 'Cluster',
      description: 'Clusters with kube-state-metrics: the label `cluster` that each agent sets',
      series: 'kube_pod_info',
    }),
    labelVariable({
      name: 'namespace',
      title: 'Namespace',
      description: 'Namespaces of the cluster that have pods',
      series: 'kube_pod_info{cluster="$cluster"}',
    }),
    labelVariable({
      name: 'workload',
      title: 'Workload',
      description:
        'What makes pods: Deployments, StatefulSets, DaemonSets, Jobs. It narrows the pods; those that nobody made are among All only',
      series: `kube_pod_owner{${SELECTED}}`,
      label: 'owner_name',
      regex: `/^(.+?)(?:${HASH})?$/`,
      choice: 'any',
    }),
    labelVariable({
      name: 'pod',
      title: 'Pod',
      description: 'Pods of the workload; several may be compared',
      series: `kube_pod_owner{${SELECTED},owner_name=~"$workload(${HASH})?"}`,
      choice: 'many',
    }),
    labelVariable({
      name: 'container',
      title: 'Container',
      description: 'Containers of the chosen pods',
      series: `kube_pod_container_info{${SELECTED},pod=~"$pod"}`,
      choice: 'all',
    }),
    logFilter(),
  ],
  first: [...state, ...resourcesAndLogs],
  rows: [podEndsRow, ...podRows, namespaceRow],
  annotations: podAnnotations,
})
