import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { Collector, Family, FamilySample } from './family.ts'
import { readTextIfAny } from './proc-file.ts'

/** What /sys/class/net/<device> says; absent when the file is, or says nothing now. */
export type NetDevice = { readonly device: string; readonly files: ReadonlyMap<string, string> }

const INFO_FILES = ['address', 'broadcast', 'duplex', 'ifalias', 'operstate'] as const
/** File, property, factor. A property that ends with _total is a counter. */
const NUMBERS = [
  ['addr_assign_type', 'address_assign_type', 1],
  ['carrier', 'carrier', 1],
  ['carrier_changes', 'carrier_changes_total', 1],
  ['carrier_down_count', 'carrier_down_changes_total', 1],
  ['carrier_up_count', 'carrier_up_changes_total', 1],
  ['dev_id', 'device_id', 1],
  ['dormant', 'dormant', 1],
  ['flags', 'flags', 1],
  ['ifindex', 'iface_id', 1],
  ['iflink', 'iface_link', 1],
  ['link_mode', 'iface_link_mode', 1],
  ['mtu', 'mtu_bytes', 1],
  ['name_assign_type', 'name_assign_type', 1],
  ['netdev_group', 'net_dev_group', 1],
  // Megabit per second; -1 is unknown.
  ['speed', 'speed_bytes', 125_000],
  ['tx_queue_len', 'transmit_queue_length', 1],
  ['type', 'protocol_type', 1],
] as const
const FILES = [...INFO_FILES, ...NUMBERS.map(([file]) => file)]

/** State, speed and names of network devices. */
export function netclassFamilies(devices: readonly NetDevice[]): Family[] {
  const up = devices.map(({ device, files }): FamilySample => ({
    labels: [['device', device]],
    value: files.get('operstate') === 'up' ? 1 : 0,
  }))
  const info = devices.map(({ device, files }): FamilySample => {
    const value = (file: string): string => files.get(file) ?? ''
    return {
      labels: [
        ['address', value('address')],
        ['broadcast', value('broadcast')],
        ['device', device],
        ['duplex', value('duplex')],
        ['ifalias', value('ifalias')],
        ['operstate', value('operstate')],
      ],
      value: 1,
    }
  })
  const numbers = NUMBERS.map(([file, property, factor]): Family => ({
    name: `node_network_${property}`,
    type: property.endsWith('_total') ? 'counter' : 'gauge',
    help: `Network device property: ${property}`,
    samples: devices.flatMap(({ device, files }) => {
      const text = files.get(file)
      return text === undefined || !/^(?:-?\d+|0x[\da-f]+)$/.test(text)
        ? []
        : [{ labels: [['device', device]] as const, value: Number(text) * factor }]
    }),
  }))
  const families: Family[] = [
    { name: 'node_network_up', type: 'gauge', help: "Value is 1 if operstate is 'up', 0 otherwise.", samples: up },
    { name: 'node_network_info', type: 'gauge', help: 'Non-numeric data from /sys/class/net/<iface>, value is always 1.', samples: info },
    ...numbers,
  ]
  return families.filter(({ samples }) => samples.length > 0)
}

export const netclass: Collector = {
  name: 'netclass',
  collect: async ({ sys }) => {
    const folder = join(sys, 'class/net')
    const found: NetDevice[] = []
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      // bonding_masters is a plain file.
      if (!entry.isSymbolicLink() && !entry.isDirectory()) continue
      const texts = await Promise.all(FILES.map(async (file) => [file, await readTextIfAny(join(folder, entry.name, file))] as const))
      const files = new Map(texts.flatMap(([file, text]) => (text === undefined ? [] : [[file, text]])))
      found.push({ device: entry.name, files })
    }
    return netclassFamilies(found)
  },
}
