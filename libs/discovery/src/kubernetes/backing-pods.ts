import { addWorkloadLabels, type Attach } from './attach.ts'
import type { TargetRef } from './endpoints.ts'
import { useOf, type Lookup } from './lookup.ts'
import type { MetaLabels } from './meta-labels.ts'
import { addContainerOfPort, podLabels, type BackingPod, type EndpointPort } from './pod-group.ts'

export type BackingPods = {
  /** Adds the labels of the pod, if it is one, to the target of its endpoint. */
  readonly cover: (target: MetaLabels, reference: TargetRef | undefined, port: EndpointPort) => void
  readonly found: () => Iterable<BackingPod>
  /** All that was asked for. */
  readonly uses: () => Iterable<string>
}

/** The pods behind the endpoints of one object, and which of their ports these lead to. */
export function createBackingPods(attach: Attach, lookup: Lookup): BackingPods {
  const pods = new Map<string, BackingPod>()
  const uses = new Set<string>()

  const open = (use: string, { namespace, name }: TargetRef): BackingPod | undefined => {
    const pod = lookup('pods', namespace, name)
    if (pod === undefined) return undefined
    const labels = podLabels(pod)
    for (const one of addWorkloadLabels(labels, attach, lookup, pod)) uses.add(one)
    const backing = { pod, labels, coveredPorts: new Set<number>() }
    pods.set(use, backing)
    return backing
  }

  return {
    cover: (target, reference, port) => {
      if (reference?.kind !== 'Pod') return
      const use = useOf('pods', reference.namespace, reference.name)
      uses.add(use)
      const backing = pods.get(use) ?? open(use, reference)
      if (backing === undefined) return
      for (const [name, value] of backing.labels) target.set(name, value)
      addContainerOfPort(target, backing.pod, port)
      if (port.number !== undefined) backing.coveredPorts.add(port.number)
    },
    found: () => pods.values(),
    uses: () => uses,
  }
}
