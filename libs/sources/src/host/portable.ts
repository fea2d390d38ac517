import { cpus, freemem, hostname, loadavg, machine, release, totalmem, type, uptime, version } from 'node:os'

import { type Collector, type Family, single } from './family.ts'
import { unameFamily } from './uname.ts'

/** Where there is no /proc: what Node itself knows of the machine, under the same names. */
export const PORTABLE_COLLECTORS: readonly Collector[] = [
  { name: 'cpu', collect: () => Promise.resolve([cpuFamily()]) },
  { name: 'meminfo', collect: () => Promise.resolve(memoryFamilies()) },
  { name: 'loadavg', collect: () => Promise.resolve(loadFamilies()) },
  {
    name: 'stat',
    collect: () =>
      Promise.resolve([
        single('gauge', 'node_boot_time_seconds', 'Node boot time, in unixtime.', Math.round(Date.now() / 1000 - uptime())),
      ]),
  },
  {
    name: 'uname',
    collect: () =>
      Promise.resolve([
        unameFamily({ domainname: '', machine: machine(), nodename: hostname(), release: release(), sysname: type(), version: version() }),
      ]),
  },
]

const cpuFamily = (): Family => ({
  name: 'node_cpu_seconds_total',
  type: 'counter',
  help: 'Seconds the CPUs spent in each mode.',
  samples: cpus().flatMap(({ times }, index) =>
    (
      [
        ['user', times.user],
        ['nice', times.nice],
        ['system', times.sys],
        ['idle', times.idle],
      ] as const
    ).map(([mode, milliseconds]) => ({
      labels: [
        ['cpu', String(index)],
        ['mode', mode],
      ] as const,
      value: milliseconds / 1000,
    })),
  ),
})

const memoryFamilies = (): Family[] =>
  (
    [
      ['MemTotal_bytes', totalmem()],
      ['MemFree_bytes', freemem()],
      ['MemAvailable_bytes', freemem()],
    ] as const
  ).map(([name, value]) => single('gauge', `node_memory_${name}`, `Memory information field ${name}.`, value))

const loadFamilies = (): Family[] =>
  ['1', '5', '15'].map((minutes, index) => single('gauge', `node_load${minutes}`, `${minutes}m load average.`, loadavg()[index] ?? 0))
