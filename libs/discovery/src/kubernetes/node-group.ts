import type { TargetGroup } from '@clymene/model'

import { addMeta, addPairs, joinHostPort, labelName, metaLabels, PREFIX, type MetaLabels } from './meta-labels.ts'
import type { Node } from './node.ts'

/** First come, first taken. */
const ADDRESS_TYPES = ['InternalIP', 'InternalDNS', 'ExternalIP', 'ExternalDNS', 'LegacyHostIP', 'Hostname']

/** One target a node, its kubelet. A node without an address has none. */
export function nodeGroup(node: Node): TargetGroup {
  const source = `node/${node.name}`
  const host = ADDRESS_TYPES.map((type) => firstOf(node, type)).find((address) => address !== undefined)
  if (host === undefined) return { source, targets: [], labels: new Map() }
  const labels = metaLabels(['node_provider_id', node.providerId])
  addMeta(labels, 'node', node)
  const target = new Map([
    ['__address__', joinHostPort(host, node.kubeletPort)],
    ['instance', node.name],
  ])
  for (const { type } of node.addresses) target.set(labelName('node_address_', type), firstOf(node, type) ?? '')
  return { source, targets: [target], labels }
}

/** What `attach_metadata: {node: true}` adds: the name and the labels of the node, not its annotations. */
export function addNodeLabels(labels: MetaLabels, node: Node | undefined): void {
  if (node === undefined) return
  labels.set(`${PREFIX}node_name`, node.name)
  addPairs(labels, 'node_label', node.labels)
}

const firstOf = ({ addresses }: Node, type: string): string | undefined => addresses.find((one) => one.type === type)?.address
