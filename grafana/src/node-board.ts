import { BytesIEC, NoUnit, PercentUnit, Seconds, Short } from '@grafana/grafana-foundation-sdk/units'

import { NODE_BOARD, board, podOfRow } from './board.ts'
import { ABOUT_NODE, allocationRow, nodeAnnotations, OF_NODE } from './node-allocation-row.ts'
import { kernelRow } from './node-kernel-row.ts'
import { CONTAINERS, KUBE_NODE, NODE, usedShare } from './node-selectors.ts'
import { useRows } from './node-use-rows.ts'
import { logVolume, logs, stat } from './panels.ts'
import { logLines, newestLines, now } from './queries.ts'
import { table } from './tables.ts'
import { dataSources, labelVariable, logFilter } from './variables.ts'
import { warningsTable } from './warnings-table.ts'

const LOGS = '{cluster="$cluster",node_name="$node"} |~ `(?i)${filter:raw}`'

const CPU_USED = `1 - avg(rate(node_cpu_seconds_total{${NODE},mode="idle"}[$__rate_interval]))`
const MEMORY_USED = `1 - max(node_memory_MemAvailable_bytes{${NODE}}) / max(node_memory_MemTotal_bytes{${NODE}})`

const glance = [
  stat({
    id: 1,
    title: 'CPU',
    description: 'Share of all cores that is busy. Above 90 % for long, pods wait for each other.',
    unit: PercentUnit,
    width: 3,
    height: 4,
    warnings: [0.8, 0.95],
    queries: [now(CPU_USED)],
  }),
  stat({
    id: 2,
    title: 'Memory',
    description: 'Share that the kernel could not give to a new process. Near 100 % the kubelet evicts pods.',
    unit: PercentUnit,
    width: 3,
    height: 4,
    warnings: [0.8, 0.92],
    queries: [now(MEMORY_USED)],
  }),
  stat({
    id: 3,
    title: 'Fullest file system',
    description:
      'Used share of the file system with the least room, of those that can be written to. From about 85 % on the kubelet removes images and evicts pods.',
    unit: PercentUnit,
    width: 3,
    height: 4,
    warnings: [0.75, 0.85],
    queries: [now(`max(${usedShare('avail_bytes', 'size_bytes')})`)],
  }),
  stat({
    id: 4,
    title: 'Load per core',
    description: 'Processes that run or wait, mean of 5 minutes, for each core. Above 1 some wait.',
    unit: Short,
    width: 3,
    height: 4,
    warnings: [1, 2],
    queries: [now(`max(node_load5{${NODE}}) / count(count by (cpu) (node_cpu_seconds_total{${NODE}}))`)],
  }),
  stat({
    id: 5,
    title: 'Node is',
    description: 'The condition Ready that the kubelet reports, as kube-state-metrics tells it.',
    unit: NoUnit,
    width: 3,
    height: 4,
    words: { 1: { text: 'Ready', color: 'green' }, 0: { text: 'Not ready', color: 'red' } },
    queries: [now(`max(kube_node_status_condition{${KUBE_NODE},condition="Ready",status="true"})`)],
  }),
  stat({
    id: 6,
    title: 'Under pressure',
    description: 'How many of the conditions MemoryPressure, DiskPressure and PIDPressure hold. With any of them pods are evicted.',
    unit: Short,
    width: 3,
    height: 4,
    warnings: [1, 1],
    queries: [
      now(
        `sum(max by (condition) (kube_node_status_condition{${KUBE_NODE},condition=~"MemoryPressure|DiskPressure|PIDPressure",status="true"}))`,
      ),
    ],
  }),
  stat({
    id: 7,
    title: 'Pods',
    description: 'Pods that the kubelet runs on this node.',
    unit: Short,
    width: 3,
    height: 4,
    queries: [now(`max(kubelet_running_pods{${NODE}})`)],
  }),
  stat({
    id: 8,
    title: 'Up for',
    description: 'Time since the node was started.',
    unit: Seconds,
    width: 3,
    height: 4,
    queries: [now(`time() - max(node_boot_time_seconds{${NODE}})`)],
  }),
]

/** Of the pods that kube-state-metrics sees on this node; its other series do not name the node. */
const onThisNode = `* on (namespace, pod) group_left () max by (namespace, pod) (kube_pod_info{${KUBE_NODE}})`
/** Not of pods that have ended: their requests are listed until they are deleted, but hold nothing. */
const whileRunning =
  '* on (namespace, pod) group_left () max by (namespace, pod) (kube_pod_status_phase{cluster="$cluster",phase=~"Pending|Running"})'
/** Once, also where two jobs scrape one exporter, or cAdvisor still lists a container that was replaced. */
const perContainer = (series: string): string => `max by (namespace, pod, container) (${series})`
const perPod = (series: string, but = ''): string => `sum by (namespace, pod) (${perContainer(series)}${but})`

