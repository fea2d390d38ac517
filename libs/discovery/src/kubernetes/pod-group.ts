import type { TargetGroup } from '@clymene/model'

import { useOf, type GroupMade, type Lookup } from './lookup.ts'
import { addMeta, bracketed, joinHostPort, metaLabels, type MetaLabels } from './meta-labels.ts'
import { addNodeLabels } from './node-group.ts'
import type { Container, ContainerPort, Pod } from './pod.ts'

/** One target a port of each container; a container without ports has one without a port. A pod without an address has none. */
export function podGroup(pod: Pod, attachNode: boolean, lookup: Lookup): GroupMade {
  const plain = known.get(pod) ?? plainGroup(pod)
  known.set(pod, plain)
  if (!attachNode || pod.nodeName === '') return { group: plain, uses: [] }
  const labels = new Map(plain.labels)
  addNodeLabels(labels, lookup('nodes', '', pod.nodeName))
  return { group: { ...plain, labels }, uses: [useOf('nodes', '', pod.nodeName)] }
}

/** Several jobs mostly look at the same pods: 10,000 groups are 23 MB. */
const known = new WeakMap<Pod, TargetGroup>()

function plainGroup(pod: Pod): TargetGroup {
  const source = `pod/${pod.namespace}/${pod.name}`
  if (pod.podIp === '') return { source, targets: [], labels: new Map() }
  return { source, labels: podLabels(pod), targets: pod.containers.flatMap((container) => containerTargets(pod, container)) }
}

export function podLabels(pod: Pod): MetaLabels {
  const labels = metaLabels(
    ['namespace', pod.namespace],
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
  const target = (address: string, port?: ContainerPort) =>
    metaLabels(
      ['pod_container_name', container.name],
      ['pod_container_id', container.id],
      ['pod_container_image', container.image],
      ['pod_container_init', String(container.isInit)],
      ...portLabels(port),
    ).set('__address__', address)
  if (container.ports.length === 0) return [target(bracketed(pod.podIp))]
  return container.ports.map((port) => target(joinHostPort(pod.podIp, port.number), port))
}

const portLabels = (port: ContainerPort | undefined): readonly (readonly [string, string])[] =>
  port === undefined
    ? []
    : [
        ['pod_container_port_name', port.name],
        ['pod_container_port_number', String(port.number)],
        ['pod_container_port_protocol', port.protocol],
      ]

/** A pod whose ports some endpoints lead to. */
export type BackingPod = { readonly pod: Pod; readonly coveredPorts: Set<number> }

/** The container that has the port of an endpoint, as labels. The last one that has it counts. */
export function addContainerOfPort(labels: MetaLabels, pod: Pod, number: number | undefined): void {
  for (const container of pod.containers) {
    const port = container.ports.find((one) => one.number === number)
    if (port !== undefined) addContainerPort(labels, container, port)
  }
}

/** Targets for the ports of pods that no endpoint leads to. */
export const uncoveredTargets = (pods: Iterable<BackingPod>): TargetGroup['targets'] =>
  [...pods]
    .filter(({ pod }) => pod.podIp !== '')
    .flatMap(({ pod, coveredPorts }) =>
      pod.containers.flatMap((container) =>
        container.ports
          .filter(({ number }) => !coveredPorts.has(number))
          .map((port) => {
            const labels = podLabels(pod)
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
