import { containerLabels, podLabels } from '../kubernetes/pod-group.ts'
import type { Pod } from '../kubernetes/pod.ts'

type Labels = readonly (readonly [name: string, value: string])[]

/** What the API server knows of a pod, as the labels of the role `pod`. */
export type PodDescription = {
  readonly labels: Labels
  /** By name of the container. */
  readonly containers: readonly (readonly [name: string, labels: Labels])[]
}

/** The same one as long as the pod is. */
export function describePod(pod: Pod): PodDescription {
  const description = descriptions.get(pod) ?? {
    labels: [...podLabels(pod)],
    containers: pod.containers.map((container) => [container.name, [...containerLabels(container)]] as const),
  }
  descriptions.set(pod, description)
  return description
}

/** All pods of a node are looked at whenever one of them changes. */
const descriptions = new WeakMap<Pod, PodDescription>()
