import type { TargetGroup } from '@clymene/model'

import { addMeta, joinHostPort, labelName, metaLabels } from './meta-labels.ts'
import type { Node } from './node.ts'

/** First come, first taken. */
const ADDRESS_TYPES = ['InternalIP', 'InternalDNS', 'ExternalIP', 'ExternalDNS', 'LegacyHostIP', 'Hostname']

/** One target a node, its kubelet. A node without an address has none. */
export function nodeGroup(node: Node): TargetGroup {
  const source = `node/${node.name}`
  const host = ADDRESS_TYPES.map((type) => firstOf(node, type)).find((address) => address !== undefined)
  if (host === undefined) return { source, targets: [], labels: new Map() }
  const labels = metaLabels(['node_provider_id', node.providerId])
  for (const { type, status } of node.conditions)
    if (status !== '') labels.set(labelName('node_condition_', type.toLowerCase()), status.toLowerCase())
  addMeta(labels, 'node', node)
  const target = new Map([
    ['__address__', joinHostPort(host, node.kubeletPort)],
    ['instance', node.name],
  ])
  for (const { type } of node.addresses) target.set(labelName('node_address_', type), firstOf(node, type) ?? '')
  return { source, targets: [target], labels }
}

const firstOf = ({ addresses }: Node, type: string): string | undefined => addresses.find((one) => one.type === type)?.address
