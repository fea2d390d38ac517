import { machine } from 'node:os'
import { join } from 'node:path'

import type { Collector, Family } from './family.ts'
import { readText } from './proc-file.ts'

export type Uname = {
  readonly domainname: string
  readonly machine: string
  readonly nodename: string
  readonly release: string
  readonly sysname: string
  readonly version: string
}

export const unameFamily = ({ domainname, machine: architecture, nodename, release, sysname, version }: Uname): Family => ({
  name: 'node_uname_info',
  type: 'gauge',
  help: 'Labeled system information as provided by the uname system call.',
  samples: [
    {
      labels: [
        ['domainname', domainname],
        ['machine', architecture],
        ['nodename', nodename],
        ['release', release],
        ['sysname', sysname],
        ['version', version],
      ],
      value: 1,
    },
  ],
})

/** What uname(2) answers, from /proc/sys/kernel. */
export const uname: Collector = {
  name: 'uname',
  collect: async ({ proc }) => {
    const files = ['domainname', 'hostname', 'osrelease', 'ostype', 'version'].map((file) => readText(join(proc, 'sys/kernel', file)))
    const [domainname = '', nodename = '', release = '', sysname = '', version = ''] = (await Promise.all(files)).map((text) => text.trim())
    return [unameFamily({ domainname, machine: machine(), nodename, release, sysname, version })]
  },
}
