import {
  BitsPerSecondSI,
  BytesIEC,
  BytesPerSecondIEC,
  CountsPerSecond,
  PacketsPerSecond,
  PercentUnit,
  Short,
} from '@grafana/grafana-foundation-sdk/units'

import type { Row } from './board.ts'
import { type TimeseriesPanel, timeseries } from './panels.ts'
import { CONTAINERS, POD, POD_CONTAINERS, perContainer } from './pod-selectors.ts'
import { overTime } from './queries.ts'

const third = (panel: Omit<TimeseriesPanel, 'width' | 'height'>) => timeseries({ ...panel, width: 8, height: 7 })
const per = (series: string): string => `rate(${series}[$__rate_interval])`

/** Only of the claims of the chosen pods, of which several may share one; the kubelet names the claim, not the pod. */
const CLAIMS =
  `* on (namespace, persistentvolumeclaim) group_right ()` +
  ` max by (namespace, persistentvolumeclaim, pod) (kube_pod_spec_volumes_persistentvolumeclaims_info{${POD}})`
/** Of each container once. */
const perDisk = (series: string): string => `sum by (pod) (max by (pod, container, device) (${series}))`
/** The containers of a pod share its interfaces. */
const perInterface = (series: string): string => `sum by (pod) (max by (pod, interface) (${series}))`
const CLAIMED = 'cluster="$cluster",namespace="$namespace"'

/** Below the first screen. */
export const podRows: readonly Row[] = [
  {
    id: 20,
    title: 'Restarts and limits',
    panels: [
      third({
        id: 21,
        title: 'Containers started again',
        description:
          'Restarts in the window before each point, a minute or more. Several in a row: look at the reason above and at the last lines before each.',
        unit: Short,
        shape: 'bars',
        queries: [
          overTime(
            perContainer(`increase(kube_pod_container_status_restarts_total{${POD_CONTAINERS}}[$__rate_interval])`),
            '{{pod}} {{container}}',
          ),
        ],
      }),
      third({
        id: 22,
        title: 'CPU throttled',
        description: 'Share of the scheduler’s periods in which a container had used up its CPU limit. Above 25 % answers become slow.',
        unit: PercentUnit,
        max: 1,
        queries: [
          overTime(
            `sum by (pod, container) (${per(`container_cpu_cfs_throttled_periods_total{${CONTAINERS}}`)})` +
              ` / sum by (pod, container) (${per(`container_cpu_cfs_periods_total{${CONTAINERS}}`)})`,
            '{{pod}} {{container}}',
          ),
        ],
      }),
      third({
        id: 23,
        title: 'Killed for want of memory',
        description: 'Processes of the container that the kernel killed at the memory limit, in the window before each point.',
        unit: Short,
        shape: 'bars',
        queries: [overTime(perContainer(`increase(container_oom_events_total{${CONTAINERS}}[$__rate_interval])`), '{{pod}} {{container}}')],
      }),
      third({
        id: 24,
        title: 'Containers that wait',
        description: 'Containers that do not run yet, and why: CrashLoopBackOff, ImagePullBackOff, ContainerCreating.',
        unit: Short,
        queries: [
          overTime(
            `max by (pod, container, reason) (kube_pod_container_status_waiting_reason{${POD_CONTAINERS}})`,
            '{{pod}} {{container}} {{reason}}',
          ),
        ],
      }),
      third({
        id: 25,
        title: 'Memory by kind',
        description:
          'What the containers themselves hold (rss) and the files that the kernel keeps in memory for them (cache), which it gives back.',
        unit: BytesIEC,
        queries: [
          overTime(`sum by (pod) (${perContainer(`container_memory_rss{${CONTAINERS}}`)})`, '{{pod}} rss'),
          overTime(`sum by (pod) (${perContainer(`container_memory_cache{${CONTAINERS}}`)})`, '{{pod}} cache'),
        ],
      }),
      third({
        id: 26,
        title: 'Threads',
        description: 'Threads of each container. A number that only grows is a leak.',
        unit: Short,
        queries: [overTime(perContainer(`container_threads{${CONTAINERS}}`), '{{pod}} {{container}}')],
      }),
    ],
  },
  {
    id: 30,
    title: 'Network',
    panels: [
      third({
        id: 31,
        title: 'Network traffic',
        description: 'Bits that the pod receives and sends; its containers share one network.',
        unit: BitsPerSecondSI,
        queries: [
          overTime(`${perInterface(per(`container_network_receive_bytes_total{${POD}}`))} * 8`, '{{pod}} received'),
          overTime(`${perInterface(per(`container_network_transmit_bytes_total{${POD}}`))} * 8`, '{{pod}} sent'),
        ],
      }),
      third({
        id: 32,
        title: 'Packets dropped',
        description: 'Packets that found no room, per second. It should be near zero.',
        unit: PacketsPerSecond,
        queries: [
          overTime(perInterface(per(`container_network_receive_packets_dropped_total{${POD}}`)), '{{pod}} received'),
          overTime(perInterface(per(`container_network_transmit_packets_dropped_total{${POD}}`)), '{{pod}} sent'),
        ],
      }),
      third({
        id: 33,
        title: 'Network errors',
        description: 'Broken packets, per second. It should be zero.',
        unit: PacketsPerSecond,
        queries: [
          overTime(perInterface(per(`container_network_receive_errors_total{${POD}}`)), '{{pod}} received'),
          overTime(perInterface(per(`container_network_transmit_errors_total{${POD}}`)), '{{pod}} sent'),
        ],
      }),
    ],
  },
  {
    id: 40,
    title: 'Storage',
    panels: [
      third({
        id: 41,
        title: 'Disk traffic',
        description: 'Bytes that the containers read from and write to disks; what the page cache answers is not in it.',
        unit: BytesPerSecondIEC,
        queries: [
          overTime(perDisk(per(`container_fs_reads_bytes_total{${CONTAINERS}}`)), '{{pod}} read'),
          overTime(perDisk(per(`container_fs_writes_bytes_total{${CONTAINERS}}`)), '{{pod}} written'),
        ],
      }),
      third({
        id: 42,
        title: 'Disk requests',
        description: 'Reads and writes of the containers per second.',
        unit: CountsPerSecond,
        queries: [
          overTime(perDisk(per(`container_fs_reads_total{${CONTAINERS}}`)), '{{pod}} reads'),
          overTime(perDisk(per(`container_fs_writes_total{${CONTAINERS}}`)), '{{pod}} writes'),
        ],
      }),
      third({
        id: 43,
        title: 'Volumes used',
        description: 'Used share of the volumes that the pod claims. Empty: it claims none, or the volume plug-in does not tell.',
        unit: PercentUnit,
        max: 1,
        queries: [
          overTime(
            `max by (namespace, persistentvolumeclaim) (kubelet_volume_stats_used_bytes{${CLAIMED}}` +
              ` / kubelet_volume_stats_capacity_bytes{${CLAIMED}}) ${CLAIMS}`,
            '{{pod}} {{persistentvolumeclaim}}',
          ),
        ],
      }),
    ],
  },
]
