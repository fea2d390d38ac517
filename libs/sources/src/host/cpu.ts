import { join } from 'node:path'

import type { Collector, Family, FamilySample } from './family.ts'
import { linesOf, numberIn, readText, wordsOf } from './proc-file.ts'

/** USER_HZ: what the kernel counts /proc/stat in on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100
const MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const
const GUEST_MODES = ['user', 'nice'] as const

/** The `cpu<N>` lines of /proc/stat. @see proc_stat(5) */
export function parseCpu(stat: string): Family[] {
  const times: FamilySample[] = []
  const guests: FamilySample[] = []
  for (const line of linesOf(stat)) {
    const match = /^cpu(\d+)\s+(.*)$/.exec(line)
    if (match === null) continue
    const [, cpu = '', rest = ''] = match
    const ticks = wordsOf(rest)
    const seconds = (index: number): number => numberIn(ticks[index] ?? '0', `/proc/stat cpu${cpu}`) / TICKS_PER_SECOND
    MODES.forEach((mode, index) =>
      times.push({
        labels: [
          ['cpu', cpu],
          ['mode', mode],
        ],
        value: seconds(index),
      }),
    )
    GUEST_MODES.forEach((mode, index) =>
      guests.push({
        labels: [
          ['cpu', cpu],
          ['mode', mode],
        ],
        value: seconds(MODES.length + index),
      }),
    )
  }
  return [
    { name: 'node_cpu_seconds_total', type: 'counter', help: 'Seconds the CPUs spent in each mode.', samples: times },
    {
      name: 'node_cpu_guest_seconds_total',
      type: 'counter',
      help: 'Seconds the CPUs spent in guests (VMs) for each mode.',
      samples: guests,
    },
  ]
}

export const cpu: Collector = { name: 'cpu', collect: async ({ proc }) => parseCpu(await readText(join(proc, 'stat'))) }
