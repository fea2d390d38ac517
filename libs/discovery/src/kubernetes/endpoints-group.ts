import { addNamespaceLabels, addNodeLabels, type Attach } from './attach.ts'
import { createBackingPods } from './backing-pods.ts'
import type { EndpointAddress, Endpoints } from './endpoints.ts'
import { useOf, type GroupMade, type Lookup } from './lookup.ts'
import { addMeta, joinHostPort, metaLabels } from './meta-labels.ts'
import { uncoveredTargets } from './pod-group.ts'
import { serviceLabels } from './service-group.ts'

/** One target an address and port, with the labels of service and pod; then the other ports of these pods. */
export function endpointsGroup(endpoints: Endpoints, attach: Attach, lookup: Lookup): GroupMade {
  const { namespace, name } = endpoints
  const service = lookup('services', namespace, name)
  const labels = service === undefined ? metaLabels(['namespace', namespace]) : serviceLabels(service)
  addMeta(labels, 'endpoints', endpoints)
  const ofNamespace = addNamespaceLabels(labels, attach, lookup, namespace)
  const pods = createBackingPods(attach, lookup)

  const targetOf = (address: EndpointAddress, port: { readonly name: string; readonly number: number; readonly protocol: string }) => {
    const target = metaLabels(
      ['endpoint_port_name', port.name],
      ['endpoint_port_protocol', port.protocol],
      ['endpoint_ready', String(address.isReady)],
      ['endpoint_address_target_kind', address.targetRef?.kind],
      ['endpoint_address_target_name', address.targetRef?.name],
      ['endpoint_node_name', address.nodeName],
      ['endpoint_hostname', address.hostname],
    ).set('__address__', joinHostPort(address.ip, port.number))
    if (attach.node) addNodeLabels(target, lookup, nodeOf(address))
    pods.cover(target, address.targetRef, port)
    return target
  }

  const targets = endpoints.subsets.flatMap(({ ports, addresses }) =>
    ports.flatMap((port) => addresses.map((address) => targetOf(address, port))),
  )
  const nodes = attach.node ? endpoints.subsets.flatMap(({ addresses }) => addresses.map(nodeOf)) : []
  return {
    group: { source: `endpoints/${namespace}/${name}`, labels, targets: [...targets, ...uncoveredTargets(pods.found())] },
    uses: [
      useOf('services', namespace, name),
      ...ofNamespace,
      ...pods.uses(),
      ...nodes.filter(Boolean).map((node) => useOf('nodes', '', node)),
    ],
  }
}

const nodeOf = ({ nodeName, targetRef }: EndpointAddress): string =>
  nodeName === '' && targetRef?.kind === 'Node' ? targetRef.name : nodeName
