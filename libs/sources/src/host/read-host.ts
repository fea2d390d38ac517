import { access } from 'node:fs/promises'
import { join } from 'node:path'

import { errorMessage } from '@clymene/model'

import { cpu } from './cpu.ts'
import { diskstats } from './diskstats.ts'
import type { Collector, Family, HostRoot } from './family.ts'
import { filefd } from './filefd.ts'
import { createFilesystem } from './filesystem.ts'
import { loadavg } from './loadavg.ts'
import { meminfo } from './meminfo.ts'
import { netclass } from './netclass.ts'
import { netdev } from './netdev.ts'
import { netstat } from './netstat.ts'
import { PORTABLE_COLLECTORS } from './portable.ts'
import { pressure } from './pressure.ts'
import { stat } from './stat.ts'
import { time } from './time.ts'
import { uname } from './uname.ts'
import { vmstat } from './vmstat.ts'

export type HostReading = {
  readonly families: readonly Family[]
  /** Collectors that failed, and why. */
  readonly failures: ReadonlyMap<string, string>
}

export const LINUX_ROOT: HostRoot = { proc: '/proc', sys: '/sys', rootfs: '/' }

/** The collectors for this system: node-exporter's where there is a /proc, else what Node knows. */
export async function hostCollectors(root: HostRoot): Promise<readonly Collector[]> {
  const linux = await access(join(root.proc, 'stat')).then(
    () => true,
    () => false,
  )
  if (!linux) return [...PORTABLE_COLLECTORS, time]
  const filesystem = createFilesystem()
  return [cpu, diskstats, filefd, filesystem, loadavg, meminfo, netclass, netdev, netstat, pressure, stat, time, uname, vmstat]
}

/** Reads the machine once. A collector that fails is told by node_scrape_collector_success and hurts no other. */
export async function readHost(collectors: readonly Collector[], root: HostRoot): Promise<HostReading> {
  const families: Family[] = []
  const failures = new Map<string, string>()
  const seconds: [collector: string, seconds: number][] = []
  for (const { name, collect } of collectors) {
    const start = performance.now()
    try {
      families.push(...(await collect(root)))
    } catch (error) {
      failures.set(name, errorMessage(error))
    }
    seconds.push([name, (performance.now() - start) / 1000])
  }
  const family = (name: string, help: string, value: (collector: string, seconds: number) => number): Family => ({
    name: `node_scrape_collector_${name}`,
    type: 'gauge',
    help,
    samples: seconds.map(([collector, taken]) => ({ labels: [['collector', collector]], value: value(collector, taken) })),
  })
  families.push(
    family('duration_seconds', 'Duration of a collector scrape.', (_, taken) => taken),
    family('success', 'Whether a collector succeeded.', (collector) => (failures.has(collector) ? 0 : 1)),
  )
  return { families, failures }
}
