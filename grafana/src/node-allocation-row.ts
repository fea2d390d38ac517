import { PercentUnit, Short } from '@grafana/grafana-foundation-sdk/units'

import type { Annotation } from './annotations.ts'
import { NODE_BOARD, type Row, linkTo } from './board.ts'
import { NODE } from './node-selectors.ts'
import { table } from './tables.ts'

/** Events of the cluster; which of them are about the node stands in their structured metadata. */
export const OF_NODE = 'cluster="$cluster",job="kubernetes-events"'
/** About the node itself, or told by its kubelet. */
export const ABOUT_NODE = '| name="$node" or source_host="$node" or reporting_instance="$node"'

const perNode = (series: string): string => `max by (node) (${series})`
const allocatable = (resource: string): string => perNode(`kube_node_status_allocatable{cluster="$cluster",resource="${resource}"}`)
const whileRunning =
  '* on (namespace, pod) group_left () max by (namespace, pod) (kube_pod_status_phase{cluster="$cluster",phase=~"Pending|Running"})'
const share = (what: 'requests' | 'limits', resource: string): string =>
  `sum by (node) (max by (node, namespace, pod, container) (kube_pod_container_resource_${what}{cluster="$cluster",resource="${resource}"})` +
  ` ${whileRunning}) / ${allocatable(resource)}`

/** What the nodes have promised, side by side: where the next pod finds a place, and which node is promised too much. */
export const allocationRow: Row = {
  id: 80,
  title: 'All nodes of the cluster',
  panels: [
    table({
      id: 81,
      title: 'Allocated on each node',
      description:
        'What pods that have not ended asked for and may use at most, of what each node allocates. At 100 % requested no further pod is placed there; limits above 100 % mean that not all can have theirs at once. A click shows the node.',
      width: 24,
      height: 9,
      labels: ['node'],
      sortBy: 'CPU requested',
      links: { node: { title: 'This node', url: linkTo(NODE_BOARD, { node: '${__data.fields.node}' }) } },
      columns: [
        { name: 'CPU cores', unit: Short, expression: allocatable('cpu') },
        { name: 'CPU requested', unit: PercentUnit, warnings: [0.85, 0.97], expression: share('requests', 'cpu') },
        { name: 'CPU limits', unit: PercentUnit, expression: share('limits', 'cpu') },
        { name: 'Memory', unit: 'bytes', expression: allocatable('memory') },
        { name: 'Memory requested', unit: PercentUnit, warnings: [0.85, 0.97], expression: share('requests', 'memory') },
        { name: 'Memory limits', unit: PercentUnit, expression: share('limits', 'memory') },
        {
          name: 'Pods',
          unit: Short,
          expression: `count by (node) (max by (node, namespace, pod) (kube_pod_info{cluster="$cluster"}) ${whileRunning})`,
        },
        { name: 'Pods at most', unit: Short, expression: allocatable('pods') },
      ],
    }),
  ],
}

export const nodeAnnotations: readonly Annotation[] = [
  {
    name: 'Killed for want of memory',
    color: 'red',
    expression: `max(increase(node_vmstat_oom_kill{${NODE}}[$__rate_interval])) > 0`,
    text: 'The kernel killed processes',
    tags: [],
    shown: true,
  },
  {
    name: 'Started',
    color: 'purple',
    expression: `max(changes(node_boot_time_seconds{${NODE}}[$__rate_interval])) > 0`,
    text: 'The node was started',
    tags: [],
    shown: true,
  },
  {
    name: 'Warning events',
    source: 'loki',
    color: 'yellow',
    expression: `{${OF_NODE},type="Warning"} ${ABOUT_NODE}`,
    tags: ['reason', 'namespace'],
  },
]
