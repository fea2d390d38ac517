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
import { DISKS, FILE_SYSTEMS, NICS, NODE, usedShare } from './node-selectors.ts'
import { type TimeseriesPanel, timeseries } from './panels.ts'
import { overTime } from './queries.ts'

const per = (series: string): string => `rate(${series}[$__rate_interval])`
const cores = `count(count by (cpu) (node_cpu_seconds_total{${NODE}}))`

/** Three stand side by side. */
export const third = (panel: Omit<TimeseriesPanel, 'width' | 'height'>) => timeseries({ ...panel, width: 8, height: 7 })

/**
 * Of each resource how much of it is used, how much more is asked of it than it gives, and what fails.
 * Brendan Gregg, "The USE Method".
 */
export const useRows: readonly Row[] = [
  {
    id: 10,
    title: 'CPU',
    panels: [
      third({
        id: 11,
        title: 'CPU by mode',
        description:
          'Share of all cores that is busy, by what it is busy with. High iowait means waiting for a disk, high system often many small calls.',
        unit: PercentUnit,
        shape: 'areas',
        max: 1,
        queries: [overTime(`avg by (mode) (${per(`node_cpu_seconds_total{${NODE},mode!="idle"}`)})`, '{{mode}}')],
      }),
      third({
        id: 12,
        title: 'CPU wanted beyond what there is',
        description:
          'Load per core: above 100 % processes wait. Pressure: share of the time in which at least one process waited for a core.',
        unit: PercentUnit,
        queries: [
          overTime(`max(node_load1{${NODE}}) / ${cores}`, 'load per core, 1 min'),
          overTime(`max(node_load15{${NODE}}) / ${cores}`, 'load per core, 15 min'),
          overTime(`max(${per(`node_pressure_cpu_waiting_seconds_total{${NODE}}`)})`, 'pressure'),
        ],
      }),
      third({
        id: 13,
        title: 'CPU stolen, processes blocked',
        description:
          'Stolen: share of the time in which the hypervisor ran somebody else. Blocked: processes that wait for a disk or file server, per core.',
        unit: PercentUnit,
        queries: [
          overTime(`avg(${per(`node_cpu_seconds_total{${NODE},mode="steal"}`)})`, 'stolen'),
          overTime(`max(node_procs_blocked{${NODE}}) / ${cores}`, 'blocked per core'),
        ],
      }),
    ],
  },
  {
    id: 20,
    title: 'Memory',
    panels: [
      third({
        id: 21,
        title: 'Memory',
        description: 'What the memory is used for. Cache and buffers are given back when a process needs them.',
        unit: BytesIEC,
        shape: 'areas',
        queries: [
          overTime(
            `max(node_memory_MemTotal_bytes{${NODE}} - node_memory_MemFree_bytes{${NODE}} - node_memory_Buffers_bytes{${NODE}}` +
              ` - node_memory_Cached_bytes{${NODE}} - node_memory_SReclaimable_bytes{${NODE}})`,
            'used',
          ),
          overTime(
            `max(node_memory_Buffers_bytes{${NODE}} + node_memory_Cached_bytes{${NODE}} + node_memory_SReclaimable_bytes{${NODE}})`,
            'cache and buffers',
          ),
          overTime(`max(node_memory_MemFree_bytes{${NODE}})`, 'free'),
        ],
      }),
      third({
        id: 22,
        title: 'Memory pressure',
        description: 'Share of the time in which some, or all, processes waited for memory. Anything but zero slows pods down.',
        unit: PercentUnit,
        queries: [
          overTime(`max(${per(`node_pressure_memory_waiting_seconds_total{${NODE}}`)})`, 'some waited'),
          overTime(`max(${per(`node_pressure_memory_stalled_seconds_total{${NODE}}`)})`, 'all waited'),
        ],
      }),
      third({
        id: 23,
        title: 'Major page faults, swap, out-of-memory kills',
        description: 'Per second: pages that had to be read from disk, pages swapped in and out, and processes killed for want of memory.',
        unit: CountsPerSecond,
        queries: [
          overTime(`max(${per(`node_vmstat_pgmajfault{${NODE}}`)})`, 'major faults'),
          overTime(`max(${per(`node_vmstat_pswpin{${NODE}}`)} + ${per(`node_vmstat_pswpout{${NODE}}`)})`, 'pages swapped'),
          overTime(`max(${per(`node_vmstat_oom_kill{${NODE}}`)})`, 'kills'),
        ],
      }),
    ],
  },
  {
    id: 30,
    title: 'Disks and file systems',
    panels: [
      third({
        id: 31,
        title: 'Disks busy',
        description:
          'Share of the time in which the disk had something to do. A single spinning disk at 100 % can do no more; SSDs and arrays can.',
        unit: PercentUnit,
        max: 1,
        queries: [overTime(`max by (device) (${per(`node_disk_io_time_seconds_total{${DISKS}}`)})`, '{{device}}')],
      }),
      third({
        id: 32,
        title: 'Disk requests waiting',
        description: 'Mean number of requests in the queue of each disk. Many of them for long: it is slower than what is asked of it.',
        unit: Short,
        queries: [overTime(`max by (device) (${per(`node_disk_io_time_weighted_seconds_total{${DISKS}}`)})`, '{{device}}')],
      }),
      third({
        id: 33,
        title: 'File systems with an error',
        description:
          'Those that turned read-only within the time shown, as after a disk error, and those that cannot be read: both should be zero. Image-based systems (COS, Flatcar, Bottlerocket) have some that are read-only all the time.',
        unit: Short,
        queries: [
          overTime(
            `sum(max by (device) (node_filesystem_readonly{${FILE_SYSTEMS}} - min_over_time(node_filesystem_readonly{${FILE_SYSTEMS}}[$__range])))`,
            'turned read-only',
          ),
          overTime(`sum(max by (device) (node_filesystem_device_error{${FILE_SYSTEMS}}))`, 'not readable'),
          overTime(`sum(min by (device) (min_over_time(node_filesystem_readonly{${FILE_SYSTEMS}}[$__range])))`, 'read-only all the time'),
        ],
      }),
      third({
        id: 34,
        title: 'Disk traffic',
        description: 'Bytes read from and written to each disk.',
        unit: BytesPerSecondIEC,
        queries: [
          overTime(`max by (device) (${per(`node_disk_read_bytes_total{${DISKS}}`)})`, '{{device}} read'),
          overTime(`max by (device) (${per(`node_disk_written_bytes_total{${DISKS}}`)})`, '{{device}} written'),
        ],
      }),
      third({
        id: 35,
        title: 'File systems used',
        description: 'Used share of the space of each file system that can be written to.',
        unit: PercentUnit,
        max: 1,
        queries: [overTime(`max by (device) (${usedShare('avail_bytes', 'size_bytes')})`, '{{device}}')],
      }),
      third({
        id: 36,
        title: 'File systems: inodes used',
        description: 'Used share of the inodes of each that can be written to: many small files fill a file system that still has space.',
        unit: PercentUnit,
        max: 1,
        queries: [overTime(`max by (device) (${usedShare('files_free', 'files')})`, '{{device}}')],
      }),
    ],
  },
  {
    id: 40,
    title: 'Network',
    panels: [
      third({
        id: 41,
        title: 'Network traffic',
        description: 'Bits received and sent by each interface of the node, without those of containers.',
        unit: BitsPerSecondSI,
        queries: [
          overTime(`max by (device) (${per(`node_network_receive_bytes_total{${NICS}}`)}) * 8`, '{{device}} received'),
          overTime(`max by (device) (${per(`node_network_transmit_bytes_total{${NICS}}`)}) * 8`, '{{device}} sent'),
        ],
      }),
      third({
        id: 42,
        title: 'Packets dropped',
        description: 'Packets that found no room, per second, received or sent. It should be near zero.',
        unit: PacketsPerSecond,
        queries: [
          overTime(`max by (device) (${per(`node_network_receive_drop_total{${NICS}}`)})`, '{{device}} received'),
          overTime(`max by (device) (${per(`node_network_transmit_drop_total{${NICS}}`)})`, '{{device}} sent'),
        ],
      }),
      third({
        id: 43,
        title: 'Network errors',
        description: 'Broken packets of each interface and TCP segments sent again, per second. A few repeats are normal.',
        unit: PacketsPerSecond,
        queries: [
          overTime(`max by (device) (${per(`node_network_receive_errs_total{${NICS}}`)})`, '{{device}} received'),
          overTime(`max by (device) (${per(`node_network_transmit_errs_total{${NICS}}`)})`, '{{device}} sent'),
          overTime(`max(${per(`node_netstat_Tcp_RetransSegs{${NODE}}`)})`, 'TCP sent again'),
        ],
      }),
    ],
  },
]
