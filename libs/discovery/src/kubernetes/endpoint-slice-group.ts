import { addNamespaceLabels, addNodeLabels, type Attach } from './attach.ts'
import { createBackingPods } from './backing-pods.ts'
import type { EndpointSlice, SliceEndpoint, SlicePort } from './endpoint-slice.ts'
import { useOf, type GroupMade, type Lookup } from './lookup.ts'
import { addMeta, joinHostPort, labelName, metaLabels } from './meta-labels.ts'
import { uncoveredTargets } from './pod-group.ts'
import { serviceLabels } from './service-group.ts'

/** The label that says which service a slice belongs to. */
const SERVICE_NAME = 'kubernetes.io/service-name'

/** One target an address and port, with the labels of service and pod; then the other ports of these pods. */
export function endpointSliceGroup(slice: EndpointSlice, attach: Attach, lookup: Lookup): GroupMade {
  const { namespace, name } = slice
  const serviceName = slice.labels.find(([label]) => label === SERVICE_NAME)?.[1]
  const service = serviceName === undefined ? undefined : lookup('services', namespace, serviceName)
  const labels = service === undefined ? metaLabels(['namespace', namespace]) : serviceLabels(service)
  for (const [label, value] of metaLabels(['endpointslice_address_type', slice.addressType])) labels.set(label, value)
  addMeta(labels, 'endpointslice', slice)
  const ofNamespace = addNamespaceLabels(labels, attach, lookup, namespace)
  const pods = createBackingPods(attach, lookup)

  const targetOf = (endpoint: SliceEndpoint, port: SlicePort, address: string) => {
    const target = endpointLabels(endpoint, port).set(
      '__address__',
      port.number === undefined ? address : joinHostPort(address, port.number),
    )
    if (attach.node) addNodeLabels(target, lookup, nodeOf(endpoint))
    pods.cover(target, endpoint.targetRef, { number: port.number })
    return target
  }

  // The other slices of a service with both address families lead to the same pods.
  const isSecond = service !== undefined && service.primaryFamily !== '' && service.primaryFamily !== slice.addressType
  const endpoints = isSecond ? [] : slice.endpoints
  const targets = endpoints.flatMap((endpoint) =>
    slice.ports.flatMap((port) => endpoint.addresses.map((address) => targetOf(endpoint, port, address))),
  )
  const nodes = attach.node ? endpoints.map(nodeOf).filter(Boolean) : []
  return {
    group: { source: `endpointslice/${namespace}/${name}`, labels, targets: [...targets, ...uncoveredTargets(pods.found())] },
    uses: [
      ...(serviceName === undefined ? [] : [useOf('services', namespace, serviceName)]),
      ...ofNamespace,
      ...pods.uses(),
      ...nodes.map((node) => useOf('nodes', '', node)),
    ],
  }
}

const nodeOf = ({ targetRef, nodeName }: SliceEndpoint): string => (targetRef?.kind === 'Node' ? targetRef.name : nodeName)

function endpointLabels({ conditions, targetRef, ...endpoint }: SliceEndpoint, port: SlicePort) {
  const labels = metaLabels(
    ['endpointslice_port_name', port.name],
    ['endpointslice_port_protocol', port.protocol],
    ['endpointslice_port_app_protocol', port.appProtocol],
    ['endpointslice_port', port.number?.toString()],
    ['endpointslice_endpoint_conditions_ready', conditions.ready?.toString()],
    ['endpointslice_endpoint_conditions_serving', conditions.serving?.toString()],
    ['endpointslice_endpoint_conditions_terminating', conditions.terminating?.toString()],
    ['endpointslice_endpoint_hostname', endpoint.hostname],
    ['endpointslice_endpoint_node_name', endpoint.nodeName],
    ['endpointslice_endpoint_zone', endpoint.zone],
    ['endpointslice_address_target_kind', targetRef?.kind],
    ['endpointslice_address_target_name', targetRef?.name],
  )
  for (const [name, value] of endpoint.topology) {
    if (value !== '') labels.set(labelName('endpointslice_endpoint_topology_', name), value)
    labels.set(labelName('endpointslice_endpoint_topology_present_', name), 'true')
  }
  return labels
}
