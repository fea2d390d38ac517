import type { TargetGroup } from '@clymene/model'

import { addNamespaceLabels, addNodeLabels, addWorkloadLabels, ATTACH_KEYS, type Attach } from './attach.ts'
import { useOf, type GroupMade, type Lookup } from './lookup.ts'
import { addMeta, bracketed, joinHostPort, metaLabels, PREFIX, type MetaLabels } from './meta-labels.ts'
import type { Container, ContainerPort, Pod } from './pod.ts'

/** One target a port of each container; a container without ports has one without a port. A pod without an address has none. */
export function podGroup(pod: Pod, attach: Attach, lookup: Lookup): GroupMade {
  const source = `pod/${pod.namespace}/${pod.name}`
  const nothing: TargetGroup = { source, targets: [], labels: new Map() }
  if (pod.podIp === '') return { group: nothing, uses: [] }
  const targets = once(targetsOfPods, pod, () => pod.containers.flatMap((container) => containerTargets(pod, container)))
  if (!ATTACH_KEYS.some((key) => attach[key])) return { group: { source, targets, labels: once(labelsOfPods, pod, ownLabels) }, uses: [] }
  const labels = ownLabels(pod)
  const ofNode = attach.node && pod.nodeName !== '' ? [useOf('nodes', '', pod.nodeName)] : []
  // A selector of nodes is one of pods as well: what runs on another node, or on none yet, is not there.
  if (attach.node && !addNodeLabels(labels, lookup, pod.nodeName)) return { group: nothing, uses: ofNode }
  const ofNamespace = addNamespaceLabels(labels, attach, lookup, pod.namespace)
  return { group: { source, targets, labels }, uses: [...ofNode, ...ofNamespace, ...addWorkloadLabels(labels, attach, lookup, pod)] }
}

/** Several jobs mostly look at the same pods: labels of 10,000 are 24 MB. */
const targetsOfPods = new WeakMap<Pod, TargetGroup['targets']>()
const labelsOfPods = new WeakMap<Pod, MetaLabels>()

function once<T>(known: WeakMap<Pod, T>, pod: Pod, make: (pod: Pod) => T): T {
  const value = known.get(pod) ?? make(pod)
  known.set(pod, value)
  return value
}

const ownLabels = (pod: Pod): MetaLabels => podLabels(pod).set(`${PREFIX}namespace`, pod.namespace)

/** Without the namespace, which is also that of whatever leads to a pod. */
export function podLabels(pod: Pod): MetaLabels {
  const labels = metaLabels(
    ['pod_ip', pod.podIp],
    ['pod_ready', pod.ready],
    ['pod_phase', pod.phase],
    ['pod_node_name', pod.nodeName],
    ['pod_host_ip', pod.hostIp],
    ['pod_uid', pod.uid],
    ['pod_controller_kind', pod.controller?.kind],
    ['pod_controller_name', pod.controller?.name],
  )
  addMeta(labels, 'pod', pod)
  return labels
}

function containerTargets(pod: Pod, container: Container): TargetGroup['targets'] {
  const target = (address: string, port?: ContainerPort) => containerLabels(container, port).set('__address__', address)
  if (container.ports.length === 0) return [target(bracketed(pod.podIp))]
  return container.ports.map((port) => target(joinHostPort(pod.podIp, port.number), port))
}

export const containerLabels = (container: Container, port?: ContainerPort): MetaLabels =>
  metaLabels(
    ['pod_container_name', container.name],
    ['pod_container_id', container.id],
    ['pod_container_image', container.image],
    ['pod_container_init', String(container.isInit)],
    ...portLabels(port),
  )

const portLabels = (port: ContainerPort | undefined): readonly (readonly [string, string])[] =>
  port === undefined
    ? []
    : [
        ['pod_container_port_name', port.name],
        ['pod_container_port_number', String(port.number)],
        ['pod_container_port_protocol', port.protocol],
      ]

/** A pod whose ports some endpoints lead to; `labels` are those of every target that is one of its ports. */
export type BackingPod = { readonly pod: Pod; readonly labels: MetaLabels; readonly coveredPorts: Set<number> }

/** A port that an endpoint leads to. */
export type EndpointPort = {
  readonly number: number | undefined
  /** What the labels of the container's port say instead of its own. */
  readonly protocol?: string
}

/** The container that has the port of an endpoint, as labels. The last one that has it counts. */
export function addContainerOfPort(labels: MetaLabels, pod: Pod, { number, protocol }: EndpointPort): void {
  for (const container of pod.containers) {
    const port = container.ports.find((one) => one.number === number)
    if (port !== undefined) addContainerPort(labels, container, { ...port, protocol: protocol ?? port.protocol })
  }
}

/** Targets for the ports of pods that no endpoint leads to. */
export const uncoveredTargets = (pods: Iterable<BackingPod>): TargetGroup['targets'] =>
  [...pods]
    .filter(({ pod }) => pod.podIp !== '')
    .flatMap(({ pod, labels: ofPod, coveredPorts }) =>
      pod.containers.flatMap((container) =>
        container.ports
          .filter(({ number }) => !coveredPorts.has(number))
          .map((port) => {
            const labels = new Map(ofPod)
            addContainerPort(labels, container, port)
            return labels.set('__address__', joinHostPort(pod.podIp, port.number))
          }),
      ),
    )

function addContainerPort(labels: MetaLabels, container: Container, port: ContainerPort): void {
  const found = metaLabels(
    ['pod_container_name', container.name],
    ['pod_container_image', container.image],
    ['pod_container_init', String(container.isInit)],
    ...portLabels(port),
  )
  for (const [name, value] of found) labels.set(name, value)
}