const allocated = (what: 'requests' | 'limits', resource: string): string =>
  `sum(${perContainer(`kube_pod_container_resource_${what}{${KUBE_NODE},resource="${resource}"}`)} ${whileRunning})` +
  ` / max(kube_node_status_allocatable{${KUBE_NODE},resource="${resource}"})`
const placed =
  `count(max by (namespace, pod) (kube_pod_info{${KUBE_NODE}}) ${whileRunning})` +
  ` / max(kube_node_status_allocatable{${KUBE_NODE},resource="pods"})`

const pods = {
  id: 50,
  title: 'Pods on this node',
  panels: [
    table({
      id: 51,
      title: 'Pods',
      description: 'What each pod of this node uses and asked for. A click on a pod shows its resources and its logs.',
      width: 20,
      height: 9,
      labels: ['namespace', 'pod'],
      sortBy: 'Memory',
      links: {
        pod: podOfRow(),
      },
      columns: [
        {
          name: 'CPU cores',
          unit: Short,
          expression: perPod(`rate(container_cpu_usage_seconds_total{${CONTAINERS}}[$__rate_interval])`),
        },
        {
          name: 'CPU requested',
          unit: Short,
          expression: perPod(`kube_pod_container_resource_requests{${KUBE_NODE},resource="cpu"}`),
        },
        { name: 'Memory', unit: BytesIEC, expression: perPod(`container_memory_working_set_bytes{${CONTAINERS}}`) },
        {
          name: 'Memory limit',
          unit: BytesIEC,
          expression: perPod(`kube_pod_container_resource_limits{${KUBE_NODE},resource="memory"}`),
        },
        {
          name: 'Restarts',
          unit: Short,
          expression: perPod('kube_pod_container_status_restarts_total{cluster="$cluster"}', ` ${onThisNode}`),
        },
      ],
    }),
    stat({
      id: 52,
      title: 'Requested of what the node can give',
      description:
        'What the pods here that have not ended asked for, may use at most, and how many they are, as a share of what the node allocates. At 100 % requested, or of pods, no further pod is placed here; limits may add up to more.',
      unit: PercentUnit,
      width: 4,
      height: 9,
      queries: [
        now(allocated('requests', 'cpu'), 'CPU requested'),
        now(allocated('requests', 'memory'), 'Memory requested'),
        now(allocated('limits', 'cpu'), 'CPU limits'),
        now(allocated('limits', 'memory'), 'Memory limits'),
        now(placed, 'Pods'),
      ],
    }),
  ],
}

const nodeLogs = {
  id: 60,
  title: 'Logs and events of this node',
  panels: [
    logVolume({
      id: 61,
      title: 'Log lines by namespace',
      description: 'Lines of all pods of this node that pass the filter. A burst or a silence is often the first sign.',
      unit: Short,
      width: 24,
      height: 5,
      queries: [logLines(`sum by (namespace) (count_over_time(${LOGS} [$__auto]))`, '{{namespace}}')],
    }),
    logs({
      id: 62,
      title: 'Logs',
      description:
        'The newest lines of all pods of this node that pass the filter, after the name of each pod, for the time chosen: 15 minutes unless changed.',
      width: 24,
      height: 14,
      queries: [newestLines(`${LOGS} | line_format "{{.namespace}}/{{.pod}} {{__line__}}"`)],
    }),
    warningsTable({
      id: 63,
      title: 'Warning events of the last 5 minutes',
      description: 'What Kubernetes warns of about this node and, as its kubelet tells, about its pods. Empty when all is well.',
      width: 12,
      height: 9,
      of: OF_NODE,
      filter: ABOUT_NODE,
    }),
    logs({
      id: 64,
      title: 'Events of this node',
      description: 'The newest events about this node and, as its kubelet tells, about its pods, with their messages.',
      width: 12,
      height: 9,
      queries: [newestLines(`{${OF_NODE}} ${ABOUT_NODE}`)],
    }),
  ],
}

export const nodeBoard = board({
  uid: NODE_BOARD,
  title: 'Clymene / Node',
  description: 'One node of one cluster: use, saturation and errors of its CPU, memory, disks and network, its pods, and their logs.',
  variables: [
    ...dataSources(),
    labelVariable({
      name: 'cluster',
      title: 'Cluster',
      description: 'Clusters with a node-exporter: the label `cluster` that each agent sets',
      series: 'node_uname_info',
    }),
    labelVariable({
      name: 'node',
      title: 'Node',
      description: 'Nodes of the cluster: the label `instance` of its node-exporters',
      series: 'node_uname_info{cluster="$cluster"}',
      label: 'instance',
    }),
    logFilter(),
  ],
  first: glance,
  rows: [pods, ...useRows, nodeLogs, allocationRow, kernelRow],
  annotations: nodeAnnotations,
})
