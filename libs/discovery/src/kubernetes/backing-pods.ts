import type { TargetRef } from './endpoints.ts'
import { useOf, type Lookup } from './lookup.ts'
import type { MetaLabels } from './meta-labels.ts'
import { addContainerOfPort, podLabels, type BackingPod } from './pod-group.ts'

export type BackingPods = {
  /** Adds the labels of the pod, if it is one, to the target of its endpoint. */
  readonly cover: (target: MetaLabels, reference: TargetRef | undefined, port: number | undefined) => void
  readonly found: () => Iterable<BackingPod>
  /** All pods that were asked for. */
  readonly uses: () => Iterable<string>
}

/** The pods behind the endpoints of one object, and which of their ports these lead to. */
export function createBackingPods(lookup: Lookup): BackingPods {
  const pods = new Map<string, BackingPod>()
  const uses = new Set<string>()
  return {
    cover: (target, reference, port) => {
      if (reference?.kind !== 'Pod') return
      const use = useOf('pods', reference.namespace, reference.name)
      uses.add(use)
      const pod = lookup('pods', reference.namespace, reference.name)
      if (pod === undefined) return
      const backing = pods.get(use) ?? { pod, coveredPorts: new Set() }
      pods.set(use, backing)
      for (const [name, value] of podLabels(pod)) target.set(name, value)
      addContainerOfPort(target, pod, port)
      if (port !== undefined) backing.coveredPorts.add(port)
    },
    found: () => pods.values(),
    uses: () => uses,
  }
}
