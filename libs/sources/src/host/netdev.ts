import { join } from 'node:path'

import type { Collector, Family } from './family.ts'
import { linesOf, numberIn, readText, readTextIfAny, wordsOf } from './proc-file.ts'

const COLUMNS = [
  ...['bytes', 'packets', 'errs', 'drop', 'fifo', 'frame', 'compressed', 'multicast'].map((name) => `receive_${name}`),
  ...['bytes', 'packets', 'errs', 'drop', 'fifo', 'colls', 'carrier', 'compressed'].map((name) => `transmit_${name}`),
]

/** Device and columns of /proc/net/dev, without the loopback (Debian's default). @see proc_pid_net(5) */
export function parseNetDev(netDev: string): ReadonlyMap<string, readonly number[]> {
  return new Map(
    linesOf(netDev)
      .slice(2)
      .map((line): [string, number[]] => {
        const colon = line.lastIndexOf(':')
        const device = line.slice(0, colon).trim()
        const numbers = wordsOf(line.slice(colon + 1)).map((word) => numberIn(word, `/proc/net/dev ${device}`))
        if (numbers.length !== COLUMNS.length)
          throw new Error(`/proc/net/dev ${device}: expected ${COLUMNS.length} columns, found ${numbers.length}`)
        return [device, numbers]
      })
      .filter(([device]) => device !== 'lo'),
  )
}

export function netdevFamilies(devices: ReadonlyMap<string, readonly number[]>, noHandler: ReadonlyMap<string, number>): Family[] {
  const family = (statistic: string, values: readonly (readonly [device: string, value: number])[]): Family => ({
    name: `node_network_${statistic}_total`,
    type: 'counter',
    help: `Network device statistic ${statistic}.`,
    samples: values.map(([device, value]) => ({ labels: [['device', device]], value })),
  })
  const families = COLUMNS.map((statistic, column) =>
    family(
      statistic,
      [...devices].map(([device, numbers]) => [device, numbers[column] ?? 0]),
    ),
  )
  if (noHandler.size > 0) families.push(family('receive_nohandler', [...noHandler]))
  return families
}

export const netdev: Collector = {
  name: 'netdev',
  collect: async ({ proc, sys }) => {
    const devices = parseNetDev(await readText(join(proc, 'net/dev')))
    const noHandler = new Map<string, number>()
    for (const device of devices.keys()) {
      const text = await readTextIfAny(join(sys, 'class/net', device, 'statistics/rx_nohandler'))
      if (text !== undefined) noHandler.set(device, numberIn(text, `rx_nohandler of ${device}`))
    }
    return netdevFamilies(devices, noHandler)
  },
}
