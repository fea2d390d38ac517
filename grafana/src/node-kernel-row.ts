import { OpsPerSecond, PercentUnit, Seconds } from '@grafana/grafana-foundation-sdk/units'

import type { Row } from './board.ts'
import { NODE } from './node-selectors.ts'
import { third } from './node-use-rows.ts'
import { overTime } from './queries.ts'

const per = (series: string): string => `rate(${series}[$__rate_interval])`

/** What is looked at seldom. */
export const kernelRow: Row = {
  id: 70,
  title: 'Kernel',
  collapsed: true,
  panels: [
    third({
      id: 71,
      title: 'Context switches and new processes',
      description: 'Switches from one process to another, interrupts, and processes started, per second.',
      unit: OpsPerSecond,
      queries: [
        overTime(`max(${per(`node_context_switches_total{${NODE}}`)})`, 'switches'),
        overTime(`max(${per(`node_intr_total{${NODE}}`)})`, 'interrupts'),
        overTime(`max(${per(`node_forks_total{${NODE}}`)})`, 'new processes'),
      ],
    }),
    third({
      id: 72,
      title: 'Files and connections, of what there may be',
      description: 'Open files and tracked connections as a share of the kernel’s limits: at 100 % opening or connecting fails.',
      unit: PercentUnit,
      queries: [
        overTime(`max(node_filefd_allocated{${NODE}} / node_filefd_maximum{${NODE}})`, 'open files'),
        overTime(`max(node_nf_conntrack_entries{${NODE}} / node_nf_conntrack_entries_limit{${NODE}})`, 'connections tracked'),
      ],
    }),
    third({
      id: 73,
      title: 'Clock',
      description: 'Greatest error that the kernel assumes of its clock. Samples and lines of a wrong clock stand at the wrong time.',
      unit: Seconds,
      queries: [overTime(`max(node_timex_maxerror_seconds{${NODE}})`, 'greatest error')],
    }),
  ],
}
